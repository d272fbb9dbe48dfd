# SPDX-License-Identifier: GPL-3.0-or-later
"""What has been done in a batch's folder, line by line, so that a batch that was killed goes on.

`journal.jsonl` is only ever appended to. Whoever does a task writes, as the last act, a receipt named after
the task's key; a task that has one is done, even where the batch died before it could note that.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from aqgt.errors import AqgtError
from aqgt.formats.files import write_text

STATE_FOLDER = ".aqgt-batch"


@dataclass(frozen=True)
class Receipt:
    """That a task was done.

    Attributes:
        key: see `aqgt.studio.keys.task_key`.
        outputs: kind to `[path, size in bytes]` of each file.
        figures: what the report shows, by name.
        notes: sentences for the user.
        seconds: how long it took.
        thumbnail: a strip of pictures (JPEG), where there is one.
    """

    key: str
    outputs: dict[str, tuple[str, int]]
    figures: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    thumbnail: str | None = None

    def holds(self) -> bool:
        """Whether all outputs are still there as they were written."""
        return all(
            Path(path).is_file() and Path(path).stat().st_size == n for path, n in self.outputs.values()
        )


def receipt_path(state: Path, key: str) -> Path:
    """Where the receipt of a task lies."""
    return state / "receipts" / f"{key}.json"


def write_receipt(state: Path, receipt: Receipt) -> None:
    """Leave a receipt, whole or not at all."""
    path = receipt_path(state, receipt.key)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(asdict(receipt), ensure_ascii=False))


def read_receipt(state: Path, key: str) -> Receipt | None:
    """The receipt of a task, unless there is none or its files have gone or changed."""
    try:
        raw = json.loads(receipt_path(state, key).read_text(encoding="utf-8"))
        raw["outputs"] = {kind: (str(path), int(size)) for kind, (path, size) in raw["outputs"].items()}
        raw["notes"] = tuple(raw["notes"])
        receipt = Receipt(**raw)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # damaged in any way
        return None
    return receipt if receipt.holds() else None


class Journal:
    """The journal of one output folder, held by one process at a time.

    Raises:
        AqgtError: another batch is at work there, or the folder can't be written.
    """

    def __init__(self, output: Path) -> None:
        self.state = output / STATE_FOLDER
        self._file: BinaryIO | None = None

    def __enter__(self) -> Journal:
        try:
            self.state.mkdir(parents=True, exist_ok=True)
            file = (self.state / "journal.jsonl").open("a+b")
        except OSError as error:
            raise AqgtError(
                f"The folder “{self.state.parent}” cannot be written ({error.strerror}).",
                "Name another one with --out, or under `output:`.",
                "bad-output",
            ) from error
        if not _locked(file):
            file.close()
            raise AqgtError(
                f"Another batch is at work in “{self.state.parent}”.",
                "Wait for its end, or name another folder with --out.",
                "batch-running",
            )
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()  # gives the lock up, too
            self._file = None

    def write(self, event: str, task: str, **more: Any) -> None:
        """Append one line and see it on the disk."""
        assert self._file is not None, "the journal is used inside `with`"
        line = json.dumps({"time": round(time.time(), 3), "event": event, "task": task, **more})
        self._file.seek(0, os.SEEK_END)
        if self._file.tell():
            self._file.seek(-1, os.SEEK_END)
            # A line that a kill cut in two must not swallow the next one.
            line = line if self._file.read(1) == b"\n" else "\n" + line
        self._file.write(line.encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def read_journal(output: Path) -> list[dict[str, Any]]:
    """All lines that are whole, in order."""
    lines = []
    with contextlib.suppress(OSError):
        for line in (output / STATE_FOLDER / "journal.jsonl").read_bytes().splitlines():
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict):
                    lines.append(entry)
    return lines


@contextlib.contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A path to write to, which becomes ``target`` at the end, and is removed after an error.

    It keeps the target's suffix, as many writers look at it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.stem}.{os.getpid()}.part{target.suffix}")
    try:
        yield unfinished
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def _locked(file: BinaryIO) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
