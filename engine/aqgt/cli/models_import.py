# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt models import`: the published weights become a model of the registry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

File = typer.Option(exists=True, dir_okay=False, show_default=False)


def import_model(
    root: Annotated[
        Path | None,
        typer.Option(help="The original's folder: it holds pretrained, means.p and combined_vocab."),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the model to make, or to add parts to.")] = "aqgt-a",
    variant: Annotated[
        str | None, typer.Option(help="aqgt-a or aqgt: which published generator; by default as named.")
    ] = None,
    generator: Annotated[
        Path | None, typer.Option(help="aqgt-a_checkpoint.ckpt or aqgt_checkpoint.ckpt.")
    ] = None,
    audio_vq: Annotated[Path | None, typer.Option(help="vqvae_audio.ckpt; generating needs it.")] = None,
    means: Annotated[Path | None, typer.Option(help="means.p; the generator needs it.")] = None,
    speakers: Annotated[Path | None, typer.Option(help="dataset_train_speaker_model.pkl.")] = None,
    pose_vq: Annotated[Path | None, typer.Option(help="pose_vq.bin, kept for export alone.")] = None,
    annotation: Annotated[
        Path | None, typer.Option(help="annotation_model.bin, kept for export alone.")
    ] = None,
    autoencoder: Annotated[
        Path | None, typer.Option(help="gesture_autoencoder_checkpoint_best.bin, for the Fréchet distance.")
    ] = None,
    wav2vec2: Annotated[Path | None, typer.Option(help="Folder of wav2vec2-base-960h.")] = None,
    bert: Annotated[Path | None, typer.Option(help="Folder of bert-base-uncased.")] = None,
    to: Annotated[
        Path | None, typer.Option(help="Put the model's folder in here instead of among your own models.")
    ] = None,
    replace: Annotated[bool, typer.Option(help="Replace a model of that name.")] = False,
) -> None:
    """Import the published AQ-GT weights. Nothing in the files is run; see docs/official.md."""
    from aqgt.cli.progress import note, stages
    from aqgt.models.exchange.importing import import_model as run
    from aqgt.models.exchange.tree import Sources, find_sources, variant_in

    chosen = variant or variant_in(root, name)
    single = Sources(
        generator=generator, audio_vq=audio_vq, pose_vq=pose_vq, annotation=annotation,
        autoencoder=autoencoder, means=means, speakers=speakers, wav2vec2=wav2vec2, bert=bert,
    )  # fmt: skip
    sources = single if root is None else single.over(find_sources(root, chosen))
    with stages("Importing") as advance:
        report = run(sources, name, variant=chosen, to=to, replace=replace, on_progress=advance)
    _print_summary(report)
    for sentence in report.notes:
        note(sentence)
    _print_next(report)


def _print_summary(report: object) -> None:
    from rich.console import Console
    from rich.table import Table

    from aqgt.models.exchange.importing import ImportReport

    assert isinstance(report, ImportReport)
    table = Table("part", "from", "keys", "values", title=report.config.title)
    for column in table.columns[2:]:
        column.justify = "right"
    for part in report.parts:
        table.add_row(part.part, part.source, str(part.n_weights), f"{part.n_values:,}")
    console = Console(highlight=False, soft_wrap=True)
    Console(highlight=False).print(table)
    use = "yes" if report.config.commercial_use else "no"
    console.print(f"licence {report.config.licence}, commercial use: {use}", markup=False)
    console.print(f"The model “{report.folder.name}” is in {report.folder}.", markup=False)


def _print_next(report: object) -> None:
    from aqgt.cli.progress import note
    from aqgt.models.exchange.importing import ImportReport
    from aqgt.models.exchange.verifying import lacks

    assert isinstance(report, ImportReport)
    for lack in lacks(report.folder, report.config):
        note(f"{lack.sentence} {lack.remedy}")
