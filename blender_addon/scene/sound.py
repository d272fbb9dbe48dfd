# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound as samples: a strip of the sequencer as it is heard, or a file."""

from __future__ import annotations

import contextlib
import functools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError

from . import decoder, decoding
from .context import seconds
from .decoder import RATE
from .strip_alone import alone, write_block, write_strip


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
        return len(self.samples) / RATE


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


def is_retimed(strip: Any) -> bool:
    """Whether a strip's speed was changed."""
    return len(getattr(strip, "retiming_keys", ())) > 0


def unread_strip(scene: bpy.types.Scene, strip: Any) -> decoding.Unread | None:
    """What `read_strip` would take long to read; None where it takes no time."""
    if strip.sound is None:
        return None
    if not is_retimed(strip):
        return unread_sound(strip.sound)
    write = functools.partial(write_strip, scene, strip, *strip_range(strip))
    return decoding.Unread(_retimed_key(strip), strip.name, write=write)


def unread_sound(sound: bpy.types.Sound) -> decoding.Unread | None:
    """What `read_part` would take long to read; a packed sound does, since its length is not known."""
    if sound.packed_file is None:
        return decoding.unread_file(_file_of(sound))
    write = functools.partial(write_block, sound)
    return decoding.Unread(_packed_key(sound), sound.name, write=write)


def read_strip(scene: bpy.types.Scene, strip: Any) -> HeardSound:
    """What is heard of a strip: trim, offset and speed are honoured, a packed file is read from the .blend.

    Raises:
        AqgtError: the file is missing or unreadable, or nothing is left of the strip.
    """
    first, last = strip_range(strip)
    start, length = seconds(scene, first), seconds(scene, last - first)
    if is_retimed(strip):
        samples = _mixdown(scene, strip)
    else:
        samples = cut(_whole(strip.sound), start - strip_origin(scene, strip), length)
    if not len(samples):
        raise _nothing_left(strip)
    return HeardSound(samples, start, strip.name)


def strip_times(scene: bpy.types.Scene, strip: Any) -> tuple[float, float]:
    """Start on the timeline and length of what `read_strip` gives, in seconds, without decoding it.

    Raises:
        AqgtError: the file is missing or unreadable, or nothing is left of the strip.
    """
    first, last = strip_range(strip)
    length = round(seconds(scene, last - first) * RATE) / RATE
    if strip.sound.packed_file is None:
        file_seconds(_file_of(strip.sound))
    if length <= 0:
        raise _nothing_left(strip)
    return seconds(scene, first), length


def file_seconds(path: Path) -> float:
    """How long a sound file is, by its header; of a format whose header does not say it, by its samples.

    Raises:
        AqgtError: it is missing, unreadable or holds no samples.
    """
    _check_file(path)
    with _readable(path):
        found = decoder.seconds_of(str(path))
    return found if found > 0 else len(decode(path)) / RATE


def read_part(sound: bpy.types.Sound, skipped: float, length: float) -> NDArray[np.float32]:
    """``length`` seconds of a sound data-block from ``skipped`` seconds on; it may be packed.

    Raises:
        AqgtError: its file is missing or unreadable.
    """
    return cut(_whole(sound), skipped, length)


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
    _check_file(path)
    found = decoding.ready(decoding.file_key(path))
    if found is None:
        found = _decoded(path)
    if not found.size:
        raise AqgtError(
            "The audio holds no samples.", "Pick a sound strip or a file with sound.", "empty-audio"
        )
    return found


def _decoded(path: Path) -> NDArray[np.float32]:
    with _readable(path):
        return decoder.samples_of(str(path))


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise AqgtError(
            f"The sound file “{path}” is missing.", "Relink it or choose another one.", "no-sound"
        )


def _nothing_left(strip: Any) -> AqgtError:
    return AqgtError(f"Nothing is left of the strip “{strip.name}”.", "Extend its handles.", "empty-audio")


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Within: what `aud` says of a file that it cannot read becomes a sentence."""
    try:
        yield
    except ImportError:  # aud ships with Blender; some distributions leave it out
        raise AqgtError(
            "This build of Blender cannot read sound.", "Use a build with audio support.", "no-aud"
        ) from None
    except ValueError as error:
        raise AqgtError(
            f"“{path.name}” cannot be read as sound ({error}).",
            "Choose a WAV, FLAC, MP3 or OGG file.",
            "bad-audio",
        ) from None


def cut(samples: NDArray[np.float32], skipped: float, length: float) -> NDArray[np.float32]:
    """``length`` seconds from ``skipped`` seconds on; silence where the sound has none (also before 0)."""
    first, count = round(skipped * RATE), round(length * RATE)
    if first >= 0 and 0 <= count <= len(samples) - first:
        return samples[first : first + count]
    out = np.zeros(max(count, 0), dtype=np.float32)
    low, high = max(first, 0), min(first + count, len(samples))
    if high > low:
        out[low - first : high - first] = samples[low:high]
    return out


def _content_start(strip: Any) -> float:
    return strip.content_start if hasattr(strip, "content_start") else strip.frame_start


def _whole(sound: bpy.types.Sound) -> NDArray[np.float32]:
    """All of a sound data-block, packed or not."""
    if sound.packed_file is None:
        return decode(_file_of(sound))
    found = decoding.ready(_packed_key(sound))
    if found is not None:
        return found
    with tempfile.TemporaryDirectory(prefix="aqgt-") as folder:
        return decode(decoder.unpacked(sound, folder))


def _file_of(sound: bpy.types.Sound) -> Path:
    return Path(bpy.path.abspath(sound.filepath, library=sound.library))


def _packed_key(sound: Any) -> decoding.Key:
    return "packed", sound.session_uid, sound.packed_file.size


def _retimed_key(strip: Any) -> decoding.Key:
    keys = [key.timeline_frame for key in strip.retiming_keys]
    return "retimed", strip.name, strip.sound.session_uid, *strip_range(strip), *keys


def _mixdown(scene: bpy.types.Scene, strip: Any) -> NDArray[np.float32]:
    """A retimed strip through Blender's own mixer: the curve of its speed cannot be read from Python."""
    first, last = strip_range(strip)
    samples = decoding.ready(_retimed_key(strip))
    if samples is None:
        with alone(scene, strip, first, last) as copy:
            samples = decoder.mixed(copy)
        if samples is None:
            raise decoding.no_mixer(strip.name)
    return cut(samples, 0.0, seconds(scene, last - first))
