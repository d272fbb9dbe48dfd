# SPDX-License-Identifier: GPL-3.0-or-later
"""Clip databases: one LMDB record per clip (msgpack, zstd), and a manifest beside it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import lmdb
import msgpack
import numpy as np
import zstandard
from numpy.typing import NDArray

from aqgt import __version__
from aqgt.annotations import N_CHANNELS, AnnotationTrack
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.skeleton import N_JOINTS
from aqgt.words import Word

FORMAT_VERSION = 1
FPS = 15.0
SAMPLE_RATE = 16_000
MANIFEST = "manifest.json"
_HEADER = b"aqgt"
_ARRAY_KEYS = {"dtype", "shape", "data"}
_DTYPES = {"<f2", "<f4", "<f8", "<i2", "|i1"}


@dataclass(frozen=True)
class ClipRecord:
    """One clip of a corpus.

    Attributes:
        name: unique in its database.
        bone_vectors: `[T, 53, 3]` child minus parent, model axes; stored as float16.
        lengths: `[53]` the length table.
        audio: `[N]` int16, mono, 16 kHz.
        words: timed words, seconds.
        annotations: `[17, T]` stored values (−1 unknown, 0 nothing), or None where nobody annotated the clip.
        fps: frames per second of motion and annotations.
        split: ``"train"``, ``"val"`` or ``"test"``.
        speaker: number of the speaker within the corpus.
        meta: anything else that msgpack can hold (what a composed clip was made of, a source, a licence).
    """

    name: str
    bone_vectors: NDArray[Any]
    lengths: NDArray[np.float64]
    audio: NDArray[np.int16]
    words: Sequence[Word] = ()
    annotations: NDArray[np.float32] | None = None
    fps: float = FPS
    split: str = "train"
    speaker: int = 0
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        vectors = np.asarray(self.bone_vectors)
        if vectors.ndim != 3 or vectors.shape[1:] != (N_JOINTS, 3):
            raise _bad(
                f"The clip “{self.name}” has bone vectors of shape {vectors.shape}.", "[frames, 53, 3]"
            )
        if self.annotations is not None and np.shape(self.annotations) != (N_CHANNELS, len(vectors)):
            raise _bad(
                f"The clip “{self.name}” has annotations of shape {np.shape(self.annotations)}.",
                f"[17, {len(vectors)}]",
            )
        if np.asarray(self.audio).dtype != np.int16 or np.ndim(self.audio) != 1:
            raise _bad(
                f"The sound of the clip “{self.name}” is no int16 mono signal.", "int16 samples [N] at 16 kHz"
            )

    @property
    def duration(self) -> float:
        """Seconds of motion."""
        return len(self.bone_vectors) / self.fps

    @property
    def video(self) -> str:
        """The recording that the clip is a part of: clips of one belong to one split."""
        return str(self.meta.get("video", self.name))

    def motion(self) -> Motion:
        """The motion as float32."""
        return Motion(self.fps, np.asarray(self.bone_vectors, dtype=np.float32), self.lengths)

    def track(self) -> AnnotationTrack:
        """The annotations; −1 everywhere where the clip has none."""
        if self.annotations is None:
            return AnnotationTrack.unknown(len(self.bone_vectors), self.fps)
        return AnnotationTrack(np.asarray(self.annotations, dtype=np.float32), self.fps)

    def samples(self) -> NDArray[np.float32]:
        """The sound as float32 in [-1, 1)."""
        return np.asarray(self.audio, dtype=np.float32) / 32768.0


def encode_clip(clip: ClipRecord) -> bytes:
    """A clip as bytes; the same clip gives the same bytes."""
    payload = {
        "version": FORMAT_VERSION,
        "name": clip.name,
        "fps": float(clip.fps),
        "split": clip.split,
        "speaker": int(clip.speaker),
        "bone_vectors": _pack(np.asarray(clip.bone_vectors, dtype="<f2")),
        "lengths": _pack(np.asarray(clip.lengths, dtype="<f8")),
        "audio": _pack(np.asarray(clip.audio, dtype="<i2")),
        "words": [[w.text, w.start, w.end, w.language, w.estimated] for w in clip.words],
        "annotations": None if clip.annotations is None else _pack_annotations(clip.annotations),
        "meta": dict(clip.meta),
    }
    return _HEADER + zstandard.ZstdCompressor(level=6).compress(msgpack.packb(payload, use_bin_type=True))


def decode_clip(data: bytes) -> ClipRecord:
    """The clip that bytes hold.

    Raises:
        AqgtError: the bytes are no clip, are damaged, or come from a newer version.
    """
    if not bytes(data[:4]) == _HEADER:
        raise AqgtError("This record is no clip.", "Check the path of the database.", "bad-clip")
    try:
        raw = zstandard.ZstdDecompressor().decompress(bytes(data[4:]))
        payload = msgpack.unpackb(raw, raw=False, strict_map_key=False)
        version = payload["version"]
    except (zstandard.ZstdError, msgpack.UnpackException, ValueError, KeyError, TypeError) as error:
        raise AqgtError("This record is damaged.", "Make the corpus again.", "bad-clip") from error
    if version != FORMAT_VERSION:
        raise AqgtError(
            f"This corpus has format version {version}, this program reads {FORMAT_VERSION}.",
            "Make the corpus again or update the program.",
            "bad-clip",
        )
    annotations = payload["annotations"]
    return ClipRecord(
        name=payload["name"],
        bone_vectors=_unpack(payload["bone_vectors"]),
        lengths=_unpack(payload["lengths"]),
        audio=_unpack(payload["audio"]),
        words=[Word(*row) for row in payload["words"]],
        annotations=None if annotations is None else _unpack(annotations).astype(np.float32),
        fps=payload["fps"],
        split=payload["split"],
        speaker=payload["speaker"],
        meta=payload["meta"],
    )


class ClipWriter:
    """Writes a clip database into a folder; a context manager. The manifest is written on a clean close."""

    def __init__(
        self, folder: str | Path, *, map_size: int = 1 << 36, info: Mapping[str, Any] | None = None
    ) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._info = dict(info or {})
        self._clips: list[dict[str, Any]] = []
        self._digest = hashlib.sha256()
        self._env = lmdb.open(str(self.folder), map_size=map_size, sync=False, metasync=False)
        with self._env.begin(write=True) as transaction:
            transaction.drop(self._env.open_db(), delete=False)
        (self.folder / MANIFEST).unlink(missing_ok=True)

    def add(self, clip: ClipRecord) -> None:
        """Store one clip.

        Raises:
            AqgtError: a clip of that name is already stored.
        """
        data = encode_clip(clip)
        with self._env.begin(write=True) as transaction:
            if not transaction.put(clip.name.encode(), data, overwrite=False):
                raise AqgtError(
                    f"The clip “{clip.name}” is there twice.", "Give each clip its own name.", "bad-clip"
                )
        self._digest.update(data)
        self._clips.append(
            {
                "name": clip.name,
                "seconds": round(clip.duration, 3),
                "split": clip.split,
                "speaker": clip.speaker,
                **({"video": clip.video} if clip.video != clip.name else {}),
            }
        )

    def close(self) -> None:
        """Write the manifest and close the database."""
        splits = sorted({entry["split"] for entry in self._clips})
        manifest = {
            "format": FORMAT_VERSION,
            "made_with": f"aqgt {__version__}",
            "clips": len(self._clips),
            "seconds": round(sum(entry["seconds"] for entry in self._clips), 3),
            "splits": {
                split: {
                    "clips": sum(entry["split"] == split for entry in self._clips),
                    "seconds": round(sum(e["seconds"] for e in self._clips if e["split"] == split), 3),
                }
                for split in splits
            },
            "speakers": len({entry["speaker"] for entry in self._clips}),
            "sha256": self._digest.hexdigest(),
            "entries": {entry["name"]: entry for entry in self._clips},
            "info": self._info,
        }
        self._env.sync(True)
        self._env.close()
        text = json.dumps(manifest, indent=1, ensure_ascii=False)
        (self.folder / MANIFEST).write_text(text + "\n", encoding="utf-8")

    def __enter__(self) -> ClipWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
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


def _bad(sentence: str, wanted: str) -> AqgtError:
    return AqgtError(sentence, f"Give {wanted}.", "bad-clip")


def _pack_annotations(values: NDArray) -> dict[str, Any]:
    array = np.asarray(values)
    whole = np.array_equal(array, np.round(array))
    return _pack(array.astype("|i1" if whole else "<f4"))


def _pack(array: NDArray) -> dict[str, Any]:
    return {
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "data": np.ascontiguousarray(array).tobytes(),
    }


def _unpack(packed: Mapping[str, Any]) -> NDArray:
    if set(packed) != _ARRAY_KEYS or packed["dtype"] not in _DTYPES:
        raise AqgtError("This record holds no readable array.", "Make the corpus again.", "bad-clip")
    try:
        return np.frombuffer(packed["data"], dtype=packed["dtype"]).reshape(packed["shape"]).copy()
    except ValueError as error:
        raise AqgtError("This record is damaged.", "Make the corpus again.", "bad-clip") from error
