# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt models export-official`: an imported model as files of the original's kind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export_official(
    name: Annotated[str, typer.Argument(help="Name of an imported model, or its folder.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to make.")],
    safetensors: Annotated[
        bool,
        typer.Option(
            "--safetensors", help="One safetensors file per network instead of the original's tree."
        ),
    ] = False,
) -> None:
    """Write a published model's weights under their original names and shapes."""
    from rich.console import Console
    from rich.table import Table

    from aqgt.cli.progress import stages
    from aqgt.models.exchange.exporting import export_model

    with stages("Exporting"):
        files = export_model(name, output, safetensors=safetensors)
    table = Table("file", "keys")
    table.columns[1].justify = "right"
    for file in files:
        table.add_row(file.path, str(file.n_weights))
    Console(highlight=False).print(table)
    Console(highlight=False, soft_wrap=True).print(f"They are in {output}.", markup=False)
