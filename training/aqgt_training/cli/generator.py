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
    from aqgt.models.config import read_config
    from aqgt.models.word_table import open_word_vectors
    from aqgt.settings import read_settings
    from aqgt.speech.features import CompactFeatures
    from aqgt_training.stages.build import build_generator_training
    from aqgt_training.stages.config import GeneratorStage

    config = read_config(model)
    settings = read_settings(stage, GeneratorStage)
    if minutes is not None:
        settings = settings.model_copy(update={"minutes": minutes})
    vectors = open_word_vectors(config, model.resolve().parent, word_vectors, fresh=True)
    features = CompactFeatures(config.features, vectors)
    training = build_generator_training(
        config,
        settings,
        corpus,
        features,
        work,
        accelerator=accelerator,
        devices=devices if devices == "auto" else int(devices),
    )
    counters = training.run()
    last = counters.history[-1]
    Console(stderr=True).print(
        f"{counters.step} steps in {counters.seconds / 60:.1f} min, "
        f"loss {last['total']:.3f}, held-out loss {last['val_total']:.3f}. Checkpoint: {training.checkpoint}"
    )
