# SPDX-License-Identifier: GPL-3.0-or-later
"""The files in which checkpoints are published: torch's zip archives, torch's older streams, plain pickles.

All are read without running anything; tensors stay in the file until they are used.
"""

from __future__ import annotations

import io
import mmap
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aqgt.errors import AqgtError
from aqgt.models.inert_calls import CALLS, STORAGE_TYPES, restore
from aqgt.models.inert_pickle import Global, RefusedError, printable, read_pickle

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_ZIP_MAGIC = b"PK\x03\x04"
_LOCAL_HEADER = 30
"""Bytes of an entry's header in a zip archive, without its name and extra field."""

OpenStorage = Callable[[str, torch.dtype, int], Tensor]
"""Makes the 1-D tensor of a storage from its key, element type and number of elements."""


def read_object(path: str | Path) -> Any:
    """What a file of any of the three kinds holds: containers, tensors on the processor, arrays and shells.

    Raises:
        AqgtError: the file can't be read, is damaged or no checkpoint, or asks for something no checkpoint
            needs; the message names it.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            # Private: tensors may be written to, the file never is. Left to the tensors to close.
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except (OSError, ValueError) as problem:
        raise AqgtError(
            f"The file {path} can't be read ({problem}).", "Give a checkpoint's file.", "no-file"
        ) from problem
    try:
        return _read_zip(mapped) if mapped[:4] == _ZIP_MAGIC else _read_stream(mapped)
    except RefusedError as problem:
        raise AqgtError(
            f"The file {path} {problem}.",
            "Don't use it; get the file again from where the model was published.",
            "hostile-checkpoint",
        ) from problem
    except Exception as problem:  # whatever a damaged file makes the decoders stumble over
        reason = printable(str(problem)) or type(problem).__name__
        raise AqgtError(
            f"The file {path} is damaged or no checkpoint ({reason}).",
            "Get the file again and compare its size with what was published.",
            "bad-checkpoint",
        ) from problem


def _read_zip(mapped: mmap.mmap) -> Any:
    with zipfile.ZipFile(mapped) as archive:  # type: ignore[call-overload]  # a seekable file of bytes
        entries = {entry.filename: entry for entry in archive.infolist()}
        root = next((name[: -len("data.pkl")] for name in entries if name.endswith("/data.pkl")), None)
        if root is None:
            raise ValueError("an archive, but not one of torch")
        order = entries.get(f"{root}byteorder")
        if order is not None and bytes(_entry(mapped, order)) != b"little":
            raise ValueError("its numbers are stored with the highest byte first")
        storages: dict[str, Tensor] = {}

        def open_storage(key: str, dtype: torch.dtype, count: int) -> Tensor:
            if key not in storages:
                storages[key] = _over(_entry(mapped, entries[f"{root}data/{key}"]), dtype, count)
            return storages[key]

        return read_pickle(
            io.BytesIO(_entry(mapped, entries[f"{root}data.pkl"])),
            CALLS,
            restore=restore,
            persistent=lambda reference: _storage(reference, open_storage),
        )


def _entry(mapped: mmap.mmap, entry: zipfile.ZipInfo) -> memoryview:
    """The bytes of an entry, where they lie in the file; its check sum is compared."""
    if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
        raise ValueError("a compressed archive, which torch does not write")
    header = mapped[entry.header_offset : entry.header_offset + _LOCAL_HEADER]
    lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    start = entry.header_offset + _LOCAL_HEADER + lengths
    view = memoryview(mapped)[start : start + entry.file_size]
    if header[:4] != _ZIP_MAGIC or len(view) != entry.file_size or zlib.crc32(view) != entry.CRC:
        raise ValueError(f"the part {entry.filename} is damaged")
    return view


def _read_stream(mapped: mmap.mmap) -> Any:
    first = _read_plain(mapped)
    if type(first) is not int or first != _LEGACY_MAGIC:
        return first
    if _read_plain(mapped) != _LEGACY_PROTOCOL:
        raise ValueError("a version of torch's format that is not known")
    if not _read_plain(mapped)["little_endian"]:
        raise ValueError("its numbers are stored with the highest byte first")
    return _read_legacy(mapped)


def _read_plain(mapped: mmap.mmap) -> Any:
    return read_pickle(mapped, CALLS, restore=restore)  # type: ignore[arg-type]  # mmap.read takes n


def _read_legacy(mapped: mmap.mmap) -> Any:
    """Storages follow the pickle that refers to them, so it is read twice: for their sizes, and for good."""
    begin = mapped.tell()
    sizes: dict[str, tuple[torch.dtype, int]] = {}

    def note_size(key: str, dtype: torch.dtype, count: int) -> Tensor:
        if sizes.setdefault(key, (dtype, count)) != (dtype, count):
            raise ValueError("a storage of two sizes")
        return torch.empty(count, dtype=dtype, device="meta")

    _read_with(mapped, note_size)
    storages: dict[str, Tensor] = {}
    for key in _read_plain(mapped):
        dtype, count = sizes[key]
        size = mapped.read(8)
        # Of an empty storage the size is all there is: seven zeros of eight are a file cut off.
        if len(size) != 8 or int.from_bytes(size, "little") != count:
            raise ValueError("a storage of the wrong size")
        start, length = mapped.tell(), count * dtype.itemsize
        storages[key] = _over(memoryview(mapped)[start : start + length], dtype, count)
        mapped.seek(start + length)
    mapped.seek(begin)
    return _read_with(mapped, lambda key, dtype, count: storages[key])


def _read_with(mapped: mmap.mmap, open_storage: OpenStorage) -> Any:
    return read_pickle(
        mapped,  # type: ignore[arg-type]
        CALLS,
        restore=restore,
        persistent=lambda reference: _storage(reference, open_storage),
    )


def _storage(reference: Any, open_storage: OpenStorage) -> Tensor:
    """The storage a pickle refers to; the device it was on does not matter."""
    if not isinstance(reference, tuple) or reference[:1] != ("storage",):
        raise RefusedError("refers to something outside itself that is no storage")
    kind, key, location, count = reference[1:5]
    if not (isinstance(kind, Global) and kind.module in ("torch", "torch.cuda", "torch.storage")):
        raise RefusedError(f"has a storage of the class “{kind}”")
    if kind.name not in STORAGE_TYPES:
        raise RefusedError(f"has a storage of the class “{kind}”, which is not read")
    valid = isinstance(key, str) and isinstance(location, str) and type(count) is int and count >= 0
    if not valid or any(part is not None for part in reference[5:]):
        raise ValueError("a storage that is none")
    return open_storage(key, STORAGE_TYPES[kind.name], count)


def _over(data: memoryview, dtype: torch.dtype, count: int) -> Tensor:
    if len(data) != count * dtype.itemsize:
        raise ValueError("a storage is cut off")
    if count == 0:
        return torch.empty(0, dtype=dtype)
    tensor = torch.frombuffer(data, dtype=dtype)
    if tensor.data_ptr() % dtype.itemsize == 0:
        return tensor
    return torch.frombuffer(bytearray(data), dtype=dtype)  # torch writes such only in its older format
