# SPDX-License-Identifier: GPL-3.0-or-later
"""What gesture forms are worth: two short trainings on one tiny composed corpus, with and without them.

    AQGT_SOURCES=sources python benchmarks/gesture_forms.py --work runs/forms

Both have the same config, seed, steps and batches. Measured on held-out windows (true seed frames) and
clips: loss and wrist error as given, with the forms hidden and with another window's sound; how far two seeds
are apart when the planner annotates, and when spans name everything but the form; how far the wrists get from
rest by extent, made and recorded.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aqgt import planner, skeleton
from aqgt.annotations import CHANNEL_BY_KEY, HANDS
from aqgt.generation import generate
from aqgt.models.config import ModelConfig, read_config
from aqgt.models.registry import LoadedModel, load_model
from aqgt.protocol.messages import GenerateRequest
from aqgt.resources import data_path
from aqgt_training.corpora.cli import compose_corpus
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipRecord
from aqgt_training.corpora.compose import forms_of_training
from aqgt_training.corpora.compose_config import ComposeConfig
from aqgt_training.corpora.windows import WindowSampler, load_clips
from aqgt_training.losses import GeneratorLoss, LossWeights
from aqgt_training.stages.exporting import write_model
from aqgt_training.stages.running import open_stage, read_stage

WRISTS = [skeleton.LEFT_WRIST, skeleton.RIGHT_WRIST]
Batch = dict[str, Tensor]


def main() -> None:
    """Compose, train twice, measure; the figures go to ``figures.json`` as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--hours", type=float, default=0.3)
    parser.add_argument("--val-minutes", type=float, default=4.0)
    parser.add_argument("--steps", type=int, default=180)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--clips", type=int, default=6, help="held-out clips to generate")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    compose = ComposeConfig.read(data_path("configs", "corpora", "composed-forms.yaml")).model_copy(
        update={"hours": chosen.hours, "val_minutes": chosen.val_minutes, "seed": 1}
    )
    corpus = chosen.work / "corpus"
    compose_corpus(compose, corpus)
    figures: dict[str, Any] = {}
    for name, forms in (("without", ()), ("with", forms_of_training(compose))):
        folder = train(chosen.work / name, corpus, forms, chosen.steps, chosen.batch)
        figures[name] = measure(load_model(folder), corpus, chosen.clips)
        print(name, json.dumps(figures[name], indent=1), flush=True)
        (chosen.work / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def train(folder: Path, corpus: Path, forms: Sequence[str], steps: int, batch: int) -> Path:
    """A model of a short training."""
    path = data_path("configs", "models", "compact-forms.yaml")
    config: ModelConfig = read_config(path)
    config = config.model_copy(
        update={
            "annotation": config.annotation.model_copy(update={"forms": tuple(forms)}),
            "text": config.text.model_copy(update={"vectors": "none"}),
        }
    )
    settings = read_stage(
        "generator",
        data_path("configs", "stages", "compact-forms.yaml"),
        {
            "max_steps": steps, "minutes": 60, "batch_size": batch, "validate_every": steps,
            "warmup_steps": 30, "adversarial_from": 1.0, "ema_decay": 0.98,
        },
        {"corpus": corpus, "model": path},
    )  # fmt: skip
    run = open_stage("generator", settings, folder, config=config, accelerator="cpu", devices=1)
    run.trainer.run()
    write_model(folder / "model", config, run.trainer.exported_state(), settings.inputs, "A benchmark's.")
    return folder / "model"


def measure(model: LoadedModel, corpus: Path, n_clips: int) -> dict[str, Any]:
    """All figures of one model."""
    shown: dict[str, Callable[[Batch], Batch]] = {
        "as given": lambda batch: batch,
        "forms hidden": lambda batch: {key: x for key, x in batch.items() if key != "forms"},
        "another's sound": lambda batch: {
            **batch, "mel": batch["mel"].roll(7, 0), "beats": batch["beats"].roll(7, 0)
        },
    }  # fmt: skip
    windows = _windows(model, corpus)
    figures: dict[str, Any] = {name: _on_windows(model, windows, change) for name, change in shown.items()}
    with ClipReader(corpus) as reader:
        clips = [reader[name] for name in reader.names if reader.split_of(name) == "val"][:n_clips]
    figures["two seeds, planned"] = float(np.mean([_apart(model, clip, ()) for clip in clips]))
    labelled = [_apart(model, clip, _labelled(clip)) for clip in clips]
    figures["two seeds, same labels"] = float(np.mean(labelled))
    figures["excursion by extent"] = _excursions(model, clips)
    return figures


def _windows(model: LoadedModel, corpus: Path) -> WindowSampler:
    generator, config = model.generator, model.config
    clips = load_clips(corpus, "val", model.features, fingerprint="bench", forms=config.annotation.forms)  # type: ignore[arg-type]
    return WindowSampler(
        clips,
        generator.pose_mean.numpy(),
        generator.pose_std.numpy(),
        batch_size=48,
        stride=config.stride,
        window=config.window,
        seed_frames=config.seed_frames,
    )


def _on_windows(
    model: LoadedModel, windows: WindowSampler, change: Callable[[Batch], Batch]
) -> dict[str, float]:
    generator, n_seed = model.generator, model.config.seed_frames
    loss = GeneratorLoss(generator.pose_mean, generator.pose_std, LossWeights())
    rest = _wrists(generator.rest_pose.numpy())
    losses, errors, still = [], [], []
    for batch in windows.epoch(0, shuffle=False):
        with torch.inference_mode():
            made = generator(change(batch)).bone_vectors
        losses += [float(loss(made, batch["target"])["total"])] * len(made)
        ours, theirs = (
            _wrists(generator.denormalise(x).numpy()[:, n_seed:]) for x in (made, batch["target"])
        )
        errors.append(np.linalg.norm(ours - theirs, axis=-1).mean(axis=(1, 2)))
        still.append(np.linalg.norm(rest - theirs, axis=-1).mean(axis=(1, 2)))
    error = float(np.concatenate(errors).mean())
    return {
        "loss": float(np.mean(losses)),
        "wrist error": error,
        "share of standing still's": error / float(np.concatenate(still).mean()),
    }


def _request(clip: ClipRecord, **changes: Any) -> GenerateRequest:
    audio = clip.samples().astype(np.float32)
    request = GenerateRequest(audio, tuple(clip.words), model="bench", speaker=clip.speaker, idle=0.0)
    return replace(request, **changes)


def _apart(model: LoadedModel, clip: ClipRecord, spans: tuple) -> float:
    first, second = generate(_request(clip, spans=spans, variants=2), model).motions
    return float(np.linalg.norm(_wrists(first.bone_vectors) - _wrists(second.bone_vectors), axis=-1).mean())


def _labelled(clip: ClipRecord) -> tuple:
    """The planner's gestures with all labels but the form."""
    spans = planner.suggest(clip.words, clip.samples().astype(np.float32), seed=0)
    return tuple(
        replace(span, labels={key: x for key, x in span.labels.items() if not key.startswith("form")})
        for span in spans
    )


def _excursions(model: LoadedModel, clips: Sequence[ClipRecord]) -> dict[str, dict[str, float]]:
    """Extent → mean of the farthest distances of the wrist from rest: made from the clip's 17 channels, and
    recorded."""
    rest = _wrists(model.generator.rest_pose.numpy())
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for clip in clips:
        track = clip.track().values
        made = generate(_request(clip, track=track), model).motions[0].bone_vectors
        n = min(len(made), len(clip.bone_vectors))
        paths = [np.linalg.norm(_wrists(x[:n]) - rest, axis=-1) for x in (made, clip.bone_vectors)]
        for index, hand in enumerate(HANDS):
            phase, extent = (CHANNEL_BY_KEY[f"{family}_{hand}"] for family in ("phase", "extent"))
            begins = np.flatnonzero((track[phase.index, 1:n] == 1) & (track[phase.index, : n - 1] != 1)) + 1
            for begin, end in zip(begins, [*begins[1:], n], strict=True):
                inside = np.flatnonzero(track[phase.index, begin:end] > 0) + begin
                label = extent.name_of(track[extent.index, begin])
                if label and len(inside) > 3:
                    far = [float(path[inside, index].max()) for path in paths]
                    found[label].append((far[0], far[1]))
    return {
        label: {
            "made": float(np.mean([x for x, _ in pairs])),
            "recorded": float(np.mean([y for _, y in pairs])),
            "gestures": len(pairs),
        }
        for label, pairs in sorted(found.items())
    }


def _wrists(vectors: NDArray) -> NDArray[np.float64]:
    positions = skeleton.positions_from_bone_vectors(np.asarray(vectors, np.float64))
    return positions[..., WRISTS, :] - positions[..., [skeleton.THORAX], :]


if __name__ == "__main__":
    main()
