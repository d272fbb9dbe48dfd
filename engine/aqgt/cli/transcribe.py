# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt transcribe`: what is said, and when?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def transcribe(
    audio: Annotated[Path, typer.Argument(help="Audio or video file with speech.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the timed words go (JSON).")],
    language: Annotated[
        str | None, typer.Option(help="Language of the speech, e.g. en or de; left out: found in the sound.")
    ] = None,
    whisper: Annotated[
        Path | None,
        typer.Option(
            help="Folder of a Whisper model, or of several; else the one $AQGT_WHISPER names.",
            metavar="FOLDER",
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Which of several models, by its folder's name.")] = None,
    engine: Annotated[
        str | None, typer.Option(help="Address of an engine that is to do it, with its models.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Your key file, where the engine wants one.", metavar="FILE")
    ] = None,
) -> None:
    """Write down what is said, with times."""
    from aqgt.cli.inputs import read_sound
    from aqgt.cli.outputs import require_suffix
    from aqgt.cli.progress import note, stages
    from aqgt.errors import AqgtError
    from aqgt.formats.words_json import write_words

    require_suffix(output, (".json",))
    if engine is not None and whisper is not None:
        raise AqgtError("--whisper and --engine are both given.", "Give one of them.", "bad-usage")
    samples = read_sound(audio)
    with stages("Transcribing") as advance:
        if engine is not None:
            found = _by_engine(engine, key, samples, language, model, advance)
        else:
            found = _here(whisper, samples, language, model, advance)
    write_words(output, found.words)
    note(f"{output}: {len(found.words)} words in “{found.language}”, by {found.model}.")


def _by_engine(
    address: str, key: Path | None, samples: Any, language: str | None, model: str | None, advance: Any
) -> Any:
    from aqgt.protocol.client import EngineClient
    from aqgt.protocol.messages import TranscribeRequest

    with EngineClient(address, name="aqgt transcribe", key_file=key) as client:
        request = TranscribeRequest(samples, language, model)
        return client.transcribe(request, lambda event: advance(event.window / event.windows))


def _here(folder: Path | None, samples: Any, language: str | None, model: str | None, advance: Any) -> Any:
    from aqgt.speech.transcription import Transcriber, transcribers

    name, path = transcribers(folder).choose(model)
    return Transcriber(name, path).transcribe(samples, language, advance)
