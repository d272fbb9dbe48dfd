# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train stage`: train one network; `aqgt-train export`: make a model of a training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from aqgt.errors import AqgtError

Folder = Annotated[Path | None, typer.Option(show_default=False)]


def stage(
    name: Annotated[str, typer.Argument(help="pose-vq, audio-vq, annotation, autoencoder or generator.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder for checkpoints, logs and what the stage makes.")
    ],
    config: Annotated[
        Path | None, typer.Option(help="Stage config, e.g. configs/stages/pose-vq-code.yaml.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what the output folder holds.")
    ] = False,
    corpus: Annotated[Path | None, typer.Option(help="Folder of a clip corpus.")] = None,
    shards: Annotated[list[str] | None, typer.Option(help="Folder or URL of shards; repeatable.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model config (YAML).")] = None,
    word_vectors: Annotated[Path | None, typer.Option(help="Word vectors of the model.")] = None,
    pose_vq: Annotated[Path | None, typer.Option(help="Output folder of the stage pose-vq.")] = None,
    audio_vq: Annotated[Path | None, typer.Option(help="Output folder of the stage audio-vq.")] = None,
    annotation: Annotated[Path | None, typer.Option(help="Output folder of the stage annotation.")] = None,
    extractor: Annotated[
        Path | None, typer.Option(help="Output folder of the stage autoencoder; the lowest FGD is kept.")
    ] = None,
    encoders: Annotated[Path | None, typer.Option(help="Folder with wav2vec2 and bert.")] = None,
    init_from: Annotated[str | None, typer.Option(help="Model to fine-tune: a name or a folder.")] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="KEY=VALUE instead of the config's, e.g. losses.adversarial=0; repeatable."
        ),
    ] = None,
    accelerator: Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")] = "auto",
    devices: Annotated[str, typer.Option(help="Devices of this computer, or auto.")] = "auto",
) -> None:
    """Train one network of the chain."""
    from rich.console import Console

    from aqgt_training.stages.core.checkpoints import CHECKPOINT
    from aqgt_training.stages.core.devices import device_count
    from aqgt_training.stages.running import open_stage, read_stage

    if (output / CHECKPOINT).exists() and not resume:
        raise AqgtError(
            f"“{output}” holds a training already.",
            "Give --resume to go on with it, or another folder.",
            "output-taken",
        )
    inputs = {
        "corpus": corpus,
        "shards": tuple(shards) if shards else None,
        "model": model,
        "word_vectors": word_vectors,
        "pose_vq": pose_vq,
        "audio_vq": audio_vq,
        "annotation": annotation,
        "extractor": extractor,
        "encoders": encoders,
        "init_from": init_from,
    }
    settings = read_stage(name, config, _parsed(changes or []), inputs)
    run = open_stage(
        name,
        settings,
        output,
        accelerator=accelerator,
        devices=device_count(devices),
    )
    run.run(output)
    if run.trainer.fabric.is_global_zero:
        Console(stderr=True).print(_summary(run.trainer, output), markup=False)


def export(
    source: Annotated[Path, typer.Argument(help="Output folder of a generator's training, or a checkpoint.")],
    name: Annotated[str, typer.Option(help="Name of the model.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Its folder (default: among your own models).")
    ] = None,
) -> None:
    """Make a model that an engine loads."""
    from rich.console import Console

    from aqgt_training.stages.exporting import export_run

    folder = export_run(source, name, target=output)
    Console(stderr=True).print(f"The model “{name}” lies in {folder}.", markup=False)


def _parsed(changes: list[str]) -> dict[str, Any]:
    import yaml

    found = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise AqgtError(f"“{change}” is no KEY=VALUE.", "Write e.g. --set batch_size=16.", "bad-usage")
        found[key.strip()] = yaml.safe_load(value)
    return found


def _summary(trainer: Any, output: Path) -> str:
    position = trainer.position
    last = position.history[-1]
    return (
        f"{position.step} steps in {position.seconds / 60:.1f} min, held-out loss {last['val_total']:.4g},"
        f" best score {position.best:.4g} at step {position.best_step}. Everything lies in {output}."
    )
