# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt batch`: many recordings at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

FAILED_EXIT_CODE = 1
"""Some jobs failed; the report says why. A job file that can't be used ends with 2, as all errors do."""


def batch(
    jobs: Annotated[Path, typer.Argument(help="Job file: YAML, or a CSV table with one job per row.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results, instead of the job file's own.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; left out: one per core, one with a graphics card.")
    ] = None,
    blender: Annotated[
        str | None,
        typer.Option(help="Blender, or a Python with Blender as a module, for characters and videos."),
    ] = None,
    engine: Annotated[str | None, typer.Option(help="Let the engine at this address generate.")] = None,
    ray: Annotated[
        str | None, typer.Option(help="Let the Ray cluster at this address work, e.g. 10.0.0.5:6379.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made, and end.")] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Progress as lines of JSON on standard output, for programs.")
    ] = False,
    parent_pipe: Annotated[
        bool, typer.Option("--parent-pipe", help="End when standard input closes, that is, with the parent.")
    ] = False,
) -> None:
    """Generate, retarget and render many recordings; run it again to go on where it was interrupted.

    The report, report.html and report.json, lies in the folder of the results. Exit code 1: some jobs failed.
    """
    from aqgt.cli.progress import note
    from aqgt.cli.studio_progress import batch_progress, show_end
    from aqgt.protocol.checks import check_choice
    from aqgt.studio.batch import Options, end_with_parent, run_batch
    from aqgt.studio.jobfile import read_job_file
    from aqgt.studio.jobs import expand

    check_choice("--device", device, ("auto", "cpu", "cuda", "mps"))
    if parent_pipe:
        end_with_parent()
    file = read_job_file(jobs, out)
    if dry_run:
        for task in expand(file):
            typer.echo(f"{task.name}: {', '.join(str(path) for path in task.outputs.values())}")
        return
    with batch_progress(plain) as show:
        result = run_batch(file, Options(workers, blender, engine, ray, device), show)
    counts = {
        state: sum(one.state == state for one in result.outcomes) for state in ("done", "kept", "failed")
    }
    for outcome in result.failed[:20]:
        note(f"{outcome.name}: {outcome.error}")
    if len(result.failed) > 20:
        note(f"… and {len(result.failed) - 20} more.")
    note(
        f"{counts['done']} done, {counts['kept']} done earlier, {counts['failed']} failed. "
        f"Report: {result.report}"
    )
    if plain:
        show_end(result.report, counts)
    if result.failed:
        raise typer.Exit(FAILED_EXIT_CODE)
