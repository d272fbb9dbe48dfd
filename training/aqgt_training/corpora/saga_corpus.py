# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings with SaGA's ELAN files as annotated clips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from aqgt.errors import AqgtError
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipWriter
from aqgt_training.corpora.clip_records import ClipRecord
from aqgt_training.corpora.importing import (
    ImportOptions,
    Recording,
    find_recordings,
    numbered,
    read_recording,
    within,
)
from aqgt_training.corpora.saga import SagaAnnotations, read_saga

ELAN = ".eaf"
TRANSLATION = "english/{name}.eaf.txt_converted.txt"
"""Where the translated speech of a file lies, from the folder of the .eaf."""


def annotated_recordings(source: Path) -> list[tuple[Recording, Path]]:
    """Recordings below a folder that an .eaf file of their name belongs to.

    Raises:
        AqgtError: there is none.
    """
    elan = {path.stem: path for path in sorted(source.rglob(f"*{ELAN}"))}
    found = [
        (replace(recording, words=None), elan[recording.name])
        for recording in find_recordings(source)
        if recording.name in elan
    ]
    if not found:
        raise AqgtError(
            f"No motion in “{source}” has an .eaf file of its name.",
            "Put motion (.bvh, .npz, .npy), sound and ELAN file of a recording under one name.",
            "no-motion",
        )
    return found


def import_saga(
    recordings: Sequence[tuple[Recording, Path]],
    output: Path,
    options: ImportOptions,
    *,
    resume: bool = False,
    progress: Callable[[str, str | None], None] = lambda name, problem: None,
) -> dict[str, Any]:
    """Write annotated recordings as a clip database; returns its manifest.

    With the language ``en`` the words are those of the translated speech.

    Raises:
        AqgtError: none could be used.
    """
    skipped: dict[str, str] = {}
    unknown: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    with ClipWriter(output, resume=resume, info={"kind": "saga"}) as writer:
        speakers = {name: int(entry["speaker"]) for name, entry in writer.entries.items()}
        for recording, elan in recordings:
            problem = None
            try:
                annotations = _annotations(elan, options.language or "de")
                if recording.name not in writer.entries:
                    speaker = numbered(speakers, recording.name)
                    writer.add(_clip(recording, annotations, options, speaker))
                unknown.update(annotations.unknown)
                missing.update(annotations.missing)
            except AqgtError as error:
                problem = skipped[recording.name] = error.sentence
            progress(recording.name, problem)
        if not writer.entries:
            raise AqgtError(
                "None of the recordings could be used.", next(iter(skipped.values()), ""), "empty-corpus"
            )
        writer.info.update(
            {"skipped": skipped, "labels_without_number": dict(unknown), "missing_tiers": dict(missing)}
        )
    return ClipReader(output).manifest


def _annotations(elan: Path, language: str) -> SagaAnnotations:
    translation = elan.parent / TRANSLATION.format(name=elan.stem) if language != "de" else None
    return read_saga(elan, language, translation)


def _clip(
    recording: Recording, annotations: SagaAnnotations, options: ImportOptions, speaker: int
) -> ClipRecord:
    clip = read_recording(recording, options, speaker)
    track = annotations.track(len(clip.bone_vectors), clip.fps)
    return replace(clip, words=within(annotations.words, clip.duration), annotations=track.values)
