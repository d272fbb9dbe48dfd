# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt annotate`: which gestures fit this speech?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def annotate(
    audio: Annotated[Path, typer.Argument(help="Audio or video file with speech.")],
    text: Annotated[Path | None, typer.Option(help="What is said, as plain text.")] = None,
    words: Annotated[Path | None, typer.Option(help="Timed words as `aqgt align` writes them.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where the spans go (JSON).")] = None,
    language: Annotated[str, typer.Option(help="Language of the speech.")] = "en",
    density: Annotated[float, typer.Option(min=0, max=2, help="How many gestures; 1 is usual.")] = 1.0,
    energy: Annotated[float, typer.Option(min=0, max=2, help="How large they are; 1 is usual.")] = 1.0,
    handedness: Annotated[float, typer.Option(min=0, max=1, help="Share of the right hand.")] = 0.6,
    seed: Annotated[int, typer.Option(min=0, help="Another seed suggests other gestures.")] = 0,
) -> None:
    """Suggest annotations and print them as `G:` markers with their times.

    What is printed can be edited and given back with `aqgt generate --annotations`.
    """
    from aqgt.cli.inputs import NO_TRANSCRIPT, read_sound, words_of
    from aqgt.cli.outputs import require_suffix
    from aqgt.cli.progress import note
    from aqgt.formats.spans_json import write_spans
    from aqgt.markers import print_marker
    from aqgt.planner import suggest
    from aqgt.protocol.messages import SAMPLE_RATE

    if output is not None:
        require_suffix(output, (".json",))
    sound = read_sound(audio)
    timed = words_of(sound, text, words, language)
    if not timed:
        note(NO_TRANSCRIPT)
    duration = len(sound) / SAMPLE_RATE
    spans = suggest(
        timed, sound, duration=duration, density=density, energy=energy, handedness=handedness, seed=seed
    )
    for span in spans:
        typer.echo(f"{span.start:.2f} {print_marker(span)}")
    if output is not None:
        write_spans(output, spans)
        note(f"{output}: {len(spans)} annotations.")
