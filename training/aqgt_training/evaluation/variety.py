# SPDX-License-Identifier: GPL-3.0-or-later
"""How far two seeds are apart, by what the annotations leave open; and what unknown annotations change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from aqgt import planner
from aqgt.annotations import Span
from aqgt.generation import generate_many
from aqgt.gesture_forms import FORM
from aqgt.models.registry import LoadedModel
from aqgt.protocol.messages import GenerateRequest
from aqgt_training.corpora.clip_lmdb import ClipRecord
from aqgt_training.evaluation import motion_statistics as statistics

_TYPED = ("phrase", "extent")
"""Labels of a span as it is typed by hand."""


def variety_of(
    model: LoadedModel, clips: Sequence[ClipRecord], progress: Callable[[float], None] | None = None
) -> dict[str, float]:
    """Mean wrist distances in model units between the motions of two seeds.

    Returns:
        ``variety``: the planner annotates, each seed in its own way; ``variety_typed``: the same spans with
        type and extent alone; ``variety_labelled``: with all labels but the form; ``variety_annotated``: the
        clip's matrix without forms. ``unknown_changes``: between no annotation and a matrix that says
        nothing, one seed.
    """
    found: dict[str, list[float]] = {}
    for number, clip in enumerate(clips):
        audio, words = clip.samples(), tuple(clip.words)
        speaker = min(clip.speaker, model.config.speaker.count - 1)
        plain = GenerateRequest(audio, words, variants=2, speaker=speaker)
        spans = planner.suggest(words, audio, seed=0)
        track = clip.track().values
        requests = {
            "variety": plain,
            "variety_typed": replace(plain, spans=tuple(_typed(span) for span in spans)),
            "variety_labelled": replace(plain, spans=tuple(_without_form(span) for span in spans)),
            "variety_annotated": replace(plain, track=track),
            "none": replace(plain, variants=1, annotate="none"),
            "unknown": replace(plain, variants=1, track=np.full_like(track, -1.0)),
        }
        results = generate_many(list(requests.values()), model)
        made = {name: result.motions for name, result in zip(requests, results, strict=True)}
        apart = {name: motions for name, motions in made.items() if len(motions) == 2}
        apart["unknown_changes"] = (made["none"][0], made["unknown"][0])
        for name, (one, other) in apart.items():
            found.setdefault(name, []).append(statistics.wrist_error(one, other))
        if progress is not None:
            progress((number + 1) / len(clips))
    return {name: float(np.mean(values)) for name, values in found.items()}


def _without_form(span: Span) -> Span:
    return replace(span, labels={k: v for k, v in span.labels.items() if k.partition("_")[0] != FORM})


def _typed(span: Span) -> Span:
    """A span as somebody types it: one gesture type and extent for its hands."""
    kept = {family: label for family in _TYPED if (label := span.label_of(family, span.sides[0])) is not None}
    return replace(span, labels=kept, source="user")
