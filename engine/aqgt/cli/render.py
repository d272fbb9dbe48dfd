# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt render`: a .blend, or what a batch has made, as videos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def render(
    source: Annotated[Path, typer.Argument(help="A .blend, or a job file whose batch has made some.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The video (MP4); of a job file, the batch's folder."),
    ] = None,
    engine: Annotated[str | None, typer.Option(help="workbench (quick), eevee or cycles.")] = None,
    width: Annotated[int | None, typer.Option(min=16, help="Pixels, even.")] = None,
    height: Annotated[int | None, typer.Option(min=16, help="Pixels, even.")] = None,
    samples: Annotated[int | None, typer.Option(min=1, help="Of EEVEE and Cycles.")] = None,
    first: Annotated[int | None, typer.Option(help="First frame; left out: the scene's.")] = None,
    last: Annotated[int | None, typer.Option(help="Last frame; left out: the scene's.")] = None,
    step: Annotated[int | None, typer.Option(min=1, help="Every how many frames one is rendered.")] = None,
    camera: Annotated[str | None, typer.Option(help="Name of the camera; left out: the scene's.")] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Blender processes; left out: one per two cores.")
    ] = None,
    blender: Annotated[
        str | None, typer.Option(help="Blender, or a Python with Blender as a module.")
    ] = None,
) -> None:
    """Render with sound and without a window; run it again to go on where it was interrupted.

    Size, engine and frames that are not given are those of the job file, or 960 × 540 with Workbench.
    """
    from aqgt.cli.outputs import require_suffix
    from aqgt.cli.progress import note
    from aqgt.cli.studio_progress import frames_progress
    from aqgt.errors import AqgtError
    from aqgt.studio.batch import free_cores
    from aqgt.studio.blender import find_blender
    from aqgt.studio.jobfile import read_job_file, read_render_settings
    from aqgt.studio.jobs import expand
    from aqgt.studio.render import render_video

    given = {
        key: value
        for key, value in {
            "engine": engine, "width": width, "height": height, "samples": samples,
            "first": first, "last": last, "step": step, "camera": camera,
        }.items()
        if value is not None
    }  # fmt: skip
    if source.suffix.lower() == ".blend":
        video = output or source.with_suffix(".mp4")
        require_suffix(video, (".mp4",))
        wanted = [(source, video, read_render_settings(given))]
    else:
        wanted = [
            (
                task.outputs["blend"],
                task.outputs["blend"].with_suffix(".mp4"),
                read_render_settings({**task.job.render.model_dump(), **given}),
            )
            for task in expand(read_job_file(source, output))
            if "blend" in task.outputs and task.outputs["blend"].is_file()
        ]
        if not wanted:
            raise AqgtError(
                f"The batch of “{source}” has made no .blend yet.",
                "Put blend among its `outputs` and run `aqgt batch` first.",
                "nothing-to-render",
            )
    found = find_blender(blender)
    count = processes or max(1, free_cores() // 2)
    for blend, video, settings in wanted:
        with frames_progress() as show:
            done = render_video(found, blend, video, settings, processes=count, on_frames=show)
        kept = f", {done.kept} of them rendered earlier" if done.kept else ""
        sound = "with sound" if done.sound else "without sound"
        note(f"{video}: {done.frames} frames{kept}, {done.frames / done.fps:.1f} s, {sound}.")
