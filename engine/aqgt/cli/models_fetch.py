# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt models fetch`: downloads what the published models need beside their own weights."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from aqgt.models.exchange.fetching import Source


def fetch(
    name: Annotated[str, typer.Argument(help="What to fetch; without it, what there is.")] = "",
    into: Annotated[str | None, typer.Option(help="Make it a part of this imported model.")] = None,
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="Accept the licence without being asked.")
    ] = False,
    sources: Annotated[
        Path | None, typer.Option(help="A list of your own, such as of a mirror; see configs/sources.yaml.")
    ] = None,
) -> None:
    """Download wav2vec2 or BERT for a published model, or say how its weights are had."""
    from aqgt.cli.progress import downloads, note
    from aqgt.models.exchange import fetching

    if not name:
        _print_list(fetching.read_sources(sources))
        return
    source = fetching.source_named(name, sources)
    if source.steps:
        _print_steps(source)
        return
    if into is not None:
        fetching.check_model(into)  # before anything is downloaded for it
    _accept(source, accept_licence)
    with downloads() as on_file:
        folder = fetching.fetch(name, source, on_file)
    if into is None:
        note(f"{name} is in {folder}.")
        note(f"Next: aqgt models import --name MODEL --{source.part} {folder}")
        return
    report = fetching.put_into(into, source, folder)
    note(f"{name} is now a part of {report.folder}.")


def _accept(source: Source, accepted: bool) -> None:
    from aqgt.cli.progress import note
    from aqgt.errors import AqgtError

    note(f"{source.title} ({source.size}), from {source.url}")
    note(f"Its licence is {source.licence}: {source.licence_url}")
    if accepted:
        return
    if not sys.stdin.isatty() or not typer.confirm("Do you accept it?", err=True):
        raise AqgtError(
            "The licence was not accepted, so nothing was fetched.",
            "Answer yes, or add --accept-licence.",
            "no-licence",
        )


def _print_list(sources: dict[str, Source]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "what it is", "size", "licence", "how")
    for name, source in sources.items():
        table.add_row(
            name, source.title, source.size, source.licence, "by hand" if source.steps else "download"
        )
    Console().print(table)


def _print_steps(source: Source) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    console.print(f"No program can fetch {source.title}; you can:", markup=False)
    for number, step in enumerate(source.steps, 1):
        console.print(f"{number}. {step}", markup=False)
    console.print(f"Licence: {source.licence} ({source.licence_url}). Then:", markup=False)
    for command in source.then:
        console.print(f"   {command}", markup=False)
