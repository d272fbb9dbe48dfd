# SPDX-License-Identifier: GPL-3.0-or-later
"""Several motions for one sound in one video: side by side or 2×2, the annotations drawn under each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from aqgt.annotations import CHANNEL_BY_KEY, HANDS
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.preview.camera import Camera
from aqgt.preview.captions import word_at
from aqgt.preview.figure import LEFT, RIGHT, draw_figure
from aqgt.preview.video import poses
from aqgt.preview.writer import new_video
from aqgt.protocol.messages import SAMPLE_RATE
from aqgt.words import Word

WIDTH, HEIGHT = 400, 360
TRACK_HEIGHT, TITLE_HEIGHT, WORD_HEIGHT = 48, 26, 30
_SUPERSAMPLING = 2
_PAPER, _STRIP, _INK, _MUTED = (246, 245, 241), (228, 230, 234), (58, 62, 70), (128, 134, 146)
_PHASE_SHADES = {1: 0.45, 2: 1.0, 3: 0.3, 4: 0.65, 5: 0.65}
"""How strongly each phase is coloured: the stroke most, the retraction least."""
_SHOWN_SECONDS = 6.0


@dataclass(frozen=True)
class Panel:
    """One motion of a video.

    Attributes:
        title: written above it; empty for none.
        motion: what the figure does.
        annotations: `[17, T]` at the motion's frame rate, drawn under the figure; None: nothing is drawn.
    """

    title: str
    motion: Motion
    annotations: NDArray[np.float32] | None = None


def write_side_by_side(
    path: Path,
    panels: Sequence[Panel],
    audio: NDArray[np.float32] | None = None,
    *,
    words: Sequence[Word] = (),
    seconds: float | None = None,
    fps: float = 30.0,
    progress: Callable[[float], None] | None = None,
) -> None:
    """Writes an MP4 of one to four motions; three and four stand in two rows.

    Args:
        panels: from left to right, then the second row.
        audio: `[N]` mono at 16 kHz, or None for a silent video.
        words: shown below while they are said.
        seconds: longest duration; None: until the longest motion ends. A shorter one stands still then.
        fps: pictures per second.

    Raises:
        AqgtError: there are no motions or more than four, one holds no frames, or the file can't be written.
    """
    if not 1 <= len(panels) <= 4:
        raise AqgtError(
            f"A video shows one to four motions, not {len(panels)}.",
            "Choose fewer, or at least one.",
            "empty",
        )
    if any(len(panel.motion) == 0 for panel in panels):
        raise AqgtError("A motion holds no frames.", "Generate or load a motion first.", "empty-motion")
    duration = max(panel.motion.duration for panel in panels)
    duration = duration if seconds is None else min(duration, seconds)
    times = np.arange(max(1, round(duration * fps))) / fps
    sound = None if audio is None else audio[: round(duration * SAMPLE_RATE)]
    columns = 2 if len(panels) > 2 else len(panels)
    rows = -(-len(panels) // columns)
    drawn = [_PanelDrawing(panel, times) for panel in panels]
    cell = TITLE_HEIGHT + HEIGHT + max(each.track_height for each in drawn)
    word_height = WORD_HEIGHT if words else 0
    size = columns * WIDTH, rows * cell + word_height
    with new_video(path, fps, size, sound, SAMPLE_RATE) as writer:
        for index, time in enumerate(times):
            picture = Image.new("RGB", size, _PAPER)
            for number, each in enumerate(drawn):
                picture.paste(
                    each.picture(index, float(time)), (number % columns * WIDTH, number // columns * cell)
                )
            if words:
                _centred(picture, word_at(words, float(time)), (size[1] - WORD_HEIGHT // 2), 18, _INK)
            writer.add(picture, index)
            if progress is not None and index % 15 == 0:
                progress(index / len(times))
        writer.finish(whole_sound=False)


class _PanelDrawing:
    def __init__(self, panel: Panel, times: NDArray) -> None:
        self.panel = panel
        camera = Camera(WIDTH * _SUPERSAMPLING, HEIGHT * _SUPERSAMPLING)
        self.poses = poses(panel.motion, times, camera)
        self.track_height = 0 if panel.annotations is None else TRACK_HEIGHT

    def picture(self, index: int, time: float) -> Image.Image:
        large = Image.new("RGB", (WIDTH * _SUPERSAMPLING, HEIGHT * _SUPERSAMPLING), _PAPER)
        draw_figure(ImageDraw.Draw(large), self.poses[index])
        picture = Image.new("RGB", (WIDTH, TITLE_HEIGHT + HEIGHT + self.track_height), _PAPER)
        picture.paste(large.reduce(_SUPERSAMPLING), (0, TITLE_HEIGHT))
        if self.panel.title:
            _centred(picture, self.panel.title, TITLE_HEIGHT // 2 + 2, 15, _INK)
        if self.panel.annotations is not None:
            _draw_track(picture, self.panel.annotations, self.panel.motion.fps, time)
        return picture


def _draw_track(picture: Image.Image, track: NDArray, fps: float, time: float) -> None:
    """The phases of both hands around a moment, and the gesture type at that moment."""
    draw = ImageDraw.Draw(picture)
    top = TITLE_HEIGHT + HEIGHT
    first = time - _SHOWN_SECONDS / 2
    for row, (side, colour) in enumerate(zip(HANDS, (LEFT, RIGHT), strict=True)):
        y = top + 4 + row * 14
        draw.rectangle((8, y, WIDTH - 9, y + 10), fill=_STRIP)
        phase = track[CHANNEL_BY_KEY[f"phase_{side}"].index]
        frames = (first + np.arange(WIDTH - 16) / (WIDTH - 16) * _SHOWN_SECONDS) * fps
        for x, frame in enumerate(frames.astype(int)):
            if 0 <= frame < len(phase) and int(phase[frame]) in _PHASE_SHADES:
                share = _PHASE_SHADES[int(phase[frame])]
                shade = tuple(round(s + (c - s) * share) for c, s in zip(colour, _STRIP, strict=True))
                draw.line((8 + x, y, 8 + x, y + 10), fill=shade)
    draw.line((WIDTH // 2, top + 2, WIDTH // 2, top + 31), fill=_INK)
    _centred(picture, _gesture_at(track, round(time * fps)), top + 40, 11, _MUTED)


def _gesture_at(track: NDArray, frame: int) -> str:
    if not 0 <= frame < track.shape[1]:
        return ""
    texts = []
    for side in HANDS:
        names = [
            channel.name_of(float(track[channel.index, frame]))
            for channel in (CHANNEL_BY_KEY[f"{family}_{side}"] for family in ("phase", "phrase", "extent"))
        ]
        if names[0]:
            texts.append(f"{side}: " + " · ".join(name for name in names if name))
    return "     ".join(texts)


def _centred(picture: Image.Image, text: str, y: int, size: int, colour: tuple[int, int, int]) -> None:
    if text:
        font = ImageFont.load_default(size)
        ImageDraw.Draw(picture).text((picture.width // 2, y), text, font=font, fill=colour, anchor="mm")
