# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train evaluate video`, `sheet`, `study-pairs` and `study`: motions to look at and to ask about."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from aqgt.errors import AqgtError
from aqgt_training.cli.evaluate_options import Corpus, CorpusRecipe


class Layout(StrEnum):
    """How a video is laid out."""

    PANELS = "panels"
    ORIGINAL = "original"


def video(
    motions: Annotated[list[Path], typer.Argument(help="One to four motions (NPZ).")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the video goes (MP4).")],
    audio: Annotated[Path | None, typer.Option(help="Their sound.")] = None,
    titles: Annotated[
        list[str] | None, typer.Option("--title", help="Title of a motion; repeat it, in their order.")
    ] = None,
    layout: Annotated[
        Layout, typer.Option(help="panels: side by side or 2×2; original: Human and Generated as lines.")
    ] = Layout.PANELS,
    fps: Annotated[float, typer.Option(min=1, max=60, help="Pictures per second (panels).")] = 30.0,
) -> None:
    """Draw motions side by side or 2×2, their annotations under them, with sound."""
    from aqgt.annotations import spans_to_track
    from aqgt.cli.inputs import read_sound, require_file
    from aqgt.cli.outputs import require_suffix
    from aqgt.cli.progress import note, stages
    from aqgt.formats.npz import read_npz
    from aqgt_training.evaluation.original_layout import write_original_layout
    from aqgt_training.evaluation.side_by_side import Panel, write_side_by_side

    require_suffix(output, (".mp4",))
    for path in motions:
        require_file(path, "motion")
    if titles and len(titles) != len(motions):
        raise AqgtError(
            f"There are {len(titles)} titles for {len(motions)} motions.", "Give one per motion.", "bad-usage"
        )
    records = [read_npz(path) for path in motions]
    tracks = [
        spans_to_track(record.spans, len(record.motion), record.motion.fps).values if record.spans else None
        for record in records
    ]
    sound = None if audio is None else read_sound(audio)
    with stages(f"Drawing {output.name}") as advance:
        if layout is Layout.ORIGINAL:
            if len(records) != 2:
                raise AqgtError(
                    f"The original's layout shows two motions, not {len(records)}.",
                    "Give the recorded motion, then the generated one.",
                    "bad-usage",
                )
            write_original_layout(
                output,
                records[0].motion,
                records[1].motion,
                sound,
                annotations=tracks[1] if tracks[1] is not None else tracks[0],
                progress=advance,
            )
        else:
            panels = [
                Panel(title, record.motion, track)
                for title, record, track in zip(
                    titles or [path.stem for path in motions], records, tracks, strict=True
                )
            ]
            words = next((record.words for record in records if record.words), ())
            write_side_by_side(output, panels, sound, words=words, fps=fps, progress=advance)
    note(f"{output}")


def study_pairs(
    motions: Annotated[list[Path], typer.Argument(help="Motions (NPZ), each with NAME.wav beside it.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the videos, the sheet, the key.")],
    seconds: Annotated[float, typer.Option(min=2, max=60, help="Length of the videos.")] = 10.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the order and of the pairs.")] = 0,
) -> None:
    """Make matched and mismatched videos for a preference study, shuffled, with an answer sheet and a key."""
    from aqgt.cli.inputs import read_sound, require_file
    from aqgt.cli.progress import note, stages
    from aqgt.formats.npz import read_npz
    from aqgt_training.evaluation.study import ANSWERS, KEY, Stimulus, write_pairs

    stimuli = []
    for path in motions:
        require_file(path, "motion")
        require_file(path.with_suffix(".wav"), "sound")
        stimuli.append(Stimulus(path.stem, read_npz(path).motion, read_sound(path.with_suffix(".wav"))))
    with stages("Drawing pairs") as advance:
        videos = write_pairs(stimuli, output, seconds=seconds, seed=seed, progress=advance)
    note(f"{len(videos)} videos and {ANSWERS} in {output}; keep {KEY} from the raters.")


def study(
    folder: Annotated[Path, typer.Argument(help="Folder that study-pairs made.")],
    sheets: Annotated[list[Path], typer.Argument(help="Filled-in answer sheets.")],
) -> None:
    """Score a study: how often the matched video was chosen."""
    from rich.console import Console

    from aqgt_training.evaluation.report import number
    from aqgt_training.evaluation.study import KEY, score_study

    result = score_study(folder / KEY, sheets)
    Console().print(
        f"Matched video chosen in {number(result.matched)} [{number(result.low)}, {number(result.high)}] of"
        f" {result.answers - result.equal} decided answers ({result.equal} said equal), {result.raters}"
        f" raters, {result.pairs} pairs; A was chosen in {number(result.sides)}. 0.5 is chance; the interval"
        " takes answers as independent.",
        markup=False,
        highlight=False,
    )


def sheet(
    model: Annotated[str, typer.Option(help="Name or folder of a model.")] = "compact",
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the videos and pictures.")] = Path(
        "sheet"
    ),
    corpus: Corpus = None,
    recipe: CorpusRecipe = None,
    clips: Annotated[int, typer.Option(min=1, help="Held-out clips at most.")] = 10,
    seconds: Annotated[float, typer.Option(min=2, max=120, help="Length of the videos.")] = 10.0,
    work: Annotated[Path, typer.Option(help="Folder that keeps the composed corpus.")] = Path(
        "runs/evaluation"
    ),
) -> None:
    """Draw held-out clips as composed, and as made of their annotations, of typed markers, by the planner."""
    from aqgt.cli.progress import note, stages
    from aqgt.models.registry import load_model
    from aqgt_training.evaluation.default_corpus import default_corpus
    from aqgt_training.evaluation.evaluator import held_out_clips
    from aqgt_training.evaluation.sheet import write_sheet

    loaded = load_model(model)
    chosen, _ = held_out_clips(
        default_corpus(model, work, recipe) if corpus is None else corpus, clips, "val"
    )
    with stages("Drawing") as advance:
        write_sheet(output, loaded, chosen, seconds=seconds, progress=advance)
    note(f"{len(chosen)} videos and pictures in {output}")
