# SPDX-License-Identifier: GPL-3.0-or-later
"""How sets of motions follow the annotations of held-out clips, and what classifiers recognise in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aqgt.errors import AqgtError
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipRecord
from aqgt_training.evaluation import sets as motion_sets
from aqgt_training.evaluation.asked_forms import forms_of_clip
from aqgt_training.evaluation.control import control_of, summary_of
from aqgt_training.evaluation.form_classifier import (
    FAMILIES,
    Classifier,
    Strokes,
    classifier_of,
    recognition,
    strokes_of,
)
from aqgt_training.evaluation.sets import MotionSet

_TRAINING_CLIPS = 400


def followed(
    judged: Sequence[MotionSet],
    real: MotionSet,
    clips: Sequence[ClipRecord],
    classifiers: Mapping[str, Classifier],
    problems: Sequence[str] = (),
) -> dict[str, Any]:
    """Per set: how it follows the clips' annotations; without annotated clips nothing.

    Args:
        classifiers, problems: see `trained_classifiers`.
    """
    chosen = [i for i, clip in enumerate(clips) if motion_sets.is_annotated(clip)]
    if not chosen:
        return {}
    tracks = [np.asarray(clips[i].annotations, np.float32) for i in chosen]
    forms = [forms_of_clip(clips[i]) for i in chosen]
    references = [real.motions[i] for i in chosen]
    result: dict[str, Any] = {"clips": len(chosen), "notes": list(problems)}
    for each in judged:
        motions = [each.motions[i] for i in chosen]
        table: dict[str, Any] = summary_of(
            [control_of(m, r, t) for m, r, t in zip(motions, references, tracks, strict=True)]
        )
        strokes = strokes_of(motions, references, tracks, forms)
        for family, classifier in classifiers.items():
            table[family] = recognition(classifier, strokes.looks[family], strokes.labels[family])
        result[each.name] = table
    return result


def trained_classifiers(
    corpus: Path, progress: Callable[[float], None] | None = None
) -> tuple[dict[str, Classifier], list[str]]:
    """Family → classifier of the training split's strokes, and a sentence for each that could not be made.

    Held-out clips are not even read.
    """
    examples = _training_strokes(corpus, progress)
    found: dict[str, Classifier] = {}
    problems = []
    for family in FAMILIES:
        try:
            found[family] = classifier_of(family, examples.looks[family], examples.labels[family])
        except AqgtError as error:
            problems.append(f"No classifier of the {family}: {error.sentence}")
    return found, problems


def _training_strokes(corpus: Path, progress: Callable[[float], None] | None) -> Strokes:
    motions, tracks, forms = [], [], []
    with ClipReader(corpus) as reader:
        names = [name for name in reader.names if reader.split_of(name) == "train"][:_TRAINING_CLIPS]
        for number, name in enumerate(names):
            clip = reader[name]
            if motion_sets.is_annotated(clip):
                motions.append(motion_sets.fitted(clip.motion(), clip))
                tracks.append(np.asarray(clip.annotations, np.float32))
                forms.append(forms_of_clip(clip))
            if progress is not None:
                progress((number + 1) / len(names))
    return strokes_of(motions, motions, tracks, forms)
