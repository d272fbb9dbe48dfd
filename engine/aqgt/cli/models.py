# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt models`: which models are installed, and what they are."""

from __future__ import annotations

from typing import Annotated

import typer

models_app = typer.Typer(help="List the installed models, or show one.", no_args_is_help=True)


@models_app.command("list")
def list_models() -> None:
    """List the installed models with their licence."""
    from rich.console import Console
    from rich.table import Table

    from aqgt.cli.progress import note
    from aqgt.errors import AqgtError
    from aqgt.models import registry

    table = Table("name", "what it is", "frames/s", "speakers", "licence", "commercial use")
    for name in registry.available():
        try:
            info = registry.describe(name)
        except AqgtError as error:
            note(f"{name} is left out: {error}")
            continue
        use = "yes" if info.commercial_use else "no"
        table.add_row(info.name, info.title, f"{info.fps:g}", str(info.speakers), info.licence, use)
    Console().print(table)


@models_app.command("show")
def show_model(name: Annotated[str, typer.Argument(help="Name of a model, or its folder.")]) -> None:
    """Show a model's card."""
    from rich.console import Console

    from aqgt.models import registry

    model = registry.load_model(name)
    info = model.info
    console = Console(highlight=False)
    console.print(f"{info.name}: {info.title}", markup=False)
    console.print(f"licence {info.licence}, commercial use: {'yes' if info.commercial_use else 'no'}")
    console.print(f"weights {model.model_hash}", markup=False)
    if info.card:
        console.print(f"\n{info.card}", markup=False)
