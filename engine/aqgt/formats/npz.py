# SPDX-License-Identifier: GPL-3.0-or-later
"""Motions as NPZ: plain arrays and JSON, never pickled objects, so any numpy reads it."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.formats.files import PathLike, parse_json, read_bytes, write_bytes
from aqgt.formats.spans_json import span_from_dict, span_to_dict
from aqgt.formats.words_json import word_to_dict, words_from_json
from aqgt.motion import Motion
from aqgt.skeleton import JOINT_NAMES
from aqgt.words import Word

VERSION = 1
"""Version of the file's layout; a reader refuses newer ones."""


@dataclass(frozen=True)
class MotionFile:
    """What an NPZ file holds.

    Attributes:
        motion: the motion.
        words: the words it was made for.
        spans: the annotations that were used.
        provenance: where it comes from, as plain values (see `aqgt.protocol.messages.Provenance`).
    """

    motion: Motion
    words: tuple[Word, ...] = ()
    spans: tuple[Span, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)


def write_npz(
    path: PathLike,
    motion: Motion,
    words: Iterable[Word] = (),
    spans: Iterable[Span] = (),
    provenance: Any = None,
) -> None:
    """Write a motion with what it was made from.

    Arrays: `version`, `fps`, `bone_vectors` `[T, 53, 3]` float32, `lengths` `[53]`, `joint_names` `[53]`, and
    the JSON strings `words`, `spans` and `provenance` (given as a mapping or as a dataclass).

    Raises:
        AqgtError: the file can't be written, or the provenance holds something JSON can't.
    """
    try:
        texts = {
            "words": json.dumps([word_to_dict(word) for word in words]),
            "spans": json.dumps([span_to_dict(span) for span in spans]),
            "provenance": json.dumps(_plain(provenance)),
        }
    except (TypeError, ValueError) as error:
        raise AqgtError(
            f"The provenance can't be written: {error}.", "Give plain values.", "bad-provenance"
        ) from None
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        version=np.int64(VERSION),
        fps=np.float64(motion.fps),
        bone_vectors=motion.bone_vectors,
        lengths=motion.lengths,
        joint_names=np.array(JOINT_NAMES),
        **{name: np.array(text) for name, text in texts.items()},  # type: ignore[arg-type]
    )
    write_bytes(path, buffer.getvalue())


def read_npz(path: PathLike) -> MotionFile:
    """Read what `write_npz` wrote.

    Raises:
        AqgtError: the file is missing, no NPZ of ours, made by a newer version, or damaged.
    """
    arrays = _arrays(path)
    version = _number(arrays, "version", path)
    if version > VERSION:
        raise AqgtError(f"“{path}” was written by a newer version of aqgt.", "Update aqgt.", "newer-file")
    motion = Motion(
        _number(arrays, "fps", path), _floats(arrays, "bone_vectors", path), _floats(arrays, "lengths", path)
    )
    spans = _json(arrays, "spans", path, list)
    return MotionFile(
        motion,
        tuple(words_from_json(_json(arrays, "words", path, list))),
        tuple(span_from_dict(span) for span in spans),
        _json(arrays, "provenance", path, dict),
    )


def _plain(provenance: Any) -> dict[str, Any]:
    if is_dataclass(provenance) and not isinstance(provenance, type):
        return asdict(provenance)
    return dict(provenance or {})


def _arrays(path: PathLike) -> dict[str, NDArray[Any]]:
    content = io.BytesIO(read_bytes(path))
    try:
        with np.load(content, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    # A damaged archive fails in whatever its bytes happen to say: checksums, sizes, even as Python source.
    except Exception as error:
        raise _bad(path, "it is no NPZ archive of plain arrays") from error


def _array(arrays: Mapping[str, NDArray[Any]], name: str, path: PathLike) -> NDArray[Any]:
    if name not in arrays:
        raise _bad(path, f"it lacks “{name}”")
    return arrays[name]


def _floats(arrays: Mapping[str, NDArray[Any]], name: str, path: PathLike) -> NDArray[Any]:
    array = _array(arrays, name, path)
    if array.dtype.kind not in "fiu":
        raise _bad(path, f"“{name}” holds no numbers")
    return array


def _number(arrays: Mapping[str, NDArray[Any]], name: str, path: PathLike) -> float:
    array = _floats(arrays, name, path)
    if array.size != 1 or not math.isfinite(array.item()):
        raise _bad(path, f"“{name}” is no number")
    return float(array.item())


def _json(arrays: Mapping[str, NDArray[Any]], name: str, path: PathLike, kind: type) -> Any:
    value = parse_json(str(arrays[name]), f"“{name}” in “{path}”") if name in arrays else kind()
    if not isinstance(value, kind):
        raise _bad(path, f"“{name}” is of the wrong kind")
    return value


def _bad(path: PathLike, reason: str) -> AqgtError:
    return AqgtError(f"“{path}” can't be read: {reason}.", "Pick a motion that aqgt wrote.", "bad-file")
