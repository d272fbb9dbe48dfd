# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded speech with transcripts: folders of .wav files with a list of what is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.speech.alignment import align
from aqgt.speech.audio import read_audio
from aqgt.words import Word

_SPHINX_LINE = re.compile(r"^\s*(?:<s>)?\s*(.*?)\s*(?:</s>)?\s*\(([^)]+)\)\s*$")


@dataclass(frozen=True)
class Recording:
    """A recorded sentence: name, float32 samples `[N]` at 16 kHz, aligned words."""

    name: str
    samples: NDArray[np.float32]
    words: Sequence[Word]


def read_recordings(folder: str | Path) -> list[Recording]:
    """The recordings of a folder, aligned with their transcripts; those that do not fit are left out.

    ``metadata.csv`` holds lines ``name|text``, ``transcription`` lines ``text (name)``; the sound is
    ``name.wav``.

    Raises:
        AqgtError: the folder holds no transcript, or no recording that fits.
    """
    folder = Path(folder)
    found: list[Recording] = []
    for name, text in _transcripts(folder):
        file = folder / f"{name}.wav"
        if not file.exists():
            continue
        samples = read_audio(file)
        try:
            words = align(samples, text)
        except AqgtError:
            continue  # one sentence that cannot be aligned must not stop the corpus
        found.append(Recording(f"{folder.name}/{name}", samples, words))
    if not found:
        raise AqgtError(
            f"“{folder}” holds no recording that fits a transcript.", "Check `recordings`.", "no-recordings"
        )
    return found


def _transcripts(folder: Path) -> list[tuple[str, str]]:
    table, lines = folder / "metadata.csv", folder / "transcription"
    if table.exists():
        rows = [row.split("|") for row in table.read_text(encoding="utf-8").splitlines() if "|" in row]
        return [(row[0], row[-1]) for row in rows]
    if lines.exists():
        matches = map(_SPHINX_LINE.match, lines.read_text(encoding="utf-8").splitlines())
        return [(match[2], match[1]) for match in matches if match]
    raise AqgtError(
        f"“{folder}” holds no transcript.",
        "Add metadata.csv with lines `name|text` beside the .wav files.",
        "no-text",
    )
