# SPDX-License-Identifier: GPL-3.0-or-later
"""Does the model make the gesture form that is asked for? One marker per form on held-out speech."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aqgt.annotations import Span
from aqgt.generation import generate_many
from aqgt.gesture_forms import FORM, forms_to_rows, gesture_forms
from aqgt.models.registry import LoadedModel
from aqgt.protocol.messages import SAMPLE_RATE, GenerateRequest
from aqgt_training.corpora.clip_lmdb import ClipRecord
from aqgt_training.evaluation.asked_forms import all_forms
from aqgt_training.evaluation.form_classifier import Forest, recognition, strokes_of

_START, _END = 2.0, 3.0
_SECONDS = 5.0
_AT_ONCE = 16


def named_forms(
    model: LoadedModel,
    clips: Sequence[ClipRecord],
    classifiers: Mapping[str, Forest],
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """What classifiers of recorded strokes say of gestures of which the form alone is named.

    Each form that the model and the classifier know is asked for once per clip, with the hands it was mostly
    recorded with.

    Returns:
        Empty for a model without forms; else ``gestures``, and for ``form`` and ``lexeme`` what `recognition`
        says, one stroke per hand.
    """
    known = set(classifiers["form"].classes) if "form" in classifiers else set()
    known &= set(model.config.annotation.forms)
    asked = [form for name, form in gesture_forms().items() if name in known]
    if not asked or not clips:
        return {}
    motions, tracks, rows = [], [], []
    done = 0
    for number, clip in enumerate(clips):
        audio = clip.samples()[: int(_SECONDS * SAMPLE_RATE)]
        words = tuple(word for word in clip.words if word.end <= _SECONDS)
        speaker = min(clip.speaker, model.config.speaker.count - 1)
        for at in range(0, len(asked), _AT_ONCE):
            forms = asked[at : at + _AT_ONCE]
            spans = [Span(_START, _END, form.sides[0], {FORM: form.name}) for form in forms]
            requests = [
                GenerateRequest(audio, words, (span,), seed=number, speaker=speaker) for span in spans
            ]
            for span, result in zip(spans, generate_many(requests, model), strict=True):
                motions.append(result.motions[0])
                tracks.append(result.tracks[0])
                n_frames = result.tracks[0].shape[1]
                rows.append(forms_to_rows([span], n_frames, model.config.fps, all_forms()))
            done += len(forms)
            if progress is not None:
                progress(done / len(asked) / len(clips))
    strokes = strokes_of(motions, motions, tracks, rows)
    return {
        "gestures": len(motions),
        "forms": len(asked),
        **{
            family: recognition(classifiers[family], strokes.looks[family], strokes.labels[family])
            for family in ("form", "lexeme")
            if family in classifiers
        },
    }
