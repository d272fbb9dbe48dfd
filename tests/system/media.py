# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks into media files, and makes some."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 16_000


@dataclass(frozen=True)
class Film:
    """What a video holds: seconds of picture and sound, pictures per second, loudness, movement.

    Attributes:
        picture, sound: seconds from the first decoded frame to the end of the last.
        fps: pictures per second.
        loudness: root mean square of the samples, full scale = 1.
        movement: mean change of a pixel from one picture to the next, 0 to 255.
    """

    picture: float
    sound: float
    fps: float
    loudness: float
    movement: float


def look(path: Path) -> Film:
    """Decode a whole video."""
    with av.open(str(path)) as container:
        assert container.streams.video, f"{path} has no picture"
        assert container.streams.audio, f"{path} has no sound"
        fps = float(container.streams.video[0].average_rate or 0)
        changes, previous, pictures = [], None, 0
        for frame in container.decode(video=0):
            pictures += 1
            image = frame.to_ndarray(format="gray")[::4, ::4].astype(np.int16)
            if previous is not None:
                changes.append(float(np.abs(image - previous).mean()))
            previous = image
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        heard = [frame.to_ndarray().astype(np.float64).mean(axis=0) for frame in container.decode(audio=0)]
    samples = np.concatenate(heard)
    loudness = float(np.sqrt(np.mean(samples**2)))
    return Film(pictures / fps, len(samples) / rate, fps, loudness, float(np.mean(changes)))


def seconds_of(path: Path) -> float:
    """Length of a WAV file."""
    with wave.open(str(path)) as file:
        return file.getnframes() / file.getframerate()


def read_wav(path: Path) -> NDArray[np.float64]:
    """Samples of a 16-bit mono WAV file, full scale = 1."""
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768


def write_wav(path: Path, samples: NDArray) -> Path:
    """Samples at 16 kHz as a 16-bit mono WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def write_stereo_mp3(path: Path, source: Path) -> Path:
    """A recording as a stereo MP3 at 44.1 kHz."""
    with av.open(str(source)) as heard, av.open(str(path), "w") as target:
        stream = target.add_stream("mp3", rate=44_100, layout="stereo")
        resampler = av.AudioResampler(format=stream.format, layout="stereo", rate=44_100)
        frames = [part for frame in heard.decode(audio=0) for part in resampler.resample(frame)]
        for frame in [*frames, *resampler.resample(None), None]:
            target.mux(stream.encode(frame))
    return path
