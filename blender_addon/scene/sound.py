# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound as samples: a strip of the sequencer as it is heard, or a file."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.protocol.messages import SAMPLE_RATE

from .context import seconds


@dataclass(frozen=True)
class HeardSound:
    """What is heard, and when.

    Attributes:
        samples: mono float32 at 16 kHz, `[N]`.
        start: time of the first sample on the timeline of the sequencer's scene, in seconds.
        name: of the strip or file, for people.
    """

    samples: NDArray[np.float32]
    start: float
    name: str

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / SAMPLE_RATE


def sound_strips(scene: bpy.types.Scene) -> list[Any]:
    """The sound strips of a scene's sequencer, those inside meta strips included."""
    editor = scene.sequence_editor
    if editor is None:
        return []
    return [strip for strip in getattr(*strip_collection(editor)) if strip.type == "SOUND"]


def strip_collection(editor: Any) -> tuple[Any, str]:
    """Where a sequencer keeps its strips, as the owner and the name of the collection."""
    return editor, "strips_all" if hasattr(editor, "strips_all") else "sequences_all"


def strip_range(strip: Any) -> tuple[float, float]:
    """First frame and the frame after the last of what is heard of a strip."""
    if hasattr(strip, "left_handle"):  # Blender 5.2 renames them and warns of the old names
        return strip.left_handle, strip.right_handle
    return strip.frame_final_start, strip.frame_final_end


def strip_origin(scene: bpy.types.Scene, strip: Any) -> float:
    """When the first sample of the strip's file is due on the timeline, trimmed or not, in seconds."""
    return seconds(scene, _content_start(strip)) + getattr(strip, "sound_offset", 0.0)


def read_strip(scene: bpy.types.Scene, strip: Any) -> HeardSound:
    """What is heard of a strip: trim, offset and speed are honoured, a packed file is read from the .blend.

    Raises:
        AqgtError: the file is missing or unreadable, or nothing is left of the strip.
    """
    first, last = strip_range(strip)
    start, length = seconds(scene, first), seconds(scene, last - first)
    if len(getattr(strip, "retiming_keys", ())):
        samples = _mixdown(scene, strip)
    else:
        with _sound_file(strip.sound) as path:
            whole = decode(path)
        samples = cut(whole, start - strip_origin(scene, strip), length)
    if not len(samples):
        raise AqgtError(f"Nothing is left of the strip “{strip.name}”.", "Extend its handles.", "empty-audio")
    return HeardSound(samples, start, strip.name)


def read_part(sound: bpy.types.Sound, skipped: float, length: float) -> NDArray[np.float32]:
    """``length`` seconds of a sound data-block from ``skipped`` seconds on; it may be packed.

    Raises:
        AqgtError: its file is missing or unreadable.
    """
    with _sound_file(sound) as path:
        return cut(decode(path), skipped, length)


def read_file(path: str) -> HeardSound:
    """A whole file, starting at 0 s.

    Raises:
        AqgtError: no file is given, it is missing or unreadable, or holds no samples.
    """
    if not path:
        raise AqgtError("No sound file is chosen.", "Choose one, or pick a strip.", "no-sound")
    file = Path(bpy.path.abspath(path))
    return HeardSound(decode(file), 0.0, file.name)


def decode(path: Path) -> NDArray[np.float32]:
    """A sound file as mono float32 at 16 kHz, `[N]`.

    Raises:
        AqgtError: it is missing, unreadable or holds no samples.
    """
    if not path.is_file():
        raise AqgtError(
            f"The sound file “{path}” is missing.", "Relink it or choose another one.", "no-sound"
        )
    try:
        import aud  # ships with Blender; some distributions leave it out
    except ImportError:
        raise AqgtError(
            "This build of Blender cannot read sound.", "Use a build with audio support.", "no-aud"
        ) from None
    file: Any = aud.Sound
    try:
        # data() of a file that cannot be read ends the whole process; asking for its format first does not.
        file(str(path)).specs  # noqa: B018
        data = file(str(path)).resample(SAMPLE_RATE).data()
    except aud.error as error:
        raise AqgtError(
            f"“{path.name}” cannot be read as sound ({error}).",
            "Choose a WAV, FLAC, MP3 or OGG file.",
            "bad-audio",
        ) from None
    if not data.size:
        raise AqgtError(
            "The audio holds no samples.", "Pick a sound strip or a file with sound.", "empty-audio"
        )
    # aud's own rechannel(1) adds the channels up, which makes stereo twice as loud.
    return np.ascontiguousarray(data.reshape(len(data), -1).mean(axis=1), dtype=np.float32)


def cut(samples: NDArray[np.float32], skipped: float, length: float) -> NDArray[np.float32]:
    """``length`` seconds from ``skipped`` seconds on; silence where the sound has none (also before 0)."""
    first, count = round(skipped * SAMPLE_RATE), round(length * SAMPLE_RATE)
    out = np.zeros(max(count, 0), dtype=np.float32)
    low, high = max(first, 0), min(first + count, len(samples))
    if high > low:
        out[low - first : high - first] = samples[low:high]
    return out


def _content_start(strip: Any) -> float:
    return strip.content_start if hasattr(strip, "content_start") else strip.frame_start


@contextlib.contextmanager
def _sound_file(sound: bpy.types.Sound) -> Iterator[Path]:
    if sound.packed_file is None:
        yield Path(bpy.path.abspath(sound.filepath, library=sound.library))
        return
    # aud reads files, not memory; the suffix tells it the format.
    with tempfile.TemporaryDirectory(prefix="aqgt-") as folder:
        path = Path(folder) / ("packed" + Path(sound.filepath).suffix)
        path.write_bytes(sound.packed_file.data)
        yield path


def _mixdown(scene: bpy.types.Scene, strip: Any) -> NDArray[np.float32]:
    """A retimed strip through Blender's own mixer: the curve of its speed cannot be read from Python."""
    first, last = strip_range(strip)
    with tempfile.TemporaryDirectory(prefix="aqgt-") as folder, _alone(scene, strip) as alone:
        path = Path(folder) / "retimed.wav"
        with bpy.context.temp_override(scene=alone):
            bpy.ops.sound.mixdown(
                filepath=str(path),
                container="WAV",
                codec="PCM",
                format="F32",
                accuracy=128,  # samples between two looks at the speed; Blender's 1024 begin 64 ms late
                mixrate=SAMPLE_RATE,
                channels="MONO",
            )
        if not path.is_file():
            raise AqgtError(
                f"This build of Blender cannot mix down the retimed strip “{strip.name}”.",
                "Reset its retiming, or render the sound to a file and use that.",
                "no-mixdown",
            )
        return cut(decode(path), 0.0, seconds(scene, last - first))


@contextlib.contextmanager
def _alone(scene: bpy.types.Scene, strip: Any) -> Iterator[bpy.types.Scene]:
    """A copy of the scene in which this strip is heard alone and begins at frame 1; removed afterwards.

    Where a retimed strip begins later, Blender's mixer finds no speed for the frames before it, and now and
    then divides by zero, which ends the process (seen on 4.5.15 and 5.0.1).
    """
    first, last = strip_range(strip)
    copy = scene.copy()
    try:
        top = next(one for one in sound_strips(copy) if one.name == strip.name)
        for other in sound_strips(copy):
            other.mute = other.name != strip.name
        while (parent := top.parent_meta()) is not None:
            top = parent
        top.frame_start += 1 - first
        copy.frame_start, copy.frame_end = 1, 1 + int(last - first)
        yield copy
    finally:
        bpy.data.scenes.remove(copy)
