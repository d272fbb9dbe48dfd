# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a video at a steady frame rate, whatever it was recorded at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import av
import numpy as np
from numpy.typing import NDArray

Picture = TypeVar("Picture")


@dataclass
class VideoFacts:
    """What a video's head says, and how its reading ended.

    Attributes:
        width, height: of the upright picture in pixels.
        fps: pictures per second as recorded; 0 where the file does not say.
        seconds: length by the head of the file; 0 where it does not say.
        sound_offset: seconds from the first picture to the first sample; None: there is no sound.
        damaged: why reading ended early, else None.
    """

    width: int
    height: int
    fps: float
    seconds: float
    sound_offset: float | None
    damaged: str | None = None


class UnusableVideoError(Exception):
    """Half a sentence that says why a video can't be used."""


class VideoPictures:
    """Reads a video; a context manager.

    Raises:
        UnusableVideoError: the file can't be opened or holds no pictures.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._container = av.open(str(path))
        except (av.error.FFmpegError, OSError) as error:
            # The whole message names the path besides.
            raise UnusableVideoError(f"it can't be opened ({error.strerror})") from error
        if not self._container.streams.video:
            self._container.close()
            raise UnusableVideoError("it holds no pictures")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self.facts = self._facts()

    def __enter__(self) -> VideoPictures:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def _facts(self) -> VideoFacts:
        video, sounds = self._stream, self._container.streams.audio
        offset = None
        if sounds:
            begin = float((sounds[0].start_time or 0) * (sounds[0].time_base or 0))
            offset = begin - float((video.start_time or 0) * (video.time_base or 0))
        return VideoFacts(
            width=video.codec_context.width,
            height=video.codec_context.height,
            fps=float(video.average_rate or 0),
            seconds=float(self._container.duration or 0) / av.time_base,
            sound_offset=offset,
        )

    def at(self, fps: float) -> Iterator[NDArray[np.uint8]]:
        """Upright RGB pictures `[H, W, 3]`, so many a second. A damaged file ends early; `facts` says why."""
        for timed in at_steady_rate(self._timed(), fps):
            picture = _upright(timed)
            self.facts.height, self.facts.width = picture.shape[:2]
            yield picture

    def _timed(self) -> Iterator[tuple[float, Any]]:
        first, last, step = None, -1.0, 1 / (self.facts.fps or 25.0)
        try:
            for frame in self._container.decode(self._stream):
                time = float(frame.time) if frame.time is not None else last + step
                first = time if first is None else first
                if time - first > last:  # a repeated or earlier time stamp shows nothing new
                    last = time - first
                    yield last, frame
        except av.error.FFmpegError as error:
            if first is None:
                raise UnusableVideoError(f"it can't be decoded ({error.strerror})") from error
            self.facts.damaged = error.strerror


def at_steady_rate(timed: Iterable[tuple[float, Picture]], fps: float) -> Iterator[Picture]:
    """Of pictures with ascending times in seconds, the nearest to each moment 0, 1/fps, 2/fps, …"""
    number, before = 0, None
    for time, picture in timed:
        while before is not None and number / fps < time:
            moment = number / fps
            yield before[1] if moment - before[0] <= time - moment else picture
            number += 1
        before = (time, picture)
    if before is not None and number / fps <= before[0] + 0.5 / fps:
        yield before[1]


def _upright(frame: Any) -> NDArray[np.uint8]:
    picture = frame.to_ndarray(format="rgb24")
    turns = round(getattr(frame, "rotation", 0) / 90) % 4  # phones note how they were held
    return np.ascontiguousarray(np.rot90(picture, turns)) if turns else picture
