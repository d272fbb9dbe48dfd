# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of one variant, all by the functions of the evaluation, on the base's held-out clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from aqgt.models.registry import LoadedModel
from aqgt.speech.features import CompactFeatures
from aqgt_training.corpora.clip_lmdb import ClipRecord
from aqgt_training.corpora.windows import WindowSampler, load_clips
from aqgt_training.evaluation.controlled import controlled_gestures
from aqgt_training.evaluation.evaluator import held_out_clips
from aqgt_training.evaluation.features import features_of
from aqgt_training.evaluation.following import Recognisers, followed, trained_recognisers
from aqgt_training.evaluation.scores import (
    as_plain,
    beat_figures,
    clip_figures,
    frechet_figures,
    set_figures,
)
from aqgt_training.evaluation.sets import MotionSet, baselines, of_condition, recorded, training_poses
from aqgt_training.evaluation.variety import variety_of
from aqgt_training.losses import GeneratorLoss, LossWeights
from aqgt_training.stages.autoencoder import FeatureExtractor
from aqgt_training.stages.data import Statistics

CONDITIONS = ("annotated", "channels", "planner")
_SHOWN = ("wrist_error_share", "speed_ratio", "jerk_ratio", "resting_share")
_BATCH = 48
_OTHER = 7
"""Windows between one and that whose sound it gets."""


@dataclass(frozen=True)
class Measure:
    """What all variants are measured by.

    Attributes:
        corpus: the base's.
        clips: its held-out clips.
        controlled: how many of them get single typed gestures.
        rest: `[53, 3]` rest pose of its training clips.
        features: what all variants hear and read.
        statistics: of its training clips; poses are normalised by them for the loss of every variant,
            whatever a model's own normalisation is.
        extractor: of the features of the Fréchet distance.
        extractor_rest: the rest pose's own Fréchet distance.
        recognisers: of the strokes of its training clips.
    """

    corpus: Path
    clips: Sequence[ClipRecord]
    controlled: int
    rest: NDArray[np.float32]
    features: CompactFeatures
    statistics: Statistics
    extractor: FeatureExtractor
    extractor_rest: float
    recognisers: Recognisers

    @classmethod
    def of(
        cls,
        corpus: Path,
        n_clips: int,
        controlled: int,
        features: CompactFeatures,
        statistics: Statistics,
        extractor: FeatureExtractor,
    ) -> Measure:
        """Reads the held-out clips of a corpus."""
        clips, _ = held_out_clips(corpus, n_clips, "val")
        poses = training_poses(corpus)
        still = next(s for s in baselines(clips, poses.mean, poses.rest) if s.name == "rest pose")
        distance = _frechet(still, clips, extractor)
        recognisers = trained_recognisers(corpus, with_reach=False)
        return cls(
            corpus, clips, controlled, poses.rest, features, statistics, extractor, distance, recognisers
        )

    def figures(self, model: LoadedModel, progress: Callable[[str, float], None]) -> dict[str, Any]:
        """All figures of one model, as plain values."""
        found: dict[str, Any] = {"loss": self._losses(model)}
        real = recorded(self.clips)
        real_rows = [
            clip_figures(m, m, clip, self.rest) for m, clip in zip(real.motions, self.clips, strict=True)
        ]
        for number, condition in enumerate(CONDITIONS):
            progress(condition, number / (len(CONDITIONS) + 1))
            made = of_condition(model, self.clips, condition)
            rows = [
                clip_figures(m, r, clip, self.rest)
                for m, r, clip in zip(made.motions, real.motions, self.clips, strict=True)
            ]
            table = set_figures(rows, real_rows)
            distance = _frechet(made, self.clips, self.extractor)
            found[condition] = {
                **{name: table[name].value for name in _SHOWN},
                "frechet_share": distance / self.extractor_rest,
                "beats": beat_figures(made, self.clips),
                "recognised": self._recognised(made, real),
            }
        progress("single gestures", len(CONDITIONS) / (len(CONDITIONS) + 1))
        found["controlled"] = controlled_gestures(model, self.clips[: self.controlled]).as_dict()
        found["seeds"] = variety_of(model, self.clips[: self.controlled])
        plain: dict[str, Any] = as_plain(found)
        return plain

    def _recognised(self, made: MotionSet, real: MotionSet) -> dict[str, float]:
        """Share of strokes recognised as what the annotations say, by family."""
        figures = followed([made], real, self.clips, self.recognisers).get(made.name, {})
        return {name: figures[name]["accuracy"] for name in self.recognisers.classifiers if name in figures}

    def _losses(self, model: LoadedModel) -> dict[str, float]:
        """One loss for all on held-out windows that begin with recorded frames.

        As given, without the forms, and with the sound of other windows.
        """
        generator, config = model.generator, model.config
        clips = load_clips(
            self.corpus,
            "val",
            self.features,
            fingerprint=f"ablation {self.features.config} {getattr(self.features.vectors, 'digest', '')}",
            lengths=config.length_table,
            forms=config.annotation.forms,
        )
        mean, std = (torch.from_numpy(x) for x in (self.statistics.mean, self.statistics.std))
        loss = GeneratorLoss(mean, std, LossWeights())
        windows = WindowSampler(
            clips,
            generator.pose_mean.numpy(),
            generator.pose_std.numpy(),
            batch_size=_BATCH,
            stride=config.stride,
            window=config.window,
            seed_frames=config.seed_frames,
        )
        found: dict[str, list[float]] = {"annotated": [], "channels": [], "other_sound": []}
        for batch in windows.epoch(0, shuffle=False):
            batch["speaker"] = batch["speaker"].clamp(max=config.speaker.count - 1)
            target = ((generator.denormalise(batch["target"]) - mean) / std).flatten(-2)
            shown = {
                "annotated": batch,
                "channels": {name: value for name, value in batch.items() if name != "forms"},
                "other_sound": {**batch, **{name: batch[name].roll(_OTHER, 0) for name in ("mel", "beats")}},
            }
            for name, given in shown.items():
                with torch.inference_mode():
                    made = generator.denormalise(generator(given).bone_vectors)
                value = float(loss(((made - mean) / std).flatten(-2), target)["total"])
                found[name] += [value] * len(made)
        return {name: float(np.mean(values)) for name, values in found.items()}


def _frechet(made: MotionSet, clips: Sequence[ClipRecord], extractor: FeatureExtractor) -> float:
    real = features_of(recorded(clips).motions, extractor)
    return frechet_figures(features_of(made.motions, extractor), real)["frechet"].value
