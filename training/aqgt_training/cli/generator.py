# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train generator`: train the gesture generator on a clip corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def generator(
    corpus: Annotated[Path, typer.Argument(help="Folder of a clip corpus.")],
    model: Annotated[Path, typer.Option(help="Model config (YAML).")],
    stage: Annotated[Path, typer.Option(help="Stage config (YAML).")],
    work: Annotated[Path, typer.Option(help="Folder for checkpoints; a checkpoint there is continued.")],
    word_vectors: Annotated[
        Path | None,
        typer.Option(help="Word vectors: safetensors, or a fastText .bin where the config says so."),
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="End after this time.")] = None,
    accelerator: Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")] = "auto",
    devices: Annotated[str, typer.Option(help="Number of devices, or auto.")] = "auto",
) -> None:
    """Train the generator, or continue where its checkpoint stopped."""
    from aqgt_training.stages.running import open_stage, read_stage

    inputs = {"corpus": corpus, "model": model, "word_vectors": word_vectors}
    changes = {} if minutes is None else {"minutes": minutes}
    settings = read_stage("generator", stage, changes, inputs)
    chosen = devices if devices == "auto" else int(devices)
    training = open_stage("generator", settings, work, accelerator=accelerator, devices=chosen).trainer
    position = training.run()
    last = position.history[-1]
    Console(stderr=True).print(
        f"{position.step} steps in {position.seconds / 60:.1f} min, "
        f"loss {last['total']:.3f}, held-out loss {last['val_total']:.3f}. Checkpoint: {training.checkpoint}"
    )
