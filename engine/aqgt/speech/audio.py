# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and checking sound: everything behind this module is mono float32 at 16 kHz."""

from __future__ import annotations

import os
import wave
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.protocol.messages import SAMPLE_RATE

MIN_SECONDS = 0.3
MAX_SECONDS = 2 * 3600.0
#: Below this peak (−80 dB of full scale) nothing can be heard and the level can't be normalised.
SILENT_PEAK = 1e-4

FloatArray = NDArray[np.float32]


def read_audio(path: str | os.PathLike[str]) -> FloatArray:
    """The sound of an audio or video file as mono float32 `[N]` at 16 kHz.

    Channels are averaged, so that no level is clipped and mono stays what it is; samples above full scale
    (a float file, an overshoot of the decoder) are kept.

    Raises:
        AqgtError: no such file, a folder, not a media file, no sound in it, or no samples.
    """
    file = Path(path)
    if file.is_dir():
        raise AqgtError(f"“{file}” is a folder.", "Name one sound or video file in it.", "not-audio")
    if not file.exists():
        raise AqgtError(f"There is no file “{file}”.", "Check the path and the spelling.", "no-file")
    if file.stat().st_size == 0:
        raise AqgtError(f"The file “{file}” is empty.", "Pick a file with sound.", "empty-audio")
    import av  # here, because it takes longer to import than everything else in this module

    try:
        with av.open(str(file)) as container:
            if not container.streams.audio:
                raise AqgtError(
                    f"“{file.name}” holds no sound.", "Pick a file with a sound track.", "no-audio-stream"
                )
            samples = _decode(av, container)
    except PermissionError as error:
        raise AqgtError(f"“{file}” can't be read.", "Check the file's permissions.", "no-file") from error
    except (av.error.FFmpegError, ValueError) as error:
        raise AqgtError(
            f"“{file.name}” is not a sound or video file that can be decoded.",
            "Pick a WAV, MP3, OGG, FLAC or MP4 file.",
            "not-audio",
        ) from error
    if samples.size == 0:
        raise AqgtError(f"“{file.name}” holds no samples.", "Pick a file with sound.", "empty-audio")
    return samples


def _decode(av: Any, container: Any) -> FloatArray:
    # The resampler keeps the channels: its own mix to mono raises the level of stereo by 3 dB.
    resampler = None
    blocks: list[NDArray[np.float32]] = []
    damaged: Exception | None = None
    frames = container.decode(audio=0)
    while True:
        try:
            frame = next(frames)
        except StopIteration:
            break
        except av.error.InvalidDataError as error:  # a damaged packet; what was decoded before it counts
            damaged = error
            break
        if resampler is None:
            resampler = av.AudioResampler(format="fltp", layout=frame.layout, rate=SAMPLE_RATE)
        frame.pts = None  # gaps in the time stamps are the container's, not the sound's
        blocks += [resampled.to_ndarray().mean(axis=0) for resampled in resampler.resample(frame)]
    if resampler is not None:
        blocks += [resampled.to_ndarray().mean(axis=0) for resampled in resampler.resample(None)]
    if damaged is not None and not blocks:
        raise damaged
    return np.concatenate(blocks).astype(np.float32) if blocks else np.zeros(0, np.float32)


def check_audio(
    audio: NDArray[Any],
    *,
    minimum: float = MIN_SECONDS,
    maximum: float = MAX_SECONDS,
    allow_silence: bool = False,
) -> FloatArray:
    """The samples as float32 `[N]` if gestures can be made from them.

    Args:
        audio: mono samples at 16 kHz.
        minimum, maximum: accepted length in seconds.
        allow_silence: accept samples that are all (nearly) zero.

    Raises:
        AqgtError: wrong shape or type, empty, NaN or infinite, silent, too short or too long.
    """
    array = np.asarray(audio)
    if array.ndim != 1 or array.dtype.kind != "f":
        raise AqgtError(
            f"The audio is an array of {array.dtype} with shape {array.shape}.",
            "Send mono float32 samples at 16 kHz.",
            "bad-audio",
        )
    if array.size == 0:
        raise AqgtError(
            "The audio holds no samples.", "Pick a sound strip or a file with sound.", "empty-audio"
        )
    if not np.isfinite(array).all():
        raise AqgtError(
            "The audio holds values that are no numbers.", "Export the sound again and retry.", "bad-audio"
        )
    seconds = array.size / SAMPLE_RATE
    if seconds < minimum:
        raise AqgtError(
            f"The audio lasts {seconds:.2f} s, which is too short.",
            f"Pick a sound of at least {minimum:g} s.",
            "short-audio",
        )
    if seconds > maximum:
        raise AqgtError(
            f"The audio lasts {seconds / 60:.1f} minutes; at most {maximum / 60:g} can be done at once.",
            "Cut it into shorter parts.",
            "long-audio",
        )
    if not allow_silence and max(array.max(), -array.min()) < SILENT_PEAK:
        raise AqgtError(
            "The audio is silent from start to end.",
            "Pick a sound with speech, or raise its level.",
            "silent-audio",
        )
    return np.ascontiguousarray(array, dtype=np.float32)


def write_wav(path: str | os.PathLike[str], audio: NDArray[Any], sample_rate: int = SAMPLE_RATE) -> None:
    """Writes mono samples `[N]` as 16-bit WAV; what exceeds full scale is lowered as a whole, not clipped."""
    samples = np.asarray(audio, dtype=np.float64)
    peak = float(np.abs(samples).max(initial=0.0))
    pcm = to_int16(samples / peak if peak > 1.0 else samples)
    with wave.open(os.fspath(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(pcm.astype("<i2").tobytes())


def to_int16(audio: NDArray[Any]) -> NDArray[np.int16]:
    """Samples in [-1, 1] as 16-bit integers, by the factor 32768 that `read_audio` divides by."""
    return np.clip(np.round(np.asarray(audio) * 32768.0), -32768, 32767).astype(np.int16)
