# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt serve`: the engine that Blender and other programs talk to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    address: Annotated[
        str | None,
        typer.Option(
            help="Where to listen, e.g. tcp://127.0.0.1:5757; other than this machine only with keys."
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port on this machine; 0 picks a free one and prints it."),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Configuration instead of configs/engine.yaml.")] = None,
    keys: Annotated[
        Path | None, typer.Option(help="Folder that `aqgt keys new` made: only clients listed there get in.")
    ] = None,
    idle_exit: Annotated[
        float | None, typer.Option(help="End after so many minutes without a job.", metavar="MINUTES")
    ] = None,
    log: Annotated[str | None, typer.Option(help="text, or json: one JSON object per line.")] = None,
    whisper: Annotated[
        Path | None,
        typer.Option(help="Folder of a Whisper model (or of several) to transcribe with.", metavar="FOLDER"),
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.")] = None,
    parent_pipe: Annotated[
        bool, typer.Option("--parent-pipe", help="End when standard input closes, that is, with the parent.")
    ] = False,
) -> None:
    """Serve gestures to Blender and other programs until stopped.

    Prints the line `AQGT READY ADDRESS` on standard output as soon as jobs are taken.
    """
    from aqgt.protocol.address import format_address
    from aqgt.service.config import EngineConfig, read_engine_config
    from aqgt.service.serve import serve as run
    from aqgt.settings import check_settings

    settings = read_engine_config(config).model_dump()
    given = {
        "address": address if port is None or address is not None else format_address(port),
        "keys": None if keys is None else str(keys),
        "idle_exit": idle_exit,
        "log": log,
        "device": device,
        "transcription": None if whisper is None else str(whisper),
    }
    settings |= {name: value for name, value in given.items() if value is not None}
    run(check_settings(settings, EngineConfig, "the command line"), parent_pipe=parent_pipe)
