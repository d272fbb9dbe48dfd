# SPDX-License-Identifier: GPL-3.0-or-later
"""By hand: what fine-tuning does for a performer whom a model has never seen.

A network of the compact model's size is trained on the gesture clips of three performers for a while, then
further on those of a fourth, part of whose gestures are held out. Takes a few minutes of one processor core.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from aqgt_training.corpora.cli import compose_corpus
from aqgt_training.corpora.compose_config import ComposeConfig
from aqgt_training.stages.exporting import export_run
from aqgt_training.stages.running import StageRun, open_stage, read_stage

CHECKOUT = Path(__file__).resolve().parent.parent
NEW = "PN@"
"""How the names of the fourth performer's clips begin."""


def gestures_of(source: Path, folder: Path, *, new: bool) -> Path:
    """A folder with the clips of the new performer, or of all others."""
    folder.mkdir(parents=True)
    for name in ("smartbody", "sbextra"):
        meta = json.loads((source / f"{name}_meta.json").read_text())
        meta["clips"] = [clip for clip in meta["clips"] if clip["name"].startswith(NEW) == new]
        (folder / f"{name}_meta.json").write_text(json.dumps(meta))
        shutil.copy(source / f"{name}_positions_30fps.npz", folder)
    return folder


def corpus_of(work: Path, name: str, gestures: Path, **changes: Any) -> Path:
    """A composed corpus of these gestures."""
    config = ComposeConfig.read(CHECKOUT / "configs" / "corpora" / "composed.yaml")
    values = {"gestures": gestures, "recordings": [], "recorded": 0.0, **changes}
    compose_corpus(config.model_copy(update=values), work / name)
    return work / name


def training(work: Path, name: str, inputs: dict[str, Any], **changes: Any) -> StageRun:
    """A training of the generator with the compact model's settings."""
    settings = {"precision": "32-true", "batch_size": 32, "validate_every": 0, "validation_batches": 100}
    path = CHECKOUT / "configs" / "stages" / "generator.yaml"
    stage = read_stage("generator", path, {**settings, **changes}, inputs)
    return open_stage("generator", stage, work / name, accelerator="cpu", devices=1)


def main() -> None:
    """Train, fine-tune, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=CHECKOUT.parent / "shared")
    parser.add_argument("--steps", type=int, default=200, help="of the first training")
    parser.add_argument("--tuning-steps", type=int, default=40, help="of the fine-tuning")
    parser.add_argument("--hours", type=float, default=0.2, help="of material for the first training")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        source = arguments.shared / "data" / "gestures"
        others = gestures_of(source, work / "others-clips", new=False)
        own = gestures_of(source, work / "own-clips", new=True)
        hours = arguments.hours
        first = corpus_of(work, "others", others, hours=hours, val_minutes=1.0, speakers=3)
        second = corpus_of(work, "own", own, hours=hours / 2, val_minutes=2.0, speakers=1, hold_out=0.3)
        model_config = work / "model.yaml"
        text = (CHECKOUT / "configs" / "models" / "compact.yaml").read_text()
        model_config.write_text(text.replace("vectors: file ", "vectors: none "))
        base = training(work, "base", {"corpus": first, "model": model_config}, max_steps=arguments.steps)
        base.run(work / "base")
        print(f"first training: {base.trainer.position.step} steps, held-out loss of its own performers"
              f" {base.trainer.validate()['total']:.3f}")  # fmt: skip
        model = export_run(work / "base", "base", target=work / "base-model")
        for name, freeze in (("all parts", []), ("backbone frozen", ["backbone"])):
            changes = {
                "max_steps": arguments.tuning_steps,
                "learning_rate": 5e-4,
                "warmup_steps": 10,
                "adversarial_from": 1.0,
                "fine_tuning": {"new_speakers": 1, "freeze": freeze},
            }
            tuned = training(work, name, {"corpus": second, "init_from": str(model)}, **changes)
            before = tuned.trainer.validate()["total"]
            tuned.run(work / name)
            after = tuned.trainer.validate()["total"]
            print(
                f"fine-tuning, {name}: held-out loss of the new performer {before:.3f} before,"
                f" {after:.3f} after {tuned.trainer.position.step} steps"
                f" ({tuned.trainer.position.seconds:.0f} s)",
                flush=True,
            )


if __name__ == "__main__":
    main()
