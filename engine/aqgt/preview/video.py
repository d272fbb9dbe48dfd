# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the frames of a preview and encodes them with the sound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

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
from aqgt.preview.writer import new_video
from aqgt.protocol.messages import SAMPLE_RATE
from aqgt.words import Word

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
    with new_video(Path(path), fps, (WIDTH, HEIGHT), audio, SAMPLE_RATE) as writer:
        for index, picture in enumerate(_pictures(motion, times, words, spans)):
            writer.add(picture, index)
            if progress is not None and index % 15 == 0:
                progress(index / len(times))
        writer.finish()


def _pictures(motion: Motion, times: NDArray, words: Sequence[Word], spans: Sequence[Span]):  # type: ignore[no-untyped-def]
    background = _background()
    for pose, time in zip(poses(motion, times), times, strict=True):
        large = background.copy()
        draw_figure(ImageDraw.Draw(large), pose)
        picture = large.reduce(SUPERSAMPLING)
        draw_captions(picture, word_at(words, time), span_at(spans, time))
        yield picture


def poses(motion: Motion, times: NDArray, camera: Camera | None = None) -> list[Pose]:
    """What to draw at each of the times `[N]`, all projected at once; by default as the preview has it."""
    camera = camera or Camera(WIDTH * SUPERSAMPLING, HEIGHT * SUPERSAMPLING)
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
