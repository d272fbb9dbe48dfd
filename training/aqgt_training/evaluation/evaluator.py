# SPDX-License-Identifier: GPL-3.0-or-later
"""One evaluation: sets of motions for held-out clips, their figures, and what the model does when asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt import __version__
from aqgt.errors import AqgtError
from aqgt.generation import generate_many
from aqgt.models.registry import LoadedModel
from aqgt.motion import Motion
from aqgt.protocol.messages import GenerateRequest
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipRecord
from aqgt_training.evaluation import motion_statistics as statistics
from aqgt_training.evaluation import sets as motion_sets
from aqgt_training.evaluation.control import control_of, summary_of
from aqgt_training.evaluation.controlled import controlled_gestures
from aqgt_training.evaluation.features import features_of, independent_windows, windows_of
from aqgt_training.evaluation.form_classifier import (
    FAMILIES,
    Classifier,
    Strokes,
    classifier_of,
    recognition,
    strokes_of,
)
from aqgt_training.evaluation.scores import (
    as_plain,
    beat_figures,
    clip_figures,
    frechet_figures,
    set_figures,
)
from aqgt_training.evaluation.sets import MotionSet
from aqgt_training.stages.autoencoder import FeatureExtractor

Progress = Callable[[str, float], None]

_CONTROLLED_CLIPS = 6
_FORM_CLIPS = 400
_LEAST_FRAMES = 34


@dataclass
class Evaluation:
    """What an evaluation found.

    Attributes:
        figures: everything, as plain values for JSON.
        clips: the held-out clips.
        sets: the motions by set, for videos.
    """

    figures: dict[str, Any]
    clips: list[ClipRecord] = field(default_factory=list)
    sets: list[MotionSet] = field(default_factory=list)


def evaluate(
    model: LoadedModel,
    corpus: Path,
    n_clips: int = 20,
    *,
    split: str = "val",
    extractor: FeatureExtractor | None = None,
    against: LoadedModel | None = None,
    progress: Progress = lambda what, share: None,
) -> Evaluation:
    """All figures of a model on held-out clips of a corpus.

    Args:
        n_clips: how many clips at most; clips shorter than a window are left out.
        split: which clips.
        extractor: features for the Fréchet distance; None: no such distance.
        against: another model, judged on the same clips.

    Raises:
        AqgtError: the split holds no clips that are long enough.
    """
    began = time.monotonic()
    clips, manifest = held_out_clips(corpus, n_clips, split)
    poses = motion_sets.training_poses(corpus)
    real = motion_sets.recorded(clips)
    made = motion_sets.generated(model, clips, progress=lambda s: progress("Generating", s))
    if against is not None:
        made += motion_sets.generated(
            against, clips, prefix="previous ", progress=lambda s: progress("Generating (previous)", s)
        )
    all_sets = [*made, real, *motion_sets.baselines(clips, poses.mean, poses.rest)]
    tables, per_clip = _tables(all_sets, real, clips, poses.rest, extractor, progress)
    return Evaluation(
        as_plain(
            {
                "made_with": f"aqgt {__version__}",
                "model": model.info.name,
                "model_hash": model.model_hash,
                "against": None
                if against is None
                else {"model": against.info.name, "model_hash": against.model_hash},
                "corpus": str(corpus),
                "corpus_sha256": manifest.get("sha256", ""),
                "corpus_kind": manifest.get("info", {}).get("kind", "unknown"),
                "split": split,
                "clips": len(clips),
                "seconds": sum(clip.duration for clip in clips),
                "windows": None if extractor is None else _window_counts(real, extractor),
                "extractor_sha256": None if extractor is None else extractor.sha256,
                "held_out": {name: _values(tables[name]) for name in motion_sets.CONDITIONS},
                "sets": {each.name: {"about": each.about, **tables[each.name]} for each in all_sets},
                "control": _control([*made, real], real, clips, corpus, progress),
                "controlled": controlled_gestures(
                    model, clips[:_CONTROLLED_CLIPS], progress=lambda s: progress("Controlled gestures", s)
                ).as_dict(),
                **_noise(model, clips[:_CONTROLLED_CLIPS], progress),
                "per_clip": per_clip,
                "took_seconds": time.monotonic() - began,
            }
        ),
        clips,
        all_sets,
    )


def held_out_clips(corpus: Path, n_clips: int, split: str) -> tuple[list[ClipRecord], dict[str, Any]]:
    """The first clips of a split that are at least a window long, and the corpus's manifest."""
    clips: list[ClipRecord] = []
    with ClipReader(corpus) as reader:
        for name in reader.names:
            if len(clips) < n_clips and reader.split_of(name) == split:
                clip = reader[name]
                if len(clip.bone_vectors) >= _LEAST_FRAMES:
                    clips.append(clip)
        manifest = reader.manifest
    if not clips:
        raise AqgtError(
            f"The corpus {corpus} has no clips of {_LEAST_FRAMES} frames or more in its {split} split.",
            "Name another split or corpus.",
            "empty-corpus",
        )
    return clips, manifest


def _tables(
    all_sets: Sequence[MotionSet],
    real: MotionSet,
    clips: Sequence[ClipRecord],
    rest: NDArray[np.float32],
    extractor: FeatureExtractor | None,
    progress: Progress,
) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    real_rows = [clip_figures(m, m, clip, rest) for m, clip in zip(real.motions, clips, strict=True)]
    real_features = None if extractor is None else features_of(real.motions, extractor)
    tables: dict[str, dict[str, Any]] = {}
    rows_of: dict[str, list[dict[str, float]]] = {}
    for number, each in enumerate(all_sets):
        rows = [
            clip_figures(made, recorded, clip, rest)
            for made, recorded, clip in zip(each.motions, real.motions, clips, strict=True)
        ]
        rows_of[each.name] = rows
        table: dict[str, Any] = dict(set_figures(rows, real_rows))
        if extractor is not None and real_features is not None:
            table |= frechet_figures(features_of(each.motions, extractor), real_features)
        table["beats"] = beat_figures(each, clips)
        tables[each.name] = table
        progress("Measuring", (number + 1) / len(all_sets))
    return tables, _per_clip(rows_of, clips)


def _per_clip(
    rows_of: dict[str, list[dict[str, float]]], clips: Sequence[ClipRecord]
) -> list[dict[str, Any]]:
    """The figures of each clip, the one whose annotated motion is farthest from the recorded one first."""
    entries = []
    for number, clip in enumerate(clips):
        row = rows_of["annotated"][number]
        share = row["wrist_error"] / row["still_error"] if row["still_error"] > 0 else float("nan")
        entries.append(
            {
                "clip": clip.name,
                "seconds": clip.duration,
                "source": str(clip.meta.get("source", "")),
                "wrist_error_share": share,
                "sets": {name: rows[number] for name, rows in rows_of.items()},
            }
        )
    return sorted(entries, key=lambda entry: -np.nan_to_num(entry["wrist_error_share"], nan=-1.0))


def _control(
    judged: Sequence[MotionSet],
    real: MotionSet,
    clips: Sequence[ClipRecord],
    corpus: Path,
    progress: Progress,
) -> dict[str, Any]:
    """Per set: how it follows the clips' annotations; without annotated clips nothing."""
    chosen = [i for i, clip in enumerate(clips) if motion_sets.is_annotated(clip)]
    if not chosen:
        return {}
    tracks = [np.asarray(clips[i].annotations, np.float32) for i in chosen]
    references = [real.motions[i] for i in chosen]
    examples = _training_strokes(corpus, progress)
    classifiers, problems = _classifiers(examples)
    result: dict[str, Any] = {"clips": len(chosen), "notes": problems}
    for each in judged:
        motions = [each.motions[i] for i in chosen]
        table: dict[str, Any] = summary_of(
            [control_of(m, r, t) for m, r, t in zip(motions, references, tracks, strict=True)]
        )
        strokes = strokes_of(motions, references, tracks)
        for family, classifier in classifiers.items():
            table[family] = recognition(classifier, strokes.looks[family], strokes.labels[family])
        result[each.name] = table
    return result


def _training_strokes(corpus: Path, progress: Progress) -> Strokes:
    """Strokes of the training split: the classifier never sees a held-out clip."""
    motions, tracks = [], []
    with ClipReader(corpus) as reader:
        names = [name for name in reader.names if reader.split_of(name) == "train"][:_FORM_CLIPS]
        for number, name in enumerate(names):
            clip = reader[name]
            if motion_sets.is_annotated(clip):
                motions.append(motion_sets.fitted(clip.motion(), clip))
                tracks.append(np.asarray(clip.annotations, np.float32))
            progress("Reading strokes", (number + 1) / len(names))
    return strokes_of(motions, motions, tracks)


def _classifiers(examples: Strokes) -> tuple[dict[str, Classifier], list[str]]:
    found: dict[str, Classifier] = {}
    problems = []
    for family in FAMILIES:
        try:
            found[family] = classifier_of(family, examples.looks[family], examples.labels[family])
        except AqgtError as error:
            problems.append(f"No classifier of the {family}: {error.sentence}")
    return found, problems


def _noise(model: LoadedModel, clips: Sequence[ClipRecord], progress: Progress) -> dict[str, Any]:
    """Wrist distances between two seeds, and between no annotation and one that says nothing."""
    planner, given, unknown = [], [], []
    for number, clip in enumerate(clips):
        audio, words = clip.samples(), tuple(clip.words)
        speaker = min(clip.speaker, model.config.speaker.count - 1)
        track = clip.track().values
        requests = [
            GenerateRequest(audio, words, variants=2, speaker=speaker),
            GenerateRequest(audio, words, variants=2, speaker=speaker, track=track),
            GenerateRequest(audio, words, speaker=speaker, annotate="none"),
            GenerateRequest(audio, words, speaker=speaker, track=np.full_like(track, -1.0)),
        ]
        made = [result.motions for result in generate_many(requests, model)]
        planner.append(_distance(made[0][0], made[0][1]))
        given.append(_distance(made[1][0], made[1][1]))
        unknown.append(_distance(made[2][0], made[3][0]))
        progress("Two seeds", (number + 1) / len(clips))
    return {
        "variety": float(np.mean(planner)),
        "variety_annotated": float(np.mean(given)),
        "unknown_changes": float(np.mean(unknown)),
    }


def _distance(one: Motion, other: Motion) -> float:
    return statistics.wrist_error(one, other)


def _values(table: dict[str, Any]) -> dict[str, float]:
    """The plain values of a table, without intervals."""
    return {name: figure.value for name, figure in table.items() if hasattr(figure, "value")}


def _window_counts(real: MotionSet, extractor: FeatureExtractor) -> dict[str, int]:
    length = extractor.config.n_pre + extractor.config.frames
    return {
        "per_set": sum(len(windows_of(motion, length)) for motion in real.motions),
        "independent": independent_windows(real.motions, extractor),
    }
