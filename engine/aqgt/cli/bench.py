# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt bench`: how fast this machine makes motion."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def bench(
    model: Annotated[
        str, typer.Option(help="Name of a model; aqgt-a takes random weights where it is not installed.")
    ] = "aqgt-a",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    threads: Annotated[
        int | None, typer.Option(min=1, help="Processor threads (default: the cores that are free now).")
    ] = None,
    variants: Annotated[int, typer.Option(min=1, help="Measure this many variants as well.")] = 3,
    seconds: Annotated[float, typer.Option(min=1.0, help="Length of the sound.")] = 60.0,
    precision: Annotated[
        str, typer.Option(help="exact, or fast: published models hear and read in bfloat16.")
    ] = "exact",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where the figures go as JSON.")
    ] = None,
) -> None:
    """Measure speed and memory, for published models beside the way their own code goes."""
    from aqgt.benchmark.bench import bench as run
    from aqgt.benchmark.material import PUBLISHED
    from aqgt.benchmark.side import ENGINE, Task
    from aqgt.cli.progress import note
    from aqgt.formats.files import write_bytes
    from aqgt.models import registry
    from aqgt.protocol.checks import check_choice
    from aqgt.service.backend import choose_device

    check_choice("--precision", precision, ("exact", "fast"))
    random = model in PUBLISHED and model not in registry.available()
    published = random or _is_published(model)
    task = Task(
        ENGINE,
        model,
        choose_device(device),
        threads,
        variants,
        seconds,
        "fast" if precision == "fast" else "exact",
    )
    if random:
        note("Drawing random weights …")
    record = run(task, compare=published, random=random, on_side=lambda title: note(f"Measuring: {title} …"))
    _show(record)
    if output is not None:
        write_bytes(output, (json.dumps(record, indent=1) + "\n").encode())
        note(f"{output}: the figures.")


def _is_published(model: str) -> bool:
    from aqgt.models.config import read_config
    from aqgt.models.registry import CONFIG, folder_of

    folder = folder_of(model)
    return folder is not None and read_config(folder / CONFIG).published is not None


def _show(record: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    machine, conditions, sides = record["machine"], record["conditions"], record["sides"]
    console = Console()
    console.print(
        f"{conditions['model']}, weights: {conditions['weights']}; {conditions['seconds']:g} s of"
        f" {conditions['sound']} sound; {machine['processor']}, {machine['cores']} cores,"
        f" {machine['busy_cores_before']} of them busy before and {machine['busy_cores_after']} after."
    )
    table = Table(title="Seconds per second of motion")
    table.add_column("")
    for title, side in sides.items():
        table.add_column(f"{title}\n{side['threads']} threads", justify="right")
    for part in dict.fromkeys(part for side in sides.values() for part in side["parts_per_second"]):
        found = [side["parts_per_second"].get(part) for side in sides.values()]
        table.add_row(part, *("" if value is None else f"{value:.4f}" for value in found))
    table.add_row("in all", *(f"{side['per_second']:.4f}" for side in sides.values()), end_section=True)
    for title, key in (
        ("first window", "first_window"),
        ("window, p50", "window_p50"),
        ("p95", "window_p95"),
    ):
        table.add_row(f"{title} (s)", *(f"{side[key]:.3f}" for side in sides.values()))
    peaks = [side["peak_mib"] for side in sides.values()]
    table.add_row("peak of memory (MiB)", *("" if peak is None else f"{peak:.0f}" for peak in peaks))
    console.print(table)
    for name, ratio in record["ratios"].items():
        console.print(f"  {name}: {ratio:.2f}")
