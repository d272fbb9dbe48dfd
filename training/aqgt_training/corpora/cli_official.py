# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train corpus convert-official`: the published databases as a clip database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from aqgt_training.corpora.cli_options import ClipDatabase, Resume
from aqgt_training.corpora.progress import corpus_progress


def convert_official(
    databases: Annotated[
        list[Path], typer.Argument(help="LMDB folders, e.g. dataset/AQGT/dataset_train, or their _cache.")
    ],
    output: ClipDatabase,
    split: Annotated[
        str | None, typer.Option(help="Split of all clips, instead of what the folders' names say.")
    ] = None,
    language: Annotated[str, typer.Option(help="Language of the words.")] = "en",
    vocabulary: Annotated[Path | None, typer.Option(help="The published vocab_cache.pkl.")] = None,
    speakers: Annotated[
        Path | None, typer.Option(help="The published …_speaker_model.pkl, whose numbers are kept.")
    ] = None,
    means: Annotated[Path | None, typer.Option(help="The published means.p.")] = None,
    resume: Resume = False,
) -> None:
    """Convert the published databases (AQGT, SaGA); damaged records are counted, named and left out."""
    from aqgt_training.corpora.official import (
        RECORDS,
        OfficialSources,
        RecordReport,
        count_records,
    )
    from aqgt_training.corpora.official import convert_official as convert

    console = Console(stderr=True)
    sources = OfficialSources(databases, split, language, vocabulary, speakers, means)
    with corpus_progress(console) as bar:
        task = bar.add_task("Records", total=count_records(databases))

        def progress(report: RecordReport) -> None:
            for problem in report.problems[:3]:
                bar.console.print(f"{report.record}: {problem}", style="yellow", markup=False)
            bar.advance(task)

        manifest = convert(sources, output, resume=resume, progress=progress)
    info = manifest["info"]
    console.print(
        f"{manifest['clips']} clips ({manifest['seconds'] / 3600:.2f} h) "
        f"of {info['records']} records in {output}; "
        f"{info['corrupt_records']} damaged records and {info['skipped_clips']} clips were left out"
        + (f" (see {RECORDS})." if info["corrupt_records"] or info["skipped_clips"] else ".")
    )
