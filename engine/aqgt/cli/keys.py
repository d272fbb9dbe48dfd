# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt keys`: keys for engines that other machines may reach."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

keys_app = typer.Typer(help="Make keys for an engine that other machines may reach.", no_args_is_help=True)


@keys_app.callback()
def _keys() -> None:
    """A group, even with a single command."""


@keys_app.command("new")
def new(
    folder: Annotated[Path, typer.Argument(help="Folder of the engine's keys; made where it is missing.")],
    client: Annotated[str, typer.Option(help="Name of the client that gets keys.")] = "client",
) -> None:
    """Make keys for a client, and for the engine where the folder has none yet."""
    from aqgt.cli.progress import note
    from aqgt.protocol.keys import new_keys

    made = new_keys(folder, client)
    note(f"{made}: give this file to {client}, by a way that nobody else can read.")
    note(f"The engine: aqgt serve --keys {folder} --address tcp://0.0.0.0:5757")
    note(f"The client: --engine tcp://ITS-MACHINE:5757 --key {made.name}")
