# SPDX-License-Identifier: GPL-3.0-or-later
"""A sound file as samples, by the aud module that ships with Blender.

Also a script, for a Blender of its own: `blender -b --python decoder.py -- sound.wav samples.f32`. It uses
nothing else of the extension for that reason.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 16000
"""Samples per second, as the engine wants them."""


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


if __name__ == "__main__":
    import bpy  # noqa: F401 -- as a module, Blender has aud only once it is imported itself

    source, target = sys.argv[-2:]
    samples_of(source).tofile(target)
