# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said, heard by a Whisper model in a local folder (the package faster-whisper, an extra).

Nothing is downloaded: a folder that lacks a file is left out, and the reason is said.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.formats.words_json import words_from_json
from aqgt.speech.audio import SAMPLE_RATE, check_audio
from aqgt.words import Word

FOLDER_VARIABLE = "AQGT_WHISPER"
_FILES = ("model.bin", "config.json", "tokenizer.json")
"""What a converted model has; without the tokenizer faster-whisper would ask the network for one."""
_HOW = "docs/speech.md says how to get one"

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Transcribers:
    """The models of a folder.

    Attributes:
        models: name → folder, by name.
        reason: why there is none, in a sentence that names the next step; empty where there are some.
    """

    models: Mapping[str, Path]
    reason: str = ""

    def choose(self, name: str | None = None) -> tuple[str, Path]:
        """A model by its name; None: the first.

        Raises:
            AqgtError: there is none, or none of that name.
        """
        if not self.models:
            raise AqgtError("The engine cannot transcribe.", self.reason, "no-transcription")
        if name is not None and name not in self.models:
            raise AqgtError(
                f"The engine has no model “{name}” to transcribe with.",
                f"It has: {', '.join(self.models)}.",
                "no-transcription",
            )
        chosen = name or next(iter(self.models))
        return chosen, self.models[chosen]


@dataclass(frozen=True)
class Transcription:
    """What was heard.

    Attributes:
        words: in order of time, in seconds; those without a measured time are marked estimated.
        language: BCP-47 code, detected where none was given.
        model: name of the model.
    """

    words: tuple[Word, ...]
    language: str
    model: str


def transcribers(folder: str | Path | None = None) -> Transcribers:
    """The Whisper models in a folder: the folder itself, or each of its subfolders.

    Args:
        folder: None: the one that the environment variable AQGT_WHISPER names.
    """
    named = str(folder or os.environ.get(FOLDER_VARIABLE, ""))
    if not named:
        return Transcribers({}, f"Start the engine with --whisper FOLDER, a Whisper model; {_HOW}.")
    path = Path(named).expanduser()
    found = {one.name: one for one in (path, *_subfolders(path)) if _is_model(one)}
    if not found:
        return Transcribers(
            {}, f"{path} holds no model with {', '.join(_FILES)}: convert one or correct the folder; {_HOW}."
        )
    if importlib.util.find_spec("faster_whisper") is None:
        return Transcribers(
            {}, "Install faster-whisper into the engine's environment: pip install aqgt[transcribe]."
        )
    return Transcribers(dict(sorted(found.items())))


class Transcriber:
    """A loaded Whisper model.

    Args:
        name: of the model, for people.
        folder: where it lies.
        device: the engine's; a device that CTranslate2 lacks (mps) becomes the processor.
        threads: of the processor; None: the library's choice.

    Raises:
        AqgtError: the model can't be loaded.
    """

    def __init__(self, name: str, folder: Path, device: str = "cpu", threads: int | None = None) -> None:
        from faster_whisper import WhisperModel

        self.name = name
        kind, _, index = device.partition(":")
        try:
            self._model: Any = WhisperModel(
                str(folder),
                device="cuda" if kind == "cuda" else "cpu",
                device_index=int(index or 0),
                cpu_threads=threads or 0,
                local_files_only=True,
            )
        except Exception as error:  # CTranslate2 raises RuntimeError, tokenizers a bare Exception
            raise AqgtError(
                f"The model “{name}” cannot be loaded ({error}).",
                f"Convert it again for faster-whisper; {_HOW}.",
                "no-transcription",
            ) from error

    def transcribe(
        self, audio: NDArray[np.float32], language: str | None = None, progress: Progress | None = None
    ) -> Transcription:
        """Hear what is said.

        Args:
            audio: mono samples `[N]` at 16 kHz.
            language: BCP-47 code; None: found in the first half minute.
            progress: is told the share that is done, 0…1.

        Raises:
            AqgtError: unusable audio, a language that Whisper does not know, or no speech.
        """
        audio = check_audio(audio)
        code = language.lower().split("-")[0] if language else None
        try:
            # One temperature: the higher ones that Whisper may fall back to draw at random.
            segments, info = self._model.transcribe(
                audio,
                language=code,
                task="transcribe",
                temperature=0.0,
                condition_on_previous_text=False,
                word_timestamps=True,
                vad_filter=True,
            )
        except ValueError as error:
            raise AqgtError(
                f"Whisper cannot take the language “{language}” ({error}).",
                "Give a code such as en or de, or leave it empty to have it detected.",
                "bad-request",
            ) from error
        seconds = len(audio) / SAMPLE_RATE
        heard = []
        for segment in segments:  # the work is done here, one segment after the other
            heard.append(_plain(segment, seconds))
            if progress is not None:
                progress(min(1.0, max(0.0, segment.end / seconds)))
        # A model for English alone hears English, whatever it is told.
        said = language if language and info.language == code else info.language
        words = words_from_json({"segments": heard}, said)
        if not words:
            raise AqgtError(
                "No speech was found in the audio.",
                "Pick a sound with speech, or raise its level.",
                "no-speech",
            )
        return Transcription(tuple(sorted(words, key=lambda word: word.start)), said, self.name)


def _plain(segment: Any, seconds: float) -> dict[str, Any]:
    """A segment as `words_from_json` takes it; a word without a length counts as one without times."""
    start = min(max(0.0, segment.start), seconds)
    end = min(max(start, segment.end), seconds)
    words = []
    for word in segment.words or ():
        first, last = min(max(0.0, word.start), seconds), min(max(0.0, word.end), seconds)
        times = {"start": first, "end": last} if last > first else {}
        words.append({"word": word.word, **times})
    return {"start": start, "end": end, "text": segment.text, "words": words}


def _subfolders(path: Path) -> list[Path]:
    try:
        return sorted(one for one in path.iterdir() if one.is_dir())
    except OSError:
        return []


def _is_model(path: Path) -> bool:
    return all((path / name).is_file() for name in _FILES)
