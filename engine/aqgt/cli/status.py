# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt status`: what a running engine is doing."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

_PAUSE = 0.5


def status(
    engine: Annotated[str | None, typer.Option(help="Address of the engine.")] = None,
    key: Annotated[
        Path | None, typer.Option(help="Your key file, where the engine wants one.", metavar="FILE")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Print the table once and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and end.")] = False,
) -> None:
    """Show what an engine is doing, until Ctrl-C."""
    from aqgt.protocol.address import DEFAULT_ADDRESS
    from aqgt.protocol.client import EngineClient

    with EngineClient(engine or DEFAULT_ADDRESS, name="aqgt status", key_file=key) as client:
        if as_json:
            typer.echo(json.dumps(asdict(client.status()), indent=1))
        elif once:
            _console().print(_table(client.status(), client.address))
        else:
            _watch(client)


def _watch(client: Any) -> None:
    from rich.live import Live

    try:
        with Live(_table(client.status(), client.address), console=_console(), auto_refresh=False) as live:
            while True:
                time.sleep(_PAUSE)
                live.update(_table(client.status(), client.address), refresh=True)
    except KeyboardInterrupt:
        return


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False)


def _table(status: Any, address: str) -> Any:
    from rich.console import Group
    from rich.table import Table

    jobs = Table("at work", "waiting", "done", "failed", "given up", "clients", "jobs/min", "sound s/min")
    done = status.finished - status.failed - status.cancelled
    jobs.add_row(
        *(str(number) for number in (status.running, status.queued, done, status.failed, status.cancelled)),
        str(status.clients),
        f"{status.jobs_per_minute:g}",
        f"{status.sound_per_minute:.0f}",
    )
    workers = Table("worker", "state", "device", "jobs", "memory", "started again", "models")
    for worker in status.workers:
        workers.add_row(
            str(worker.number), worker.state, worker.device, str(worker.jobs), _mib(worker.memory_mib),
            f"{worker.restarts} times", ", ".join(worker.models),
        )  # fmt: skip
    ending = ", about to end" if status.stopping else ""
    head = f"{address}: up {_duration(status.uptime)}, {_mib(status.memory_mib)}{ending}"
    return Group(head, jobs, workers)


def _mib(size: float | None) -> str:
    return "?" if size is None else f"{size:.0f} MiB"


def _duration(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"
