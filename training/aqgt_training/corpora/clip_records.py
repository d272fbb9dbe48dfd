# SPDX-License-Identifier: GPL-3.0-or-later
"""One clip of a corpus, and the bytes it is stored as (msgpack, zstd)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgpack
import numpy as np
import zstandard
from numpy.typing import NDArray

from aqgt.annotations import N_CHANNELS, AnnotationTrack
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.skeleton import N_JOINTS
from aqgt.words import Word

FORMAT_VERSION = 1
FPS = 15.0
SAMPLE_RATE = 16_000
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
