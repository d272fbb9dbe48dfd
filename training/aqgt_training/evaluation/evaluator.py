# SPDX-License-Identifier: GPL-3.0-or-later
"""One evaluation: sets of motions for held-out clips, their figures, and what the model does when asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt import __version__
from aqgt.errors import AqgtError
from aqgt.models.registry import LoadedModel
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipRecord
from aqgt_training.evaluation import sets as motion_sets
from aqgt_training.evaluation.controlled import controlled_gestures
from aqgt_training.evaluation.features import features_of, independent_windows, windows_of
from aqgt_training.evaluation.following import followed, trained_recognisers
from aqgt_training.evaluation.made_forms import named_forms
from aqgt_training.evaluation.scores import (
    as_plain,
    beat_figures,
    clip_figures,
    frechet_figures,
    set_figures,
)
from aqgt_training.evaluation.sets import MotionSet
from aqgt_training.evaluation.variety import variety_of
from aqgt_training.evaluation.voices import voice_figures
from aqgt_training.stages.autoencoder import FeatureExtractor

Progress = Callable[[str, float], None]

_CONTROLLED_CLIPS = 6
_FORM_CLIPS = 3
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
    voices: Mapping[str, list[ClipRecord]] | None = None,
    progress: Progress = lambda what, share: None,
) -> Evaluation:
    """All figures of a model on held-out clips of a corpus.

    Args:
        n_clips: how many clips at most; clips shorter than a window are left out.
        split: which clips.
        extractor: features for the Fréchet distance; None: no such distance.
        against: another model, judged on the same clips.
        voices: clips of natural voices by name, see `voices.natural_clips`.

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
    recognisers = trained_recognisers(corpus, lambda s: progress("Reading strokes", s))
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
                "control": followed([*made, real], real, clips, recognisers),
                "voices": voice_figures(
                    model, voices or {}, poses.rest, clips, made[1], lambda s: progress("Voices", s)
                ),
                "reach": recognisers.reach,
                "controlled": controlled_gestures(
                    model, clips[:_CONTROLLED_CLIPS], progress=lambda s: progress("Controlled gestures", s)
                ).as_dict(),
                "named_forms": named_forms(
                    model, clips[:_FORM_CLIPS], recognisers.classifiers, lambda s: progress("Named forms", s)
                ),
                **variety_of(model, clips[:_CONTROLLED_CLIPS], lambda s: progress("Two seeds", s)),
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


def _values(table: dict[str, Any]) -> dict[str, float]:
    """The plain values of a table, without intervals."""
    return {name: figure.value for name, figure in table.items() if hasattr(figure, "value")}


def _window_counts(real: MotionSet, extractor: FeatureExtractor) -> dict[str, int]:
    length = extractor.config.n_pre + extractor.config.frames
    return {
        "per_set": sum(len(windows_of(motion, length)) for motion in real.motions),
        "independent": independent_windows(real.motions, extractor),
    }
