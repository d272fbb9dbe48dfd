# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the frames of a preview and encodes them with the sound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from aqgt import skeleton as sk
from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.preview.camera import Camera
from aqgt.preview.captions import draw_captions, span_at, word_at
from aqgt.preview.figure import Pose, draw_figure, face_points
from aqgt.protocol.messages import SAMPLE_RATE
from aqgt.words import Word

SOUND_RATE = 48_000
WIDTH, HEIGHT = 800, 720
SUPERSAMPLING = 2
_TOP, _BOTTOM = np.array([249, 247, 243.0]), np.array([224, 230, 238.0])


def write_preview(
    path: str | Path,
    motion: Motion,
    audio: NDArray[np.float32] | None = None,
    *,
    words: Sequence[Word] = (),
    spans: Sequence[Span] = (),
    fps: float = 30.0,
    progress: Callable[[float], None] | None = None,
) -> None:
    """Write an MP4 (H.264, AAC) of a stick figure seen from the front.

    Args:
        path: where it goes; what is there stays until the new file is whole.
        motion: what the figure does; it is drawn on the metric reference skeleton.
        audio: mono sound `[N]` at 16 kHz, starting with the motion; None: a silent video.
        words: shown while they are said.
        spans: shown while they are at work.
        fps: pictures per second.
        progress: called with the finished share, 0 to 1.

    Raises:
        AqgtError: the motion holds no frames, or the file cannot be written.
    """
    if len(motion) == 0:
        raise AqgtError("The motion holds no frames.", "Generate or load a motion first.", "empty-motion")
    duration = max(motion.duration, 0.0 if audio is None else len(audio) / SAMPLE_RATE)
    times = np.arange(max(1, int(np.ceil(duration * fps)))) / fps
    target = Path(path)
    unfinished = target.with_name(f".{target.name}.part")
    try:
        with av.open(str(unfinished), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            writer = _Writer(container, fps, audio)
            for index, picture in enumerate(_pictures(motion, times, words, spans)):
                writer.add(picture, index)
                if progress is not None and index % 15 == 0:
                    progress(index / len(times))
            writer.finish()
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


def _pictures(motion: Motion, times: NDArray, words: Sequence[Word], spans: Sequence[Span]):  # type: ignore[no-untyped-def]
    background = _background()
    for pose, time in zip(poses(motion, times), times, strict=True):
        large = background.copy()
        draw_figure(ImageDraw.Draw(large), pose)
        picture = large.reduce(SUPERSAMPLING)
        draw_captions(picture, word_at(words, time), span_at(spans, time))
        yield picture


def poses(motion: Motion, times: NDArray) -> list[Pose]:
    """What to draw at each of the times `[N]`, all projected at once."""
    camera = Camera(WIDTH * SUPERSAMPLING, HEIGHT * SUPERSAMPLING)
    metric = motion.metric()
    positions = sk.positions_from_bone_vectors(metric.sample(times))
    face = face_points(positions)
    points, face_seen = camera.project(positions), camera.project(face)
    axis = points[:, sk.HEAD_TOP, :2] - points[:, sk.THORAX, :2]
    tilt = np.arctan2(axis[:, 0], -axis[:, 1])
    return [Pose(points[k], face_seen[k], positions[k, :, 2], float(tilt[k])) for k in range(len(times))]


def _background() -> Image.Image:
    share = np.linspace(0.0, 1.0, HEIGHT * SUPERSAMPLING)[:, None]
    column = (_TOP * (1 - share) + _BOTTOM * share).round().astype(np.uint8)
    return Image.fromarray(np.repeat(column[:, None], WIDTH * SUPERSAMPLING, axis=1))


class _Writer:
    """Encodes pictures and, up to the same time, sound."""

    def __init__(
        self, container: av.container.OutputContainer, fps: float, audio: NDArray[np.float32] | None
    ) -> None:
        self._container = container
        self._rate = Fraction(fps).limit_denominator(1001)
        self._video = container.add_stream(
            "libx264", rate=self._rate, options={"preset": "veryfast", "crf": "20"}
        )
        self._video.width, self._video.height, self._video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        self._audio = audio
        self._sound = None
        self._sent = 0
        if audio is not None:
            self._sound = container.add_stream("aac", rate=SOUND_RATE, layout="mono")
            self._sound.bit_rate = 96_000
            self._resampler = av.AudioResampler(format="fltp", layout="mono", rate=SOUND_RATE)

    def add(self, picture: Image.Image, index: int) -> None:
        """One more picture."""
        frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
        frame.pts = index
        frame.time_base = 1 / self._rate
        self._container.mux(self._video.encode(frame))
        self._sound_until(round((index + 1) / self._rate * SAMPLE_RATE))

    def finish(self) -> None:
        """Write what the encoders still hold."""
        if self._audio is not None and self._sound is not None:
            self._sound_until(len(self._audio))
            for frame in self._resampler.resample(None):
                self._container.mux(self._sound.encode(frame))
            self._container.mux(self._sound.encode(None))
        self._container.mux(self._video.encode(None))

    def _sound_until(self, end: int) -> None:
        if self._audio is None or self._sound is None or end <= self._sent:
            return
        chunk = np.clip(self._audio[self._sent : end], -1.0, 1.0).astype(np.float32)
        if len(chunk) == 0:
            return
        frame = av.AudioFrame.from_ndarray(chunk[None], format="flt", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        frame.pts = self._sent
        frame.time_base = Fraction(1, SAMPLE_RATE)
        self._sent += len(chunk)
        for resampled in self._resampler.resample(frame):
            self._container.mux(self._sound.encode(resampled))
