# SPDX-License-Identifier: GPL-3.0-or-later
"""The few flatbuffers of the Arrow format that a record of pyarrow 0.14 holds: schema, record batch, tensor.

Field numbers and type codes are those of the Arrow format's `Schema.fbs`, `Message.fbs` and `Tensor.fbs`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

NULL, INT, FLOAT, BINARY, TEXT, BOOL, LIST, STRUCT, UNION = 1, 2, 3, 4, 5, 6, 12, 13, 14
SCHEMA, RECORD_BATCH, TENSOR = 1, 3, 4
_MAX_DEPTH = 64


class BadRecord(ValueError):  # noqa: N818 - it is raised further as an AqgtError
    """The bytes are no record of pyarrow 0.14."""


class Table:
    """One flatbuffers table; every read is checked against the end of the bytes."""

    def __init__(self, data: memoryview, at: int) -> None:
        self.data, self.at = data, at
        self.vtable = at - self._read("<i", at)
        self.size = self._read("<H", self.vtable)

    def _read(self, form: str, at: int) -> int:
        if at < 0:
            raise BadRecord("an offset points before the record")
        try:
            return struct.unpack_from(form, self.data, at)[0]
        except struct.error as error:
            raise BadRecord("an offset points beyond the record") from error

    def _field(self, number: int) -> int:
        """Where a field lies, or 0 where it is left out."""
        slot = 4 + 2 * number
        offset = self._read("<H", self.vtable + slot) if slot < self.size else 0
        return self.at + offset if offset else 0

    def number(self, field: int, form: str, default: int = 0) -> int:
        at = self._field(field)
        return self._read(form, at) if at else default

    def table(self, field: int) -> Table | None:
        at = self._field(field)
        return Table(self.data, at + self._read("<I", at)) if at else None

    def text(self, field: int) -> str:
        at = self._field(field)
        if not at:
            return ""
        at += self._read("<I", at)
        length = self._read("<I", at)
        return bytes(self.data[at + 4 : at + 4 + length]).decode("utf-8", "replace")

    def _vector(self, field: int, size: int) -> tuple[int, int]:
        """First element and number of elements of ``size`` bytes."""
        at = self._field(field)
        if not at:
            return 0, 0
        at += self._read("<I", at)
        count = self._read("<I", at)
        if at + 4 + count * size > len(self.data):
            raise BadRecord("a list is longer than the record")
        return at + 4, count

    def tables(self, field: int) -> Iterator[Table]:
        first, count = self._vector(field, 4)
        for at in range(first, first + 4 * count, 4):
            yield Table(self.data, at + self._read("<I", at))

    def pairs(self, field: int) -> list[tuple[int, int]]:
        """A vector of structs of two int64."""
        first, count = self._vector(field, 16)
        return [struct.unpack_from("<qq", self.data, first + 16 * index) for index in range(count)]  # type: ignore[misc]

    def pair(self, field: int) -> tuple[int, int]:
        """A struct of two int64 that lies in the table itself."""
        at = self._field(field)
        return (self._read("<q", at), self._read("<q", at + 8)) if at else (0, 0)


@dataclass(frozen=True)
class Field:
    """A column's type: its name, type code, width in bits (numbers) and children."""

    name: str
    kind: int
    bits: int
    signed: bool
    children: tuple[Field, ...]


def read_field(table: Table, depth: int = 0) -> Field:
    """The type of a column and of what lies in it."""
    if depth > _MAX_DEPTH:
        raise BadRecord(f"types are nested more than {_MAX_DEPTH} deep")
    kind, description = table.number(2, "<B"), table.table(3)
    bits, signed = 0, True
    if kind == INT and description is not None:
        bits, signed = description.number(0, "<i"), bool(description.number(1, "<B"))
    elif kind == FLOAT and description is not None:
        bits = 16 << description.number(0, "<h")  # half, single, double
    elif kind == UNION and (description is None or description.number(0, "<h") != 1):
        raise BadRecord("a union is not a dense one")
    children = tuple(read_field(child, depth + 1) for child in table.tables(5))
    return Field(table.text(0), kind, bits, signed, children)


@dataclass(frozen=True)
class Message:
    """An Arrow message: kind of its header, the header, and the length of the body after it."""

    kind: int
    header: Table
    body_length: int


def read_message(data: memoryview, at: int) -> Message:
    """The message whose flatbuffer begins at ``at``."""
    try:
        root = Table(data, at + struct.unpack_from("<I", data, at)[0])
    except struct.error as error:
        raise BadRecord("it ends within a message") from error
    header, length = root.table(2), root.number(3, "<q")
    if header is None or not 0 <= length <= len(data):
        raise BadRecord("a message has no header or an impossible length")
    return Message(root.number(1, "<B"), header, length)
