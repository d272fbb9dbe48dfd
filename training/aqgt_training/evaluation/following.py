# SPDX-License-Identifier: GPL-3.0-or-later
"""How sets of motions follow the annotations of held-out clips, and what classifiers recognise in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aqgt.errors import AqgtError
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipRecord
from aqgt_training.evaluation import sets as motion_sets
from aqgt_training.evaluation.asked_forms import forms_of_clip, takes_of_clip
from aqgt_training.evaluation.control import control_of, summary_of
from aqgt_training.evaluation.form_classifier import (
    FAMILIES,
    Forest,
    Strokes,
    classifier_of,
    reach_of,
    recognition,
    strokes_of,
)
from aqgt_training.evaluation.sets import MotionSet

_TRAINING_CLIPS = 400


def followed(
    judged: Sequence[MotionSet],
    real: MotionSet,
    clips: Sequence[ClipRecord],
    recognisers: Recognisers,
) -> dict[str, Any]:
    """Per set: how it follows the clips' annotations; without annotated clips nothing."""
    chosen = [i for i, clip in enumerate(clips) if motion_sets.is_annotated(clip)]
    if not chosen:
        return {}
    tracks = [np.asarray(clips[i].annotations, np.float32) for i in chosen]
    forms = [forms_of_clip(clips[i]) for i in chosen]
    references = [real.motions[i] for i in chosen]
    result: dict[str, Any] = {"clips": len(chosen), "notes": list(recognisers.problems)}
    for each in judged:
        motions = [each.motions[i] for i in chosen]
        table: dict[str, Any] = summary_of(
            [control_of(m, r, t) for m, r, t in zip(motions, references, tracks, strict=True)]
        )
        strokes = strokes_of(motions, references, tracks, forms)
        for family, classifier in recognisers.classifiers.items():
            table[family] = recognition(classifier, strokes.looks[family], strokes.labels[family])
        result[each.name] = table
    return result


@dataclass(frozen=True)
class Recognisers:
    """What recognises strokes.

    Attributes:
        classifiers: family → classifier of the training split's strokes.
        reach: family → what such classifiers recognise in recordings they have not seen, of performers whom
            they have (see `reach_of`).
        problems: a sentence for each family that has no classifier.
    """

    classifiers: Mapping[str, Forest]
    reach: Mapping[str, Mapping[str, float | int]]
    problems: tuple[str, ...] = ()


def trained_recognisers(
    corpus: Path, progress: Callable[[float], None] | None = None, *, with_reach: bool = True
) -> Recognisers:
    """Classifiers of the training split's strokes; held-out clips are not even read.

    Args:
        with_reach: whether their reach is measured, too; each family's classifier is trained four more times.
    """
    examples, takes = _training_strokes(corpus, progress)
    found: dict[str, Forest] = {}
    reach: dict[str, Mapping[str, float | int]] = {}
    problems = []
    for family in FAMILIES:
        looks, labels = examples.looks[family], examples.labels[family]
        try:
            found[family] = classifier_of(family, looks, labels)
            if with_reach and all(takes):
                reach[family] = reach_of(family, looks, labels, takes)
        except AqgtError as error:
            problems.append(f"No classifier of the {family}: {error.sentence}")
    return Recognisers(found, reach, tuple(problems))


def _training_strokes(corpus: Path, progress: Callable[[float], None] | None) -> tuple[Strokes, list[str]]:
    """The strokes, and the recording that each was made from; empty where nobody knows."""
    motions, tracks, forms = [], [], []
    takes: list[str] = []
    with ClipReader(corpus) as reader:
        names = [name for name in reader.names if reader.split_of(name) == "train"][:_TRAINING_CLIPS]
        for number, name in enumerate(names):
            clip = reader[name]
            if motion_sets.is_annotated(clip):
                motions.append(motion_sets.fitted(clip.motion(), clip))
                tracks.append(np.asarray(clip.annotations, np.float32))
                forms.append(forms_of_clip(clip))
                takes += takes_of_clip(clip)
            if progress is not None:
                progress((number + 1) / len(names))
    return strokes_of(motions, motions, tracks, forms), takes
