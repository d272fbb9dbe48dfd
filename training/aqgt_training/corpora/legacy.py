# SPDX-License-Identifier: GPL-3.0-or-later
"""Records that `pyarrow.serialize` of pyarrow 0.14 wrote, read without pyarrow.

A record holds one object of None, booleans, numbers, text, bytes, lists, tuples, dicts, sets and numpy
arrays: the count of its arrays, an Arrow stream with one dense union, then the arrays as Arrow tensors.
The union's children are named by the type of the value (0 boolean, 1 integer, 3 bytes, 4 text, 5…7
floats, 9 list, 10 dict, 11 tuple, 12 set, 13 and 14 array, 15 buffer). Columns are read whole, so that
the time goes with the size.
Nothing but these types is ever made.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt_training.corpora import legacy_flatbuffers as fb
from aqgt_training.corpora.legacy_flatbuffers import BadRecord, Field

_ALIGN = 64
_DAMAGE = (ValueError, IndexError, KeyError, TypeError, OverflowError, MemoryError, RecursionError)


def deserialize(data: bytes | bytearray | memoryview) -> Any:
    """The object in one record.

    Raises:
        AqgtError: the bytes are no such record, or it is damaged.
    """
    try:
        return _Record(memoryview(data).cast("B")).read()
    except _DAMAGE as error:
        raise AqgtError(
            f"The record can't be read as one of pyarrow 0.14 ({error}).",
            "Leave it out, or copy the database again.",
            "bad-record",
        ) from error


class _Record:
    """One record while it is read."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.nodes: list[tuple[int, int]] = []
        self.buffers: list[tuple[int, int]] = []
        self.body = 0
        self.node = self.buffer = 0
        self.arrays: dict[str, list[Any]] = {}

    def read(self) -> Any:
        try:
            counts = struct.unpack_from("<iii", self.data, 0)
        except struct.error as error:
            raise BadRecord("it is shorter than its header") from error
        if any(not 0 <= count <= len(self.data) for count in counts):
            raise BadRecord("its header counts more arrays than it has bytes")
        at, field = self._schema(16)
        at = self._batch(at)
        at += 4  # the end of the stream: a length of 0
        self.arrays["13"], at = self._tensors(counts[0], at)
        self.arrays["14"], at = self._tensors(counts[1], at)
        self.arrays["15"] = self._raw_buffers(counts[2], at)
        values = self._column(field)
        if len(values) != 1:
            raise BadRecord(f"it holds {len(values)} objects where one belongs")
        return values[0]

    def _message(self, at: int, kind: int) -> tuple[fb.Message, int]:
        """A message of the stream, and where its body begins."""
        try:
            (length,) = struct.unpack_from("<i", self.data, at)
        except struct.error as error:
            raise BadRecord("it ends within the stream") from error
        message = fb.read_message(self.data, at + 4)
        if length <= 0 or message.kind != kind:
            raise BadRecord("its stream is not in the order of pyarrow 0.14")
        return message, at + 4 + length

    def _schema(self, at: int) -> tuple[int, Field]:
        message, body = self._message(at, fb.SCHEMA)
        fields = [fb.read_field(each) for each in message.header.tables(1)]
        if len(fields) != 1 or fields[0].kind != fb.UNION:
            raise BadRecord("it is not one column of mixed values")
        return body + message.body_length, fields[0]

    def _batch(self, at: int) -> int:
        message, self.body = self._message(at, fb.RECORD_BATCH)
        self.nodes, self.buffers = message.header.pairs(1), message.header.pairs(2)
        return self.body + message.body_length

    # ------------------------------------------------------------ arrays

    def _tensors(self, count: int, at: int) -> tuple[list[NDArray[Any]], int]:
        arrays = []
        for _ in range(count):
            at = _aligned(at)
            message, start = self._message(at, fb.TENSOR)
            start = _aligned(start)
            arrays.append(self._tensor(message.header, start))
            at = start + message.body_length
        return arrays, at

    def _tensor(self, header: fb.Table, start: int) -> NDArray[Any]:
        description = header.table(1)
        field = Field("", header.number(0, "<B"), *_width(header.number(0, "<B"), description), ())
        shape = tuple(dimension.number(0, "<q") for dimension in header.tables(2))
        dtype = _dtype(field)
        if any(size < 0 for size in shape):
            raise BadRecord("an array has a negative size")
        n_bytes = int(np.prod(shape, dtype=object)) * dtype.itemsize if shape else dtype.itemsize
        offset, _ = header.pair(4)
        strides = self._strides(header, len(shape))
        data = self._bytes(start + offset if offset else start, n_bytes)
        flat = np.frombuffer(data, dtype)
        if strides and strides != _c_strides(shape, dtype.itemsize):
            if strides != _c_strides(shape[::-1], dtype.itemsize)[::-1]:
                raise BadRecord("an array is neither in C nor in Fortran order")
            return flat.reshape(shape, order="F").copy()
        return flat.reshape(shape).copy()

    def _strides(self, header: fb.Table, n: int) -> tuple[int, ...]:
        first, count = header._vector(3, 8)
        return struct.unpack_from(f"<{n}q", self.data, first) if count == n else ()

    def _raw_buffers(self, count: int, at: int) -> list[bytes]:
        found = []
        for _ in range(count):
            at = _aligned(at)
            (size,) = struct.unpack_from("<q", self._bytes(at, 8), 0)
            found.append(bytes(self._bytes(at + 8, size)))
            at += 8 + size
        return found

    def _bytes(self, start: int, size: int) -> memoryview:
        if start < 0 or size < 0 or start + size > len(self.data):
            raise BadRecord("it is cut off")
        return self.data[start : start + size]

    # ------------------------------------------------------------ columns

    def _next_buffer(self) -> memoryview:
        offset, length = self.buffers[self.buffer]
        self.buffer += 1
        return self._bytes(self.body + offset, length)

    def _numbers(self, dtype: Any, n: int) -> NDArray[Any]:
        data = self._next_buffer()
        dtype = np.dtype(dtype)
        if len(data) < n * dtype.itemsize:
            raise BadRecord("a column is shorter than its length says")
        return np.frombuffer(data, dtype, n)

    def _offsets(self, n: int, n_values: int | None = None) -> NDArray[np.int32]:
        """`[n + 1]` rising offsets (one 0 for an empty column, which may hold none)."""
        if n == 0:
            self.buffer += 1
            return np.zeros(1, np.int32)
        offsets = self._numbers("<i4", n + 1)
        if (
            offsets[0] < 0
            or (np.diff(offsets) < 0).any()
            or (n_values is not None and offsets[-1] > n_values)
        ):
            raise BadRecord("the parts of a list are out of order")
        return offsets

    def _column(self, field: Field) -> list[Any]:
        """All values of a column, None where it has none; reads its nodes and buffers in order."""
        n, n_null = self.nodes[self.node]
        self.node += 1
        if not 0 <= n <= 8 * len(self.data):
            raise BadRecord("a column is longer than the record")
        if field.kind == fb.NULL:
            return [None] * n
        valid = self._valid(n, n_null)
        values = self._values(field, n)
        if valid is not None:
            values = [value if good else None for value, good in zip(values, valid, strict=True)]
        return values

    def _valid(self, n: int, n_null: int) -> list[bool] | None:
        bits = self._next_buffer()
        if n_null == 0 or n == 0 or len(bits) == 0:
            return None
        if len(bits) * 8 < n:
            raise BadRecord("a column is shorter than its length says")
        return np.unpackbits(np.frombuffer(bits, np.uint8), count=n, bitorder="little").astype(bool).tolist()

    def _values(self, field: Field, n: int) -> list[Any]:
        match field.kind:
            case fb.UNION:
                return self._union(field, n)
            case fb.LIST:
                offsets = self._offsets(n)
                inner = self._column(field.children[0])
                if offsets[-1] > len(inner):
                    raise BadRecord("a list is longer than its values")
                ends = offsets.tolist()
                return [inner[a:b] for a, b in pairwise(ends)]
            case fb.STRUCT:
                columns = [self._column(child) for child in field.children]
                if len(columns) != 2 or any(len(column) != n for column in columns):
                    raise BadRecord("a dict's keys and values don't belong together")
                return list(zip(*columns, strict=True))
            case fb.BOOL:
                data = np.frombuffer(self._next_buffer(), np.uint8)
                if len(data) * 8 < n:
                    raise BadRecord("a column is shorter than its length says")
                return np.unpackbits(data, count=n, bitorder="little").astype(bool).tolist()
            case fb.INT | fb.FLOAT:
                return self._numbers(_dtype(field), n).tolist()
            case fb.TEXT | fb.BINARY:
                return self._texts(field, n)
        raise BadRecord(f"it holds a column of type {field.kind}, which pyarrow 0.14 doesn't write")

    def _texts(self, field: Field, n: int) -> list[Any]:
        ends = self._offsets(n).tolist()
        data = bytes(self._next_buffer())
        if ends[-1] > len(data):
            raise BadRecord("a text is longer than the record")
        parts = [data[a:b] for a, b in pairwise(ends)]
        return [part.decode("utf-8") for part in parts] if field.kind == fb.TEXT else parts

    def _union(self, field: Field, n: int) -> list[Any]:
        kinds, positions = self._numbers(np.int8, n), self._numbers("<i4", n)
        children = [self._child(child) for child in field.children]
        # Neighbours of one type lie side by side in its column too: whole runs are copied, not single values.
        breaks = np.flatnonzero((np.diff(kinds) != 0) | (np.diff(positions) != 1)) + 1
        values: list[Any] = []
        for begin, end in pairwise([0, *breaks.tolist(), n] if n else []):
            kind, at = int(kinds[begin]), int(positions[begin])
            # What is None has no type that counts; the validity bitmap says so afterwards.
            column = children[kind] if 0 <= kind < len(children) and at >= 0 else []
            run = column[at : at + end - begin]
            values += run
            values += [None] * (end - begin - len(run))
        return values

    def _child(self, field: Field) -> list[Any]:
        """A child of a union, its values made what its name says."""
        values = self._column(field)
        match field.name:
            case "10":
                return [None if pairs is None else dict(pairs) for pairs in values]
            case "11":
                return [None if items is None else tuple(items) for items in values]
            case "12":
                return [None if items is None else set(items) for items in values]
            case "13" | "14" | "15":
                arrays = self.arrays[field.name]
                if any(not 0 <= index < len(arrays) for index in values):
                    raise BadRecord("it names an array that it doesn't hold")
                return [arrays[index] for index in values]
        return values


def _aligned(at: int) -> int:
    return -(-at // _ALIGN) * _ALIGN


def _width(kind: int, description: fb.Table | None) -> tuple[int, bool]:
    if description is None:
        return 0, True
    if kind == fb.INT:
        return description.number(0, "<i"), bool(description.number(1, "<B"))
    return 16 << description.number(0, "<h"), True


def _dtype(field: Field) -> np.dtype[Any]:
    letter = "f" if field.kind == fb.FLOAT else "i" if field.signed else "u"
    if field.kind not in (fb.INT, fb.FLOAT) or field.bits not in (8, 16, 32, 64):
        raise BadRecord(f"it holds numbers of a type {field.kind} with {field.bits} bits")
    return np.dtype(f"<{letter}{field.bits // 8}")


def _c_strides(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    strides = []
    for length in reversed(shape):
        strides.append(size)
        size *= length
    return tuple(reversed(strides))
