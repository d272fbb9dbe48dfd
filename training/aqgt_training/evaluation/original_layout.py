# SPDX-License-Identifier: GPL-3.0-or-later
"""The original's evaluation video: recorded and made motion as line figures, the annotations as text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from aqgt import skeleton
from aqgt.annotations import CHANNELS
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.preview.writer import new_video
from aqgt.protocol.messages import SAMPLE_RATE

WIDTH, HEIGHT, SIDE = 1600, 1760, 800
_SCALE, _NECK = 2.5, (0.5, 0.4)
_LINE, _WHITE = 3, (255, 255, 255)
_TEXT_TOP, _TEXT_STEP = 850, 52
"""The original's steps of 60 pixels lose the last lines below the picture; here all 17 fit."""


def write_original_layout(
    path: Path,
    human: Motion,
    made: Motion,
    audio: NDArray[np.float32] | None = None,
    *,
    annotations: NDArray[np.float32] | None = None,
    progress: Callable[[float], None] | None = None,
) -> None:
    """Writes an MP4 of 1600 × 1760, “Human” on the left, “Generated” on the right; as many frames as motions.

    Lines of 3 pixels, white on black, seen from the front without perspective. The recorded motion is not
    smoothed, as it was in the original.

    Args:
        annotations: `[17, T]`, one line of text per channel; None: no text.

    Raises:
        AqgtError: the frame rates differ, or a motion holds no frames.
    """
    if human.fps != made.fps or len(human) == 0 or len(made) == 0:
        raise AqgtError(
            f"The motions have {len(human)} frames at {human.fps:g} fps and {len(made)} at {made.fps:g} fps.",
            "Give two motions of one frame rate.",
            "shapes-differ",
        )
    n_frames = max(len(human), len(made))
    seen = [_seen(motion) for motion in (human, made)]
    sound = None if audio is None else audio[: round(n_frames / made.fps * SAMPLE_RATE)]
    font = ImageFont.load_default(34)
    with new_video(path, made.fps, (WIDTH, HEIGHT), sound, SAMPLE_RATE) as writer:
        for frame in range(n_frames):
            picture = Image.new("RGB", (WIDTH, HEIGHT))
            draw = ImageDraw.Draw(picture)
            for number, (title, points) in enumerate(zip(("Human:", "Generated:"), seen, strict=True)):
                pose = points[min(frame, len(points) - 1)] + (number * SIDE, 0)
                for joint in range(1, skeleton.N_JOINTS):
                    ends = pose[skeleton.PARENTS[joint]], pose[joint]
                    draw.line([tuple(end) for end in ends], fill=_WHITE, width=_LINE)
                draw.text((number * SIDE + 20, 16), title, font=font, fill=_WHITE)
            if annotations is not None and frame < annotations.shape[1]:
                _write_channels(draw, annotations[:, frame], font)
            writer.add(picture, frame)
            if progress is not None and frame % 15 == 0:
                progress(frame / n_frames)
        writer.finish(whole_sound=False)


def _seen(motion: Motion) -> NDArray[np.float64]:
    """Joints `[T, 53, 2]` in the pixels of one half."""
    positions = motion.with_lengths(skeleton.HUMAN_LENGTHS).positions().astype(np.float64)
    flat = (positions - positions[:, [skeleton.THORAX]])[..., :2] * _SCALE + np.array(_NECK)
    return flat * SIDE


def _write_channels(
    draw: ImageDraw.ImageDraw, values: NDArray, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> None:
    for channel in CHANNELS:
        value = float(values[channel.index])
        name = channel.name_of(value) if channel.labels else f"{value:.2f}"
        text = name or ("unknown" if value < 0 else "nothing")
        y = _TEXT_TOP + _TEXT_STEP * channel.index
        draw.text((20, y), f"{channel.title}: {text}", font=font, fill=_WHITE)
