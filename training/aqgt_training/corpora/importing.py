# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports recordings: motion files with sound and words of the same name beside them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from aqgt.errors import AqgtError
from aqgt.formats.transcripts import SUFFIXES as WORD_SUFFIXES
from aqgt.formats.transcripts import read_timed_words
from aqgt.motion import Motion
from aqgt.speech.audio import read_audio, to_int16
from aqgt.words import Word
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipWriter
from aqgt_training.corpora.clip_records import SAMPLE_RATE, ClipRecord
from aqgt_training.corpora.import_motion import SUFFIXES as MOTION_SUFFIXES
from aqgt_training.corpora.import_motion import MotionOptions, read_motion_file
from aqgt_training.corpora.splits import SplitRule

SOUND_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".m4a", ".mp4", ".webm")


@dataclass(frozen=True)
class ImportOptions:
    """How recordings become clips.

    Attributes:
        motion: how motion files are read.
        language: of the words; None: what their files say, else English.
        tier: tier of the words in TextGrid and ELAN files; None: the one whose name says so.
        speaker: pattern that finds the speaker in a recording's name (its first group counts, else the whole
            match); None: one speaker.
        splits: which recordings go where; all to train where it has no shares.
        without_sound: take recordings that have no sound, as silence.
    """

    motion: MotionOptions = field(default_factory=MotionOptions)
    language: str | None = None
    tier: str | None = None
    speaker: str | None = None
    splits: SplitRule = field(default_factory=SplitRule)
    without_sound: bool = False


@dataclass(frozen=True)
class Recording:
    """The files of one recording; all share a name."""

    name: str
    motion: Path
    sound: Path | None = None
    words: Path | None = None


def find_recordings(source: Path) -> list[Recording]:
    """All motion files below a folder, each with the sound and words of its name, wherever below they lie.

    Raises:
        AqgtError: there is no motion file.
    """
    files: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(source.rglob("*")):
        if path.is_file():
            files[path.stem].append(path)
    found = []
    for stem, paths in sorted(files.items()):
        motions = [path for path in paths if path.suffix.lower() in MOTION_SUFFIXES]
        for number, motion in enumerate(motions):
            name = stem if len(motions) == 1 else f"{stem}.{number + 1}"
            found.append(
                Recording(
                    name,
                    motion,
                    _nearest(paths, SOUND_SUFFIXES, motion),
                    _nearest(paths, WORD_SUFFIXES, motion),
                )
            )
    if not found:
        raise AqgtError(
            f"There are no motions in “{source}”.",
            f"Give a folder with {', '.join(MOTION_SUFFIXES)} files.",
            "no-motion",
        )
    return found


def import_recordings(
    recordings: Sequence[Recording],
    output: Path,
    options: ImportOptions,
    *,
    resume: bool = False,
    progress: Callable[[str, str | None], None] = lambda name, problem: None,
) -> dict[str, Any]:
    """Write recordings as a clip database; returns its manifest. Those that can't be used are listed in it.

    Args:
        progress: called after each recording with its name, and why it was left out.

    Raises:
        AqgtError: none could be used.
    """
    skipped: dict[str, str] = {}
    with ClipWriter(output, resume=resume, info={"kind": "imported"}) as writer:
        # Those that are stored keep their numbers, whatever was added before them since.
        speakers = {
            _speaker(name, options.speaker): int(entry["speaker"]) for name, entry in writer.entries.items()
        }
        for recording in recordings:
            speaker = numbered(speakers, _speaker(recording.name, options.speaker))
            problem = None
            if recording.name not in writer.entries:
                try:
                    writer.add(read_recording(recording, options, speaker))
                except AqgtError as error:
                    problem = skipped[recording.name] = error.sentence
            progress(recording.name, problem)
        if not writer.entries:
            raise AqgtError(
                "None of the recordings could be used.", next(iter(skipped.values()), ""), "empty-corpus"
            )
        writer.info.update({"skipped": skipped, "speakers": speakers})
    return ClipReader(output).manifest


def numbered(numbers: dict[str, int], name: str) -> int:
    """The number of a name; one that is not there yet gets the next."""
    return numbers.setdefault(name, max(numbers.values(), default=-1) + 1)


def read_recording(recording: Recording, options: ImportOptions, speaker: int = 0) -> ClipRecord:
    """One recording as a clip.

    Raises:
        AqgtError: a file can't be read, or there is no sound.
    """
    motion = read_motion_file(recording.motion, options.motion)
    if recording.sound is None and not options.without_sound:
        raise AqgtError(
            f"There is no sound beside “{recording.motion}”.",
            "Put a file of the same name below the same folder, or import --without-sound.",
            "no-audio",
        )
    words = read_timed_words(recording.words, options.language, options.tier) if recording.words else []
    return ClipRecord(
        recording.name,
        motion.bone_vectors,
        motion.lengths,
        sound_of(recording.sound, motion),
        within(words, motion.duration),
        fps=motion.fps,
        split=options.splits.split_of(recording.name, "train"),
        speaker=speaker,
        meta={"files": [path.name for path in (recording.motion, recording.sound, recording.words) if path]},
    )


def sound_of(path: Path | None, motion: Motion) -> np.ndarray:
    """The sound of a motion as int16, cut to its length or filled with silence."""
    n_samples = round(motion.duration * SAMPLE_RATE)
    samples = np.zeros(0, np.float32) if path is None else read_audio(path)[:n_samples]
    return to_int16(np.pad(samples, (0, n_samples - len(samples))))


def within(words: Sequence[Word], seconds: float) -> list[Word]:
    """The words that begin before a moment."""
    return [word for word in words if word.start < seconds]


def _nearest(paths: Sequence[Path], suffixes: Sequence[str], motion: Path) -> Path | None:
    """The file of one of the kinds that lies nearest to the motion in the tree."""
    fitting = [path for path in paths if path.suffix.lower() in suffixes and path != motion]

    def far(path: Path) -> tuple[int, int]:
        shared = sum(a == b for a, b in zip(path.parent.parts, motion.parent.parts, strict=False))
        return -shared, suffixes.index(path.suffix.lower())

    return min(fitting, key=far, default=None)


def _speaker(name: str, pattern: str | None) -> str:
    found = re.search(pattern, name) if pattern else None
    if found is None:
        return ""
    return found.group(1) if found.re.groups else found.group(0)
