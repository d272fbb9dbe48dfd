# SPDX-License-Identifier: GPL-3.0-or-later
"""The evaluation of a model as one JSON document and as the table of its card."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from aqgt.generation import generate
from aqgt.models.registry import LoadedModel
from aqgt.protocol.messages import GenerateRequest
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipRecord
from aqgt_training.evaluation import motion_statistics as statistics
from aqgt_training.evaluation.controlled import controlled_gestures
from aqgt_training.evaluation.held_out import compare_with_clips

_CONTROLLED_CLIPS = 6


def evaluate_model(model: LoadedModel, corpus: Path, n_clips: int) -> dict[str, Any]:
    """All figures of a model on the first ``n_clips`` held-out clips of a corpus."""
    with ClipReader(corpus) as reader:
        clips = list(islice((clip for clip in reader if clip.split == "val"), n_clips))
        manifest = reader.manifest
    return {
        "model_hash": model.model_hash,
        "corpus_sha256": manifest.get("sha256", ""),
        "clips": len(clips),
        "held_out": compare_with_clips(model, clips),
        "controlled": controlled_gestures(model, clips[:_CONTROLLED_CLIPS]).as_dict(),
        "variety": _variety(model, clips[:_CONTROLLED_CLIPS]),
    }


def _variety(model: LoadedModel, clips: list[ClipRecord]) -> float:
    """Mean distance of the wrists between two seeds, the planner annotating, in model units."""
    distances = []
    for clip in clips:
        one, other = generate(
            GenerateRequest(clip.samples(), tuple(clip.words), variants=2, speaker=clip.speaker), model
        ).motions
        distances.append(statistics.wrist_error(one, other))
    return float(np.mean(distances))


def markdown_table(figures: dict[str, Any]) -> str:
    """The figures as Markdown."""
    annotated = figures["held_out"]["annotated"]
    controlled = figures["controlled"]
    reach = ", ".join(f"{name} {value:.3f}" for name, value in controlled["excursion"].items())
    lines = [
        f"On {figures['clips']} held-out clips (unseen gestures and texts, composed like the training data):",
        "",
        "| annotations | wrist speed | acceleration | jerk | wrist error | resting |",
        "|---|---|---|---|---|---|",
        *(_row(name, row) for name, row in figures["held_out"].items()),
        "",
        "Speed, acceleration and jerk are ratios to the clip's own; wrist error is a share of standing"
        " still's; resting is the share of frames with a wrist slower than 0.05 units/s (neck to head top ="
        " 0.1 units).",
        "",
        f"- Peak of speed in an annotated gesture: median {annotated['peak_error_median']:.3f} s from the"
        " clip's.",
        f"- Controlled gestures (side × extent, as typed markers, {controlled['gestures']} of them): the"
        f" asked-for hand moved most in {controlled['right_side']:.0%}; mean excursion {reach} units; highest"
        f" speed {controlled['peak_delay']:.2f} s after the preparation begins.",
        f"- Two seeds differ by {figures['variety']:.3f} units at the wrists (through the planner).",
    ]
    return "\n".join(lines)


def _row(name: str, row: dict[str, float]) -> str:
    columns = ("speed_ratio", "acceleration_ratio", "jerk_ratio", "wrist_error_share", "resting_share")
    return " | ".join([f"| {name}", *(f"{row[column]:.2f}" for column in columns)]) + " |"
