# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands for the package faster-whisper: the part of its interface that is used, and fixed answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple


class Word(NamedTuple):
    start: float
    end: float
    word: str
    probability: float


class Segment(NamedTuple):
    start: float
    end: float
    text: str
    words: list[Word] | None


class TranscriptionInfo(NamedTuple):
    language: str
    duration: float


class WhisperModel:
    def __init__(
        self,
        model_size_or_path: str,
        device: str = "auto",
        device_index: int = 0,
        cpu_threads: int = 0,
        local_files_only: bool = False,
    ) -> None:
        if not Path(model_size_or_path).is_dir() or not local_files_only:
            raise RuntimeError("this would go to the network")
        if (Path(model_size_or_path) / "model.bin").read_bytes() == b"broken":
            raise RuntimeError("Unsupported model binary version")
        self.device = device

    def transcribe(
        self,
        audio: Any,
        language: str | None = None,
        task: str = "transcribe",
        temperature: Any = 0.0,
        condition_on_previous_text: bool = True,
        word_timestamps: bool = False,
        vad_filter: bool = False,
    ) -> tuple[Iterator[Segment], TranscriptionInfo]:
        if language not in (None, "en", "de"):
            raise ValueError(f"'{language}' is not a valid language code")
        seconds = len(audio) / 16_000
        segments = [
            Segment(0.1, 1.0, " Hello there", [Word(0.1, 0.4, " Hello", 0.9), Word(0.4, 0.4, " there", 0.2)]),
            Segment(1.0, 2.0, " my friend", None),
            Segment(2.0, seconds + 1, " Bye.", [Word(2.0, seconds + 1, " Bye.", 0.9)]),
        ]
        if not audio[16_000:].any():
            segments = []
        return iter(segments), TranscriptionInfo(language or "de", seconds)
