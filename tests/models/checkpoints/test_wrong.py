# SPDX-License-Identifier: GPL-3.0-or-later
"""Pickles of data that is none: each is refused, and costs neither time nor memory."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt.models.checkpoints import read_checkpoint
from tests.models.checkpoints import published
from tests.models.checkpoints.attacks import CONTAINERS, NAMESPACE, Container, call, text


@pytest.fixture(params=CONTAINERS)
def container(request: pytest.FixtureRequest) -> Container:
    return CONTAINERS[request.param]


ARRAY = call("numpy.core.multiarray", "_reconstruct", b"cnumpy\nndarray\n", b"(K\x00t", text("b"))
FLOAT = (
    call("numpy", "dtype", text("f4"), b"K\x00", b"K\x01")
    + b"(K\x03"
    + text("<")
    + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
)
OBJECT = call("numpy", "dtype", text("O8"), b"K\x00", b"K\x01")


def state(shape: bytes, dtype: bytes, data: bytes) -> bytes:
    return b"(K\x01" + shape + dtype + b"\x89" + data + b"tb"


def raw(n: int) -> bytes:
    return b"C" + bytes([n]) + bytes(n)


STORAGE = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + b"K\x04tQ"


def tensor(storage: bytes, offset: bytes, size: bytes, stride: bytes) -> bytes:
    return call("torch._utils", "_rebuild_tensor_v2", storage, offset, size, stride, b"\x89", b"N")


HUGE = b"\x8a\x07" + (2**50).to_bytes(7, "little")
WRONG: dict[str, bytes] = {
    "array of a function": call(
        "numpy.core.multiarray", "_reconstruct", b"cos\nsystem\n", b"(K\x00t", text("b")
    ),
    "array of objects": ARRAY + state(b"(K\x01t", OBJECT, b"(cos\nsystem\nl"),
    "array of objects by address": ARRAY + state(b"(K\x01t", OBJECT, raw(8)),
    "array too short": ARRAY + state(b"(K\x64t", FLOAT, raw(4)),
    "array of negative length": ARRAY + state(b"(J\xff\xff\xff\xfft", FLOAT, raw(4)),
    "array far too long": ARRAY + state(b"(" + HUGE + HUGE + b"t", FLOAT, raw(4)),
    "array filled twice": ARRAY + state(b"(K\x01t", FLOAT, raw(4)) + state(b"(K\x02t", FLOAT, raw(8)),
    "array of a type that is none": ARRAY + state(b"(K\x01t", text("f4"), raw(4)),
    "scalar of objects": call("numpy.core.multiarray", "scalar", OBJECT, raw(8)),
    "scalar too short": call("numpy.core.multiarray", "scalar", FLOAT, raw(3)),
    "type of parts": call("numpy", "dtype", text("V8"), b"K\x00", b"K\x01"),
    "type from a list": call("numpy", "dtype", b"((" + text("a") + text("O") + b"tl"),
    "loading another file": call("numpy", "load", text("a.npy")),
    "copyreg": call("copyreg", "add_extension", text("os"), text("system"), b"K\x01"),
    "copyreg pickle": call("copyreg", "pickle", b"cos\nsystem\n", b"cos\nsystem\n"),
    "copyreg extension": b"\x82\x01",
    "persistent text": b"Ptext\n",
    "persistent number": b"K\x01Q",
    "persistent module": b"(" + text("module") + b"cos\nsystem\n" + text("a") + text("b") + b"tQ",
    "storage of a function": b"(" + text("storage") + b"cos\nsystem\n" + text("0") + text("cpu") + b"K\x04tQ",
    "storage elsewhere": STORAGE.replace(text("0"), text("../../../../etc/passwd")),
    "storage of another size": STORAGE.replace(b"K\x04tQ", b"K\x03tQ"),
    "storage far too large": STORAGE.replace(b"K\x04tQ", HUGE + b"tQ"),
    "storage of negative size": STORAGE.replace(b"K\x04tQ", b"J\xff\xff\xff\xfftQ"),
    "storage with a call as location": STORAGE.replace(text("cpu"), b"cos\nsystem\n"),
    "tensor beyond its storage": tensor(STORAGE, b"K\x01", b"(K\x04t", b"(K\x01t"),
    "tensor stretched beyond its storage": tensor(STORAGE, b"K\x00", b"(" + HUGE + b"t", b"(K\x00t"),
    "tensor of negative offset": tensor(STORAGE, b"J\xff\xff\xff\xff", b"(K\x01t", b"(K\x01t"),
    "tensor of negative stride": tensor(STORAGE, b"K\x03", b"(K\x02t", b"(J\xff\xff\xff\xfft"),
    "tensor over text": tensor(text("a"), b"K\x00", b"(K\x01t", b"(K\x01t"),
    "parameter of a function": call("torch._utils", "_rebuild_parameter", b"cos\nsystem\n", b"\x89", b"N"),
    "encoding by name": call("_codecs", "encode", text("a"), text("rot13")),
    "key of tuples": b"})" + b"\x85" * 3 + b"Ns",
    "key of tuples that take forever": b"})" + b"2\x86" * 60 + b"Ns",
    "set of tuples": b"\x8f()" + b"2\x86" * 60 + b"\x90",
    "frozen set of tuples": b"()" + b"2\x86" * 60 + b"\x91",
    "old set of tuples": call("builtins", "set", b"()" + b"2\x86" * 60 + b"l"),
    "ordered dictionary of tuples": call("collections", "OrderedDict", b"()" + b"2\x86" * 60 + b"N\x86l"),
    "bytes far too long": b"\x8e" + struct.pack("<Q", 2**60) + b"a",
    "array of bytes far too long": b"\x96" + struct.pack("<Q", 2**60) + b"a",
    "text far too long": b"\x8d" + struct.pack("<Q", 2**60) + b"a",
    "number far too long": b"L" + b"9" * 100_000 + b"L\n",
    "buffer from outside": b"\x97",
    "build a number": b"K\x01}b",
    "build a name": b"cos\nsystem\n}" + text("__code__") + b"Nsb",
    "build a tensor": tensor(STORAGE, b"K\x00", b"(K\x01t", b"(K\x01t") + b"}b",
    "call a number": b"K\x01)R",
    "call a shell": NAMESPACE + b")R",
    "new object of a shell": NAMESPACE + b")\x81",
    "name of numbers": b"K\x01K\x02\x93",
    "attribute of a value": call("builtins", "getattr", text("a"), text("format")),
    "attribute of a shell": call("builtins", "getattr", NAMESPACE, text("__class__")),
    "call of an attribute": call("builtins", "getattr", b"cos\npath\n", text("system")) + b")R",
    "nothing": b"0",
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_things_are_refused(tmp_path: Path, container: Container, wrong: str) -> None:
    path = tmp_path / "a.ckpt"
    container(path, b"}" + text("gen_dict") + WRONG[wrong] + b"s.")
    with pytest.raises(AqgtError, match=r"a\.ckpt"):
        read_checkpoint(path)


def test_the_parts_of_those_are_right(tmp_path: Path) -> None:
    """Each of them fails for its own reason: what they have in common is read."""
    parts = {
        "array": ARRAY + state(b"(K\x02t", FLOAT, raw(8)),
        "tensor": tensor(STORAGE, b"K\x01", b"(K\x03t", b"(K\x01t"),
    }
    published.zip_with(tmp_path / "a", b"}(" + b"".join(text(k) + v for k, v in parts.items()) + b"u.")
    found = read_checkpoint(tmp_path / "a")
    assert found["array"].tolist() == [0, 0]
    assert found["tensor"].tolist() == [0, 0, 0]


def test_depth_does_not_matter(tmp_path: Path, container: Container) -> None:
    container(tmp_path / "a", b"}" + text("a") + b"]" * 200_000 + b"a" * 199_999 + b"s.")
    assert isinstance(read_checkpoint(tmp_path / "a")["a"], list)


def test_numpy_is_as_before(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"}" + text("a") + FLOAT.replace(text("<"), text(">")) + b"s.")
    assert read_checkpoint(tmp_path / "a")["a"].byteorder == ">"
    assert np.dtype("f4").byteorder == "="
