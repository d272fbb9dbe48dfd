# SPDX-License-Identifier: GPL-3.0-or-later
"""One window of a shard: its arrays as .npy members, the rest as one .json member.

The members are decoded here by name and nowhere else: nothing in a shard is ever unpickled or run.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import N_CHANNELS
from aqgt.errors import AqgtError
from aqgt.skeleton import N_JOINTS

META = "meta.json"
ANNOTATIONS, BONE_VECTORS, FORMS = "annotations", "bone_vectors", "forms"
Window = dict[str, Any]
_KINDS = frozenset("fiu")
_MAGIC = b"\x93NUMPY\x01\x00"


def encode_window(window: Mapping[str, Any]) -> dict[str, bytes]:
    """Member name → bytes of a window; the same window gives the same bytes.

    Args:
        window: ``"annotations"`` `[17, T]`, ``"bone_vectors"`` `[T, 53, 3]`, any other arrays (features of a
            model), and plain values (``"clip"``, ``"frame"``, ``"speaker"``, …), which go to ``meta.json``.
    """
    members: dict[str, bytes] = {}
    meta: dict[str, Any] = {}
    for name, value in window.items():
        if isinstance(value, np.ndarray):
            members[f"{name}.npy"] = _npy_bytes(value)
        else:
            meta[name] = value
    members[META] = json.dumps(meta, ensure_ascii=False, sort_keys=True).encode()
    return members


def decode_window(members: Mapping[str, bytes], where: str) -> Window:
    """The window that members hold: arrays by name, and what ``meta.json`` says.

    ``annotations`` and ``bone_vectors`` are float32, features are as stored.

    Args:
        where: shard and key, for the message of an error.

    Raises:
        AqgtError: a member of another kind than .npy and .json, a damaged one, or one that lacks.
    """
    window: Window = {}
    for name, data in members.items():
        if name.endswith(".npy"):
            window[name[:-4]] = _array(data, f"{where}.{name}")
        elif name == META:
            window.update(_object(data, f"{where}.{name}"))
        else:
            raise _bad(f"{where}.{name}", "is neither an array (.npy) nor meta.json")
    for name, shape in ((ANNOTATIONS, (N_CHANNELS, None)), (BONE_VECTORS, (None, N_JOINTS, 3))):
        found = window.get(name)
        if found is None or found.ndim != len(shape):
            raise _bad(f"{where}.{name}.npy", "is missing or has another shape")
        if any(b is not None and a != b for a, b in zip(found.shape, shape, strict=True)):
            raise _bad(f"{where}.{name}.npy", f"has the shape {found.shape}")
        window[name] = found.astype(np.float32)
    return window


def _npy_bytes(array: NDArray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


_headers: dict[bytes, tuple[np.dtype[Any], tuple[int, ...]]] = {}
"""Headers of .npy members that were read: those of one shard are all alike, and parsing one takes long."""


def _array(data: bytes, where: str) -> NDArray:
    length = 10 + int.from_bytes(data[8:10], "little")
    header = bytes(data[:length])
    if header not in _headers:
        if not header.startswith(_MAGIC) or len(header) != length:
            raise _bad(where, "is no array of version 1.0")
        try:
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(io.BytesIO(header[8:]))
        except ValueError as error:
            raise _bad(where, f"is no array ({error})") from error
        if fortran or dtype.kind not in _KINDS:
            raise _bad(where, f"holds {dtype} and not plain numbers")
        if len(_headers) > 4096:
            _headers.clear()
        _headers[header] = dtype, shape
    dtype, shape = _headers[header]
    try:
        return np.frombuffer(data, dtype, offset=length).reshape(shape)
    except ValueError as error:
        raise _bad(where, "is cut off") from error


def _object(data: bytes, where: str) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError as error:
        raise _bad(where, f"is no JSON ({error})") from error
    if not isinstance(found, dict):
        raise _bad(where, "is no JSON object")
    return found


def _bad(where: str, problem: str) -> AqgtError:
    return AqgtError(f"The member {where} {problem}.", "Make the shards again.", "bad-shard")
