# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt models`: which models there are, what they are, and whether they are whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aqgt.cli.models_export import export_official
from aqgt.cli.models_fetch import fetch
from aqgt.cli.models_import import import_model

if TYPE_CHECKING:
    from aqgt.models.exchange.verifying import Lack

models_app = typer.Typer(
    help="List, show and verify models; import, fetch and export the published ones.", no_args_is_help=True
)
models_app.command("import")(import_model)
models_app.command("fetch")(fetch)
models_app.command("export-official")(export_official)


@models_app.command("list")
def list_models() -> None:
    """List the installed models with their licence, and what they lack."""
    from rich.console import Console
    from rich.table import Table

    from aqgt.cli.progress import note
    from aqgt.errors import AqgtError
    from aqgt.models import registry

    table = Table("name", "what it is", "frames/s", "speakers", "licence", "commercial use")
    incomplete = []
    for name in registry.available():
        try:
            info = registry.describe(name)
            incomplete += [name] if _lacks(name) else []
        except AqgtError as error:
            note(f"{name} is left out: {error}")
            continue
        use = "yes" if info.commercial_use else "no"
        table.add_row(info.name, info.title, f"{info.fps:g}", str(info.speakers), info.licence, use)
    Console().print(table)
    for name in incomplete:
        note(f"{name} is not complete; `aqgt models verify {name}` says what it lacks.")


@models_app.command("show")
def show_model(name: Annotated[str, typer.Argument(help="Name of a model, or its folder.")]) -> None:
    """Show a model's licence, parts, origin and card."""
    from rich.console import Console

    from aqgt.models import registry
    from aqgt.models.exchange.hashes import read_sources, sha256_of

    info, folder = registry.describe(name), registry.folder_of(name)
    console = Console(highlight=False, soft_wrap=True)

    def say(line: str) -> None:
        console.print(line, markup=False)

    say(f"{info.name}: {info.title}")
    say(f"licence {info.licence}, commercial use: {'yes' if info.commercial_use else 'no'}")
    if info.forms:
        say(f"gesture forms {', '.join(info.forms)}")
    if folder is not None and (folder / registry.WEIGHTS).is_file():
        say(f"weights {sha256_of(folder / registry.WEIGHTS)}")
        say(f"folder {folder}")
        _show_parts(folder, say)
        for source in read_sources(folder):
            say(f"imported {source['part']} from {source['file']} ({source['sha256']})")
    for lack in _lacks(name):
        say(f"{lack.sentence} {lack.remedy}")
    if info.card:
        say(f"\n{info.card}")


@models_app.command("verify")
def verify_model(
    name: Annotated[str, typer.Argument(help="Name of a model, or its folder.")],
    sha256: Annotated[str | None, typer.Option(help="SHA-256 its weights should have.")] = None,
) -> None:
    """Check a model: files as they were written, weights that fit its config, nothing missing."""
    from rich.console import Console

    from aqgt.models.exchange.verifying import verify

    found = verify(name, sha256)
    same = "" if sha256 is None else ", as asked for"
    more = f" Its parts {', '.join(found.parts)} are whole too." if found.parts else ""
    hashed = " All files are as they were written." if found.hashed else ""
    Console(highlight=False, soft_wrap=True).print(
        f"{Path(name).name} is whole: {found.n_tensors} tensors of {found.n_values:,} numbers fit its config;"
        f" their SHA-256 is {found.sha256}{same}.{more}{hashed}",
        markup=False,
    )


def _lacks(name: str) -> list[Lack]:
    from aqgt.models import registry
    from aqgt.models.config import read_config
    from aqgt.models.exchange.verifying import lacks

    folder = registry.folder_of(name)
    return [] if folder is None else lacks(folder, read_config(folder / registry.CONFIG))


def _show_parts(folder: Path, say: Callable[[str], None]) -> None:
    from aqgt.models.exchange import parts

    for part, path in parts.weight_files(folder).items():
        names, n_values = parts.header_of(path)
        say(f"{part}: {len(names)} tensors, {n_values:,} values ({path.relative_to(folder)})")
    speakers = parts.read_saved_speakers(folder)
    if speakers:
        first = ", ".join(f"{number} {speaker}" for speaker, number in list(speakers.items())[:3])
        say(f"speakers with names: {len(speakers)} ({first}{', …' if len(speakers) > 3 else ''})")
