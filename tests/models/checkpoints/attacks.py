# SPDX-License-Identifier: GPL-3.0-or-later
"""Pickles that try to run something, and the files they may come in."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from pathlib import Path

from tests.models.checkpoints import published

Container = Callable[[Path, bytes], None]
CONTAINERS: dict[str, Container] = {
    "plain": lambda path, pickled: path.write_bytes(pickled) and None,
    "zip": published.zip_with,
    "legacy": published.legacy_with,
}


def text(value: str) -> bytes:
    """A text as a pickle spells it."""
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def call(module: str, name: str, *arguments: bytes) -> bytes:
    """A call of a name, its arguments already pickled."""
    return f"c{module}\n{name}\n(".encode() + b"".join(arguments) + b"tR"


def stack_global(module: str, name: str) -> bytes:
    return text(module) + text(name) + b"\x93"


def touch(marker: str) -> bytes:
    return text(f"touch {marker}")


NAMESPACE = b"cargparse\nNamespace\n)\x81"

RUNNING: dict[str, Callable[[str], bytes]] = {
    "reduce": lambda m: call("os", "system", touch(m)) + b".",
    "eval": lambda m: call("builtins", "eval", text(f"open({m!r}, 'w')")) + b"0N.",
    "exec": lambda m: call("builtins", "exec", text(f"open({m!r}, 'w')")) + b".",
    "python 2 names": lambda m: b"\x80\x02" + call("__builtin__", "eval", text(f"open({m!r}, 'w')")) + b"0N.",
    "stack global": lambda m: b"\x80\x04" + stack_global("os", "system") + touch(m) + b"\x85R.",
    "inst": lambda m: b"(" + touch(m) + b"ios\nsystem\n.",
    "obj": lambda m: b"(cos\nsystem\n" + touch(m) + b"o.",
    "popen": lambda m: call("subprocess", "Popen", b"(" + text("touch") + text(m) + b"l") + b".",
    "set state": lambda m: NAMESPACE + b"}" + text("__setstate__") + b"cos\nsystem\nsb" + touch(m) + b"b.",
    "append": lambda m: (
        NAMESPACE + b"}" + text("append") + b"cos\nsystem\nsb" + touch(m) + b"a."
    ),
    "get attribute": lambda m: b"\x80\x02" + call(
        "builtins", "getattr", call("importlib", "import_module", text("os")), text("system")
    ) + touch(m) + b"\x85R.",
    "dotted name": lambda m: b"\x80\x04" + stack_global("shutil", "os.system") + touch(m) + b"\x85R.",
    "partial": lambda m: b"\x80\x02" + call("functools", "partial", b"cos\nsystem\n", touch(m)) + b")R.",
    "map": lambda m: b"\x80\x02cbuiltins\nlist\n" + call(
        "builtins", "map", b"cos\nsystem\n", b"(" + touch(m) + b"l"
    ) + b"\x85R.",
    "in a dictionary": lambda m: b"}" + text("gen_dict") + call("os", "system", touch(m)) + b"s.",
    "in an ordered dictionary": lambda m: call(
        "collections", "OrderedDict", b"((" + text("a") + call("os", "system", touch(m)) + b"ll"
    ) + b".",
    "in a tensor": lambda m: call(
        "torch._utils", "_rebuild_tensor_v2", call("os", "system", touch(m)), b"K\x00", b")", b")",
        b"\x89", b"N",
    ) + b".",
    "in an array's state": lambda m: call(
        "numpy.core.multiarray", "_reconstruct", b"cnumpy\nndarray\n", b"(K\x00t", text("b")
    ) + call("os", "system", touch(m)) + b"b.",
    "in an object's state": lambda m: NAMESPACE + b"}" + text("a") + call("os", "system", touch(m)) + b"sb.",
    "torch's nested loading": lambda m: b"\x80\x02" + call(
        "torch.storage", "_load_from_bytes",
        (lambda inner: b"B" + struct.pack("<I", len(inner)) + inner)(
            pickle.dumps(0x1950A86A20F9469CFC6C, 2) + call("os", "system", touch(m)) + b"."
        ),
    ) + b".",
    "default factory": lambda m: b"\x80\x02" + call(
        "operator", "getitem",
        call("collections", "defaultdict", call("functools", "partial", b"cos\nsystem\n", touch(m))),
        text("a"),
    ) + b".",
}  # fmt: skip
"""Pickles that make the given file when pickle itself reads them, by the way they go."""
NOT_BY_PICKLE = {"torch's nested loading"}
