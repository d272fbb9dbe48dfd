# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt models`: which models are installed, what they are, and whether they are whole."""

from __future__ import annotations

from typing import Annotated

import typer

models_app = typer.Typer(
    help="List the installed models, show one, or verify that it is whole.", no_args_is_help=True
)


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


@models_app.command("verify")
def verify_model(
    name: Annotated[str, typer.Argument(help="Name of a model, or its folder.")],
    sha256: Annotated[str | None, typer.Option(help="SHA-256 its weights should have.")] = None,
) -> None:
    """Load a model; check that its weights fit its config and have the checksum, where one is given."""
    from rich.console import Console

    from aqgt.errors import AqgtError
    from aqgt.models import registry

    model = registry.load_model(name)  # refuses what is missing, unexpected, mis-shaped or not finite
    if sha256 is not None and sha256.strip().lower() != model.model_hash:
        raise AqgtError(
            f"The weights of {name} have the SHA-256 {model.model_hash}, not {sha256.strip().lower()}.",
            "Copy or install the model again.",
            "wrong-hash",
        )
    weights = model.generator.state_dict()
    count = sum(value.numel() for value in weights.values())
    same = "" if sha256 is None else ", as asked for"
    Console(highlight=False, soft_wrap=True).print(
        f"{model.info.name} is whole: {len(weights)} tensors of {count:,} numbers fit its config; "
        f"their SHA-256 is {model.model_hash}{same}.",
        markup=False,
    )
