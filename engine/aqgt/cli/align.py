# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt align`: when is each word said?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def align(
    audio: Annotated[Path, typer.Argument(help="Audio or video file with speech.")],
    text: Annotated[Path, typer.Argument(help="What is said, as plain text.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the timed words go (JSON).")],
    language: Annotated[str, typer.Option(help="Language of the speech, e.g. en or de.")] = "en",
) -> None:
    """Time the words of a transcript."""
    from aqgt.cli.inputs import read_sound, words_of
    from aqgt.cli.outputs import require_suffix
    from aqgt.cli.progress import note
    from aqgt.formats.words_json import write_words

    require_suffix(output, (".json",))
    words = words_of(read_sound(audio), text, None, language)
    write_words(output, words)
    estimated = sum(word.estimated for word in words)
    remark = f", {estimated} of them estimated" if estimated else ""
    note(f"{output}: {len(words)} words{remark}.")
