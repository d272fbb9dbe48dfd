# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures and sound into an MP4 (H.264, AAC), whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from aqgt.errors import AqgtError

SOUND_RATE = 48_000


class VideoWriter:
    """Encodes pictures and, up to the same time, sound.

    Args:
        container: opened for writing.
        fps: pictures per second.
        size: width and height in pixels, both even.
        audio: `[N]` mono or `[2, N]` stereo samples that start with the first picture; None: a silent video.
        rate: samples per second of the audio.
    """

    def __init__(
        self,
        container: av.container.OutputContainer,
        fps: float,
        size: tuple[int, int],
        audio: NDArray[np.float32] | None,
        rate: int,
    ) -> None:
        self._container = container
        self._fps = Fraction(fps).limit_denominator(1001)
        self._video = container.add_stream(
            "libx264", rate=self._fps, options={"preset": "veryfast", "crf": "20"}
        )
        self._video.width, self._video.height = size
        self._video.pix_fmt = "yuv420p"
        self._audio = None if audio is None else np.atleast_2d(audio)
        self._rate = rate
        self._sound = None
        self._sent = 0
        if self._audio is not None:
            self._layout = "mono" if len(self._audio) == 1 else "stereo"
            self._sound = container.add_stream("aac", rate=SOUND_RATE, layout=self._layout)
            self._sound.bit_rate = 96_000 * len(self._audio)
            self._resampler = av.AudioResampler(format="fltp", layout=self._layout, rate=SOUND_RATE)

    def add(self, picture: Image.Image, index: int) -> None:
        """One more picture (RGB)."""
        frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
        frame.pts = index
        frame.time_base = 1 / self._fps
        self._container.mux(self._video.encode(frame))
        self._sound_until(round((index + 1) / self._fps * self._rate))

    def finish(self, *, whole_sound: bool = True) -> None:
        """Write what the encoders still hold; ``whole_sound``: the sound may outlast the pictures."""
        if self._audio is not None and self._sound is not None:
            if whole_sound:
                self._sound_until(self._audio.shape[1])
            for frame in self._resampler.resample(None):
                self._container.mux(self._sound.encode(frame))
            self._container.mux(self._sound.encode(None))
        self._container.mux(self._video.encode(None))

    def _sound_until(self, end: int) -> None:
        if self._audio is None or self._sound is None or end <= self._sent:
            return
        chunk = np.clip(self._audio[:, self._sent : end], -1.0, 1.0).astype(np.float32)
        if chunk.shape[1] == 0:
            return
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(chunk), format="fltp", layout=self._layout)
        frame.sample_rate = self._rate
        frame.pts = self._sent
        frame.time_base = Fraction(1, self._rate)
        self._sent += chunk.shape[1]
        for resampled in self._resampler.resample(frame):
            self._container.mux(self._sound.encode(resampled))


@contextmanager
def new_video(
    target: Path, fps: float, size: tuple[int, int], audio: NDArray[np.float32] | None, rate: int
) -> Iterator[VideoWriter]:
    """A writer whose file appears at ``target`` when the block ends; after an error what was there stays.

    Raises:
        AqgtError: the file cannot be written.
    """
    unfinished = target.with_name(f".{target.name}.part")
    try:
        with av.open(str(unfinished), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            yield VideoWriter(container, fps, size, audio, rate)
        unfinished.replace(target)
    except (OSError, av.error.FFmpegError) as error:
        unfinished.unlink(missing_ok=True)
        raise AqgtError(
            f"The video “{target}” cannot be written ({error}).",
            "Check the folder, its permissions and the free space.",
            "bad-output",
        ) from error
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
