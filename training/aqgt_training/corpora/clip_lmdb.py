# SPDX-License-Identifier: GPL-3.0-or-later
"""Clip databases: one LMDB record per clip, and a manifest beside it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import lmdb

from aqgt import __version__
from aqgt.errors import AqgtError
from aqgt_training.corpora.clip_records import (
    FORMAT_VERSION,
    FPS,
    SAMPLE_RATE,
    ClipRecord,
    decode_clip,
    encode_clip,
)

__all__ = ["FPS", "SAMPLE_RATE", "ClipReader", "ClipRecord", "ClipWriter", "decode_clip", "encode_clip"]

MANIFEST = "manifest.json"
JOURNAL = "clips.jsonl"
"""Manifest entries of what is stored so far, while a database is written."""


class ClipWriter:
    """Writes a clip database into a folder; a context manager. The manifest is written on a clean close.

    Args:
        folder: what lies there is replaced, unless the writer resumes.
        map_size: bytes the database may grow to at first; it is doubled where that is not enough.
        info: what else the manifest says.
        resume: keep the clips that an interrupted run stored.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        map_size: int = 1 << 36,
        info: Mapping[str, Any] | None = None,
        resume: bool = False,
    ) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.info = dict(info or {})
        self._env = lmdb.open(str(self.folder), map_size=map_size, sync=False, metasync=False)
        self.entries: dict[str, dict[str, Any]] = {}
        if resume:
            self.entries = self._kept_entries()
        else:
            with self._env.begin(write=True) as transaction:
                transaction.drop(self._env.open_db(), delete=False)
            (self.folder / JOURNAL).unlink(missing_ok=True)
        (self.folder / MANIFEST).unlink(missing_ok=True)
        self._journal = (self.folder / JOURNAL).open("w" if resume else "a", encoding="utf-8")
        for entry in self.entries.values():
            self._note(entry)

    def _kept_entries(self) -> dict[str, dict[str, Any]]:
        """What an earlier run noted and stored; a clip of which only one is there is dropped."""
        noted: dict[str, dict[str, Any]] = {}
        manifest, journal = self.folder / MANIFEST, self.folder / JOURNAL
        if manifest.exists():
            noted = json.loads(manifest.read_text(encoding="utf-8")).get("entries", {})
        for line in journal.read_text(encoding="utf-8").splitlines() if journal.exists() else ():
            with contextlib.suppress(ValueError):  # the last line may be cut off
                entry = json.loads(line)
                noted[entry["name"]] = entry
        with self._env.begin(write=True) as transaction:
            stored = {bytes(key).decode() for key in transaction.cursor().iternext(values=False)}
            for name in stored - noted.keys():
                transaction.delete(name.encode())
        return {name: entry for name, entry in noted.items() if name in stored and "sha256" in entry}

    def _note(self, entry: Mapping[str, Any]) -> None:
        self._journal.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self._journal.flush()

    def add(self, clip: ClipRecord, *, replace: bool = False) -> None:
        """Store one clip.

        Args:
            replace: whether it takes the place of one of that name.

        Raises:
            AqgtError: a clip of that name is already stored.
        """
        data = encode_clip(clip)
        if not self._put(clip.name.encode(), data, replace):
            raise AqgtError(
                f"The clip “{clip.name}” is there twice.", "Give each clip its own name.", "bad-clip"
            )
        entry = {
            "name": clip.name,
            "seconds": round(clip.duration, 3),
            "split": clip.split,
            "speaker": clip.speaker,
            **({"video": clip.video} if clip.video != clip.name else {}),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        self.entries[clip.name] = entry
        self._note(entry)

    def _put(self, key: bytes, data: bytes, replace: bool) -> bool:
        while True:
            try:
                with self._env.begin(write=True) as transaction:
                    return transaction.put(key, data, overwrite=replace)
            except lmdb.MapFullError:
                self._env.set_mapsize(2 * self._env.info()["map_size"])

    def close(self) -> None:
        """Write the manifest and close the database."""
        entries = [self.entries[name] for name in sorted(self.entries)]
        digest = hashlib.sha256("".join(entry["sha256"] for entry in entries).encode())
        splits = sorted({entry["split"] for entry in entries})
        manifest = {
            "format": FORMAT_VERSION,
            "made_with": f"aqgt {__version__}",
            "clips": len(entries),
            "seconds": round(sum(entry["seconds"] for entry in entries), 3),
            "splits": {
                split: {
                    "clips": sum(entry["split"] == split for entry in entries),
                    "seconds": round(sum(e["seconds"] for e in entries if e["split"] == split), 3),
                }
                for split in splits
            },
            "speakers": len({entry["speaker"] for entry in entries}),
            "sha256": digest.hexdigest(),
            "entries": {entry["name"]: entry for entry in entries},
            "info": self.info,
        }
        self._env.sync(True)
        self._env.close()
        text = json.dumps(manifest, indent=1, ensure_ascii=False)
        (self.folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
        self._journal.close()
        (self.folder / JOURNAL).unlink(missing_ok=True)

    def __enter__(self) -> ClipWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._journal.close()
            self._env.close()


class ClipReader:
    """Reads a clip database. Opens lazily, so that it can be handed to worker processes."""

    def __init__(self, folder: str | Path) -> None:
        self._env: lmdb.Environment | None = None
        self.folder = Path(folder)
        if not (self.folder / "data.mdb").exists():
            raise AqgtError(
                f"There is no clip database in “{self.folder}”.",
                "Make one with `aqgt-train corpus compose`, or check the path.",
                "no-corpus",
            )
        self._names: list[str] | None = None

    @property
    def manifest(self) -> dict[str, Any]:
        """Counts, seconds, hash and versions; empty where writing was interrupted."""
        path = self.folder / MANIFEST
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    @cached_property
    def _entries(self) -> dict[str, dict[str, Any]]:
        return self.manifest.get("entries", {})

    @property
    def names(self) -> list[str]:
        """Names of all clips, sorted."""
        if self._names is None:
            with self._open().begin() as transaction:
                self._names = [bytes(key).decode() for key in transaction.cursor().iternext(values=False)]
        return self._names

    def keys(self) -> list[str]:
        """Names of all clips, sorted."""
        return self.names

    def split_of(self, name: str) -> str:
        """The split of a clip, from the manifest where there is one."""
        entry = self._entries.get(name)
        return str(entry["split"]) if entry else self.read(name).split

    def __getitem__(self, name: str) -> ClipRecord:
        return self.read(name)

    def read(self, name: str) -> ClipRecord:
        """The clip of that name.

        Raises:
            AqgtError: there is none, or its record is damaged.
        """
        with self._open().begin() as transaction:
            data = transaction.get(name.encode())
        if data is None:
            raise AqgtError(
                f"The corpus has no clip “{name}”.", "List its clips with `corpus inspect`.", "no-clip"
            )
        return decode_clip(data)

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[ClipRecord]:
        return (self.read(name) for name in self.names)

    def _open(self) -> lmdb.Environment:
        if self._env is None:
            self._env = _acquire(self.folder)
        return self._env

    def close(self) -> None:
        """Let go of the database; reading again opens it again."""
        if self._env is not None:
            self._env = None
            _release(self.folder)

    def __enter__(self) -> ClipReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_env": None}

    def __del__(self) -> None:
        self.close()


# LMDB allows one open environment per file and process, so readers of one corpus share it.
_open_environments: dict[tuple[int, Path], tuple[lmdb.Environment, int]] = {}


def _acquire(folder: Path) -> lmdb.Environment:
    key = (os.getpid(), folder.resolve())
    environment, users = _open_environments.get(key, (None, 0))
    if environment is None:
        environment = lmdb.open(str(folder), readonly=True, lock=False, readahead=False, max_readers=512)
    _open_environments[key] = (environment, users + 1)
    return environment


def _release(folder: Path) -> None:
    key = (os.getpid(), folder.resolve())
    environment, users = _open_environments.get(key, (None, 0))
    if environment is None:
        return
    if users > 1:
        _open_environments[key] = (environment, users - 1)
    else:
        del _open_environments[key]
        environment.close()
