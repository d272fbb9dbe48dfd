# SPDX-License-Identifier: GPL-3.0-or-later
"""Held-out clips to look at: the composed truth beside what the model makes of its annotations, of typed
markers and of the planner's; a video and a sheet of pictures of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from aqgt.annotations import Span, spans_to_track
from aqgt.generation import generate_many
from aqgt.gesture_forms import FORM
from aqgt.models.registry import LoadedModel
from aqgt.planner.forms import HAND_FAMILIES
from aqgt.preview.camera import Camera
from aqgt.preview.figure import draw_figure
from aqgt.preview.video import poses
from aqgt.protocol.messages import GenerateRequest
from aqgt_training.corpora.clip_lmdb import ClipRecord
from aqgt_training.corpora.form_names import form_name
from aqgt_training.evaluation.asked_forms import form_spans
from aqgt_training.evaluation.sets import fitted
from aqgt_training.evaluation.side_by_side import Panel, write_side_by_side

_MOMENTS = 8
_WIDTH, _HEIGHT, _MARGIN = 240, 216, 22
_PAPER, _INK = (246, 245, 241), (58, 62, 70)
_TYPED = ("phrase", "extent")


def typed_markers(clip: ClipRecord, known: Sequence[str]) -> tuple[Span, ...]:
    """The clip's gestures as somebody would type them: when, which hands, type, extent, and the form where a
    model knows it. The planner fills what they leave out."""
    spans = []
    for gesture in clip.meta.get("gestures", ()):
        side = gesture["side"]
        first = next(iter(gesture["hands"]), None)
        if first is None or gesture["end"] - gesture["stroke"] < 1 / clip.fps:
            continue
        hand = dict(zip(HAND_FAMILIES, gesture["hands"][first], strict=True))
        labels = {family: hand[family] for family in _TYPED}
        form = form_name(gesture["clip"], first)
        if form in known:
            labels[f"{FORM}_{first}"] = form
        spans.append(Span(gesture["stroke"], gesture["end"], side, labels))
    return tuple(spans)


def panels_of(model: LoadedModel, clip: ClipRecord, seed: int = 0) -> list[Panel]:
    """The four motions of a clip, with what they were asked for."""
    known = model.config.annotation.forms
    audio, words = clip.samples(), tuple(clip.words)
    speaker = min(clip.speaker, model.config.speaker.count - 1)
    track = clip.track().values
    typed = typed_markers(clip, known)
    plain = {"seed": seed, "speaker": speaker}
    requests = [
        GenerateRequest(audio, words, form_spans(clip, known), track=track, **plain),  # type: ignore[arg-type]
        GenerateRequest(audio, words, typed, **plain),  # type: ignore[arg-type]
        GenerateRequest(audio, words, **plain),  # type: ignore[arg-type]
    ]
    results = generate_many(requests, model)
    made = [fitted(result.motions[0], clip) for result in results]
    asked = [
        track,
        spans_to_track(typed, len(made[1]), clip.fps).values,
        results[2].tracks[0],
    ]
    titles = ("with the clip's annotations", "with typed markers", "with the planner's annotations")
    truth = Panel("composed", fitted(clip.motion(), clip), track)
    return [truth, *(Panel(*each) for each in zip(titles, made, asked, strict=True))]


def moments_of(clip: ClipRecord, seconds: float) -> NDArray[np.float64]:
    """Seconds worth a look within the first ``seconds``: arrivals of the clip's gestures, evenly chosen; else
    evenly spaced."""
    end = min(seconds, clip.duration)
    arrivals = sorted({g["arrival"] for g in clip.meta.get("gestures", ()) if g["arrival"] < end - 0.1})
    if len(arrivals) < _MOMENTS:
        return (np.arange(_MOMENTS) + 0.5) / _MOMENTS * end
    return np.array(arrivals)[np.linspace(0, len(arrivals) - 1, _MOMENTS).round().astype(int)]


def contact_sheet(panels: Sequence[Panel], times: NDArray[np.float64]) -> Image.Image:
    """A row per panel and a column per moment; the rows show the same moments."""
    sheet = Image.new("RGB", (_WIDTH * len(times), (_HEIGHT + _MARGIN) * len(panels)), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for row, panel in enumerate(panels):
        top = row * (_HEIGHT + _MARGIN)
        camera = Camera(2 * _WIDTH, 2 * _HEIGHT)
        for column, pose in enumerate(poses(panel.motion, times, camera)):
            large = Image.new("RGB", (2 * _WIDTH, 2 * _HEIGHT), _PAPER)
            draw_figure(ImageDraw.Draw(large), pose)
            sheet.paste(large.reduce(2), (column * _WIDTH, top + _MARGIN))
            draw.text((column * _WIDTH + 4, top + _MARGIN), f"{times[column]:.1f} s", font=font, fill=_INK)
        draw.text((4, top + 3), panel.title, font=font, fill=_INK)
    return sheet


def write_sheet(
    folder: Path,
    model: LoadedModel,
    clips: Sequence[ClipRecord],
    *,
    seconds: float = 10.0,
    progress: Callable[[float], None] | None = None,
) -> list[Path]:
    """Writes ``CLIP.mp4`` and ``CLIP.png`` of each clip; returns the pictures.

    Args:
        seconds: length of the videos; the pictures are of the same part.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, clip in enumerate(clips):
        panels = panels_of(model, clip, number)
        name = clip.name.replace("/", "_")
        write_side_by_side(
            folder / f"{name}.mp4", panels, clip.samples(), words=clip.words, seconds=seconds, fps=15.0
        )
        path = folder / f"{name}.png"
        contact_sheet(panels, moments_of(clip, seconds)).save(path)
        written.append(path)
        if progress is not None:
            progress((number + 1) / len(clips))
    return written
