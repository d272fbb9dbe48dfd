# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the published databases (AQGT, SaGA) into our clip database; damaged records are counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import lmdb
import numpy as np

from aqgt.errors import AqgtError
from aqgt.models.checkpoint_files import read_object
from aqgt.models.checkpoints import read_means, read_speakers
from aqgt.models.inert_pickle import Shell
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipWriter
from aqgt_training.corpora.clip_records import ClipRecord
from aqgt_training.corpora.published.records import Context, clips_of, read_record
from aqgt_training.corpora.splits import SPLITS

RECORDS = "records.jsonl"
"""One line for each record that is done, with what was left out of it; what a resumed run begins from."""
VOCABULARY, WORD_VECTORS, SPEAKERS, MEANS = (
    "vocabulary.json",
    "word_vectors.npy",
    "speakers.json",
    "means.npz",
)


@dataclass(frozen=True)
class OfficialSources:
    """What is converted.

    Attributes:
        databases: LMDB folders, of clips or of training windows.
        split: of all clips; None: what the folder's name says (``dataset_val``), else train.
        language: of the words.
        vocabulary, speakers, means: pickles of the published pipeline, where they are at hand.
    """

    databases: Sequence[Path]
    split: str | None = None
    language: str = "en"
    vocabulary: Path | None = None
    speakers: Path | None = None
    means: Path | None = None


@dataclass
class RecordReport:
    """What became of one record."""

    record: str
    clips: int = 0
    problems: list[str] = field(default_factory=list)
    corrupt: bool = False


Progress = Callable[[RecordReport], None]


def convert_official(
    sources: OfficialSources,
    output: Path,
    *,
    resume: bool = False,
    progress: Progress = lambda report: None,
) -> dict[str, Any]:
    """Convert databases into one clip database in ``output``; returns its manifest.

    Nothing that a record or pickle holds is ever run. Records and clips that can't be used are skipped and
    listed in ``records.jsonl``; the manifest counts them.

    Raises:
        AqgtError: a database or pickle is missing, or no record of all could be used.
    """
    databases = [_opened(path) for path in sources.databases]
    output.mkdir(parents=True, exist_ok=True)
    log = output / RECORDS
    done = _finished(log) if resume else {}
    speakers = _convert_pickles(sources, output)
    mode = "a" if resume else "w"
    with ClipWriter(output, resume=resume) as writer, log.open(mode, encoding="utf-8") as lines:
        for entry in writer.entries.values():
            speakers.setdefault(entry.get("video", ""), entry["speaker"])
        for path, environment in zip(sources.databases, databases, strict=True):
            split = sources.split or _split_of(path)
            with environment, environment.begin() as view:
                for key, value in view.cursor():
                    name = f"{_label(path)}/{bytes(key).decode('ascii', 'replace')}"
                    report = done.get(name)
                    if report is None:
                        prefix = name.replace("/", "-")
                        context = Context(prefix, split, sources.language, speakers)
                        report = done[name] = _convert(bytes(value), name, context, writer)
                        lines.write(json.dumps(asdict(report), ensure_ascii=False) + "\n")
                        lines.flush()
                    progress(report)
        if not writer.entries:
            raise AqgtError(
                f"None of the {len(done)} records could be used.",
                f"Look into {log} for the reasons.",
                "bad-record",
            )
        writer.info.update(_info(sources, list(done.values())))
        named = {video: number for video, number in speakers.items() if video}
        _write_json(output / SPEAKERS, named)
    return ClipReader(output).manifest


def count_records(databases: Sequence[Path]) -> int:
    """How many records some databases hold.

    Raises:
        AqgtError: there is no database.
    """
    total = 0
    for path in databases:
        with _opened(path) as environment:
            total += environment.stat()["entries"]
    return total


def _convert(data: bytes, name: str, context: Context, writer: ClipWriter) -> RecordReport:
    report = RecordReport(name)
    try:
        for clip in clips_of(read_record(data), context):
            if isinstance(clip, ClipRecord):
                writer.add(clip, replace=True)
                report.clips += 1
            else:
                report.problems.append(clip.sentence)
    except AqgtError as error:
        report.problems.append(error.sentence)
        report.corrupt = True
    return report


def _opened(path: Path) -> lmdb.Environment:
    if not (path / "data.mdb").is_file():
        raise AqgtError(
            f"“{path}” holds no LMDB database.",
            "Name a folder with data.mdb, such as dataset/AQGT/dataset_train.",
            "no-corpus",
        )
    try:
        return lmdb.open(str(path), readonly=True, lock=False, readahead=False)
    except lmdb.Error as error:
        raise AqgtError(
            f"“{path}” is no readable LMDB database ({error}).", "Copy it again.", "no-corpus"
        ) from error


def _finished(log: Path) -> dict[str, RecordReport]:
    found = {}
    for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else ():
        try:
            report = RecordReport(**json.loads(line))
        except (ValueError, TypeError):  # the last line may be cut off
            continue
        found[report.record] = report
    return found


def _label(path: Path) -> str:
    """The name of a database; AQGT's and SaGA's folders are called alike, the ones they lie in are not."""
    return "/".join(path.resolve().parts[-2:])


def _split_of(path: Path) -> str:
    words = path.name.lower().removesuffix("_cache").split("_")
    return next((split for split in SPLITS if split in words), "train")


def _info(sources: OfficialSources, reports: Sequence[RecordReport]) -> dict[str, Any]:
    return {
        "kind": "official",
        "databases": [
            {"name": _label(path), "bytes": (path / "data.mdb").stat().st_size} for path in sources.databases
        ],
        "records": len(reports),
        "corrupt_records": sum(report.corrupt for report in reports),
        "skipped_clips": sum(len(report.problems) for report in reports if not report.corrupt),
    }


def _convert_pickles(sources: OfficialSources, output: Path) -> dict[str, int]:
    """Writes what the pickles hold as JSON and arrays; returns the speakers' numbers."""
    if sources.means is not None:
        pose, vectors = read_means(sources.means)
        np.savez(output / MEANS, mean_pose=pose, mean_dir_vec=vectors)
    if sources.vocabulary is not None:
        _convert_vocabulary(sources.vocabulary, output)
    return {} if sources.speakers is None else dict(read_speakers(sources.speakers))


def _convert_vocabulary(path: Path, output: Path) -> None:
    found = read_object(path)
    state = found.attributes() if isinstance(found, Shell) else {}
    words, counts = state.get("word2index"), state.get("word2count", {})
    if not isinstance(words, dict):
        raise AqgtError(
            f"“{path}” holds no vocabulary.", "Name the published vocab_cache.pkl.", "bad-vocabulary"
        )
    _write_json(output / VOCABULARY, {"words": words, "counts": counts})
    weights = state.get("word_embedding_weights")
    if isinstance(weights, np.ndarray):
        np.save(output / WORD_VECTORS, weights.astype(np.float32), allow_pickle=False)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
