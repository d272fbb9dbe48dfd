# SPDX-License-Identifier: GPL-3.0-or-later
"""Where live sound comes from: a file at the pace of its time, or a microphone."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.protocol.messages import SAMPLE_RATE

CHUNK_SECONDS = 0.1
_CHUNK = round(CHUNK_SECONDS * SAMPLE_RATE)
_MOST_WAITING = 100

Idle = Callable[[float], None]
"""Called with the seconds until the next chunk is due; it may spend them."""


def of_recording(audio: NDArray[np.float32], idle: Idle) -> Iterator[NDArray[np.float32]]:
    """A recording `[N]` in pieces of 0.1 s, each when it has been played to its end."""
    began = time.monotonic()
    for at in range(0, len(audio), _CHUNK):
        piece = audio[at : at + _CHUNK]
        due = began + (at + len(piece)) / SAMPLE_RATE
        while (left := due - time.monotonic()) > 0:
            idle(left)
        yield piece


def of_microphone(seconds: float | None, idle: Idle) -> Iterator[NDArray[np.float32]]:
    """What the system's microphone hears, until so many seconds have passed or Ctrl-C.

    Raises:
        AqgtError: sounddevice is not installed, there is no microphone, or this program is too slow for it.
    """
    sounddevice = _sounddevice()
    heard: queue.Queue[NDArray[np.float32]] = queue.Queue(_MOST_WAITING)
    lost: list[bool] = []

    def take(block: NDArray[np.float32], *_: Any) -> None:
        try:
            heard.put_nowait(block[:, 0].copy())
        except queue.Full:
            lost.append(True)

    left = None if seconds is None else round(seconds * SAMPLE_RATE)
    try:
        with sounddevice.InputStream(
            samplerate=SAMPLE_RATE, channels=1, dtype="float32", blocksize=_CHUNK, callback=take
        ):
            while left is None or left > 0:
                if lost:
                    raise AqgtError(
                        "Sound of the microphone was lost, because nobody took it.",
                        "Use an engine that is less busy.",
                        "live-behind",
                    )
                try:
                    block = heard.get_nowait()
                except queue.Empty:
                    idle(0.02)
                    continue
                left = None if left is None else left - len(block)
                yield block
    except sounddevice.PortAudioError as error:
        raise AqgtError(
            f"The microphone can't be used ({error}).", "Check that one is connected and allowed.", "no-audio"
        ) from error
    except KeyboardInterrupt:
        return


def _sounddevice() -> Any:
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: the package is there, the PortAudio library is not
        raise AqgtError(
            f"The microphone needs the package sounddevice and PortAudio ({error}).",
            "Install them: pip install 'aqgt[live]' (Debian also: apt-get install libportaudio2).",
            "not-installed",
        ) from error
    return sounddevice
