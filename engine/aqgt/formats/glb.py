# SPDX-License-Identifier: GPL-3.0-or-later
"""A glTF 2.0 binary file: one JSON chunk, one chunk of arrays."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAGIC, _VERSION, _JSON, _BIN = 0x46546C67, 2, 0x4E4F534A, 0x004E4942
_FLOAT = 5126
_KINDS = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}


class Buffer:
    """The arrays of a file, gathered one by one; each becomes an accessor with a view of its own."""

    def __init__(self) -> None:
        self._content = bytearray()
        self.accessors: list[dict[str, Any]] = []
        self.views: list[dict[str, int]] = []

    def add(self, values: NDArray, *, bounds: bool = False) -> int:
        """Take in `[N]`, `[N, 3]` or `[N, 4]` as float32; the accessor's index.

        Args:
            values: the array.
            bounds: whether to write smallest and largest value, which glTF wants of the times of keys.
        """
        data = np.ascontiguousarray(values, dtype="<f4")
        width = 1 if data.ndim == 1 else data.shape[1]
        self.views.append({"buffer": 0, "byteOffset": len(self._content), "byteLength": data.nbytes})
        self._content += data.tobytes()
        accessor: dict[str, Any] = {
            "bufferView": len(self.views) - 1,
            "componentType": _FLOAT,
            "count": len(data),
            "type": _KINDS[width],
        }
        if bounds:
            accessor["min"] = np.atleast_1d(data.min(axis=0)).tolist()
            accessor["max"] = np.atleast_1d(data.max(axis=0)).tolist()
        self.accessors.append(accessor)
        return len(self.accessors) - 1

    def file(self, document: dict[str, Any]) -> bytes:
        """The whole file: ``document`` with the lists of accessors, views and the buffer added."""
        document = {
            **document,
            "accessors": self.accessors,
            "bufferViews": self.views,
            "buffers": [{"byteLength": len(self._content)}],
        }
        text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode("utf-8")
        text += b" " * (-len(text) % 4)
        binary = bytes(self._content) + b"\0" * (-len(self._content) % 4)
        size = 12 + 8 + len(text) + 8 + len(binary)
        return b"".join(
            (
                struct.pack("<III", _MAGIC, _VERSION, size),
                struct.pack("<II", len(text), _JSON),
                text,
                struct.pack("<II", len(binary), _BIN),
                binary,
            )
        )
