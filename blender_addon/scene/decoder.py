# SPDX-License-Identifier: GPL-3.0-or-later
"""Sounds as samples, by the aud module and the mixer that ship with Blender.

Also a script, for a Blender of its own: `blender -b --python decoder.py -- sound.wav samples.f32`; instead of
the sound it takes a .blend that holds a packed one, or a scene to be mixed. It uses nothing else of the
extension for that reason.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import bpy  # as a module, Blender has aud only once it is imported itself
import numpy as np
from numpy.typing import NDArray

RATE = 16000
"""Samples per second, as the engine wants them."""
NO_MIXER = 3
"""What the script ends with where this build of Blender cannot mix."""


def samples_of(path: str) -> NDArray[np.float32]:
    """Mono float32 at 16 kHz, `[N]`; may be empty.

    Raises:
        ImportError: this build of Blender has no aud.
        ValueError: it is no sound.
    """
    import aud

    file: Any = aud.Sound
    try:
        # data() of a file that cannot be read ends the whole process; asking for its format first does not.
        file(path).specs  # noqa: B018
        data = file(path).resample(RATE).data()
    except aud.error as error:
        raise ValueError(str(error)) from None
    if not data.size:
        return np.zeros(0, np.float32)
    # aud's own rechannel(1) adds the channels up, which makes stereo twice as loud.
    return np.ascontiguousarray(data.reshape(len(data), -1).mean(axis=1), dtype=np.float32)


def seconds_of(path: str) -> float:
    """How long a sound is, by its header.

    Raises:
        ImportError: this build of Blender has no aud.
        ValueError: it is no sound.
    """
    import aud

    file: Any = aud.Sound
    try:
        sound = file(path)
        return float(sound.length / sound.specs[0])
    except aud.error as error:
        raise ValueError(str(error)) from None


def unpacked(sound: bpy.types.Sound, folder: str) -> Path:
    """A packed sound as a file: aud reads no memory, and the suffix tells it the format."""
    path = Path(folder) / ("packed" + Path(sound.filepath).suffix)
    packed: Any = sound.packed_file
    path.write_bytes(packed.data)
    return path


def mixed(scene: bpy.types.Scene) -> NDArray[np.float32] | None:
    """What is heard of a scene, as `samples_of` gives it; None where this build of Blender cannot mix."""
    with tempfile.TemporaryDirectory(prefix="aqgt-") as folder, bpy.context.temp_override(scene=scene):
        path = Path(folder) / "mixed.wav"
        bpy.ops.sound.mixdown(
            filepath=str(path),
            container="WAV",
            codec="PCM",
            format="F32",
            accuracy=128,  # samples between two looks at the speed; Blender's 1024 begin 64 ms late
            mixrate=RATE,
            channels="MONO",
        )
        try:
            return samples_of(str(path)) if path.is_file() else None
        except ValueError:  # a build without a writer leaves an empty file
            return None


def _main(source: str, target: str) -> int:
    if Path(source).suffix != ".blend":
        samples_of(source).tofile(target)
        return 0
    libraries: Any = bpy.data.libraries
    with libraries.load(source) as (found, wanted):
        wanted.scenes, wanted.sounds = found.scenes, found.sounds
    # Blender has put the data-blocks in the place of their names.
    if wanted.scenes:
        samples = mixed(wanted.scenes[0])
    else:
        with tempfile.TemporaryDirectory(prefix="aqgt-") as folder:
            samples = samples_of(str(unpacked(wanted.sounds[0], folder)))
    if samples is None:
        return NO_MIXER
    samples.tofile(target)
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[-2:]))
