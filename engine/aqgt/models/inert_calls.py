# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in for the functions that the pickles of published checkpoints call.

Everything made here is a plain container, a numpy array or scalar of numbers or text, or a tensor over bytes
that the file holds. Each function checks its arguments: they come from the file.
"""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aqgt.models.inert_pickle import Calls, Global, RefusedError, Shell, printable

STORAGE_TYPES = {
    "DoubleStorage": torch.float64, "FloatStorage": torch.float32, "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32,
    "ShortStorage": torch.int16, "CharStorage": torch.int8, "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool, "ComplexFloatStorage": torch.complex64,
    "ComplexDoubleStorage": torch.complex128,
}  # fmt: skip
"""Element type of each kind of storage."""
_DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|c8|c16|[SU][1-9]\d{0,5})")
_BLANK = np.dtype("V1")


def _ordered(pairs: Any = ()) -> OrderedDict[Any, Any]:
    if not isinstance(pairs, dict | list | tuple):
        raise ValueError("a dictionary of something else than pairs")
    made: OrderedDict[Any, Any] = OrderedDict()
    for key, value in pairs.items() if isinstance(pairs, dict) else pairs:
        if not isinstance(key, str | int):
            raise RefusedError("has a key that is neither text nor number")
        made[key] = value
    return made


def _default(*_factory: Any) -> dict[Any, Any]:
    # What a missing key would become is code, and nobody asks for missing keys.
    return {}


def _set(values: Any = ()) -> set[Any]:
    if not isinstance(values, list | tuple) or not all(
        isinstance(value, str | int | float) for value in values
    ):
        raise RefusedError("has a set of something else than text and numbers")
    return set(values)


def _encoded(text: Any, encoding: Any = "latin1") -> bytes:
    """Bytes, as protocols below 3 spell them."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise RefusedError("encodes text as no data is")
    return text.encode("latin1")


def _attribute(owner: Any, name: Any) -> Global:
    """A function of a class, as protocols below 4 spell them; like every name it stays a name."""
    if not isinstance(owner, Global) or not isinstance(name, str):
        raise RefusedError("takes an attribute of something that is no class")
    return Global(owner.module, f"{owner.name}.{name}")


def _size(values: Any = ()) -> tuple[int, ...]:
    return _shape(values)


# ------------------------------------------------------------------------------------------- numpy


def _dtype(code: Any, *_align_and_copy: Any) -> np.dtype[Any]:
    if not isinstance(code, str) or not _DTYPE.fullmatch(code):
        raise RefusedError(
            f"has a numpy array of {printable(repr(code), 40)}, and only numbers and text are read"
        )
    # A copy: its byte order is set later, and numpy shares the usual ones.
    return np.dtype(code, copy=True)


def _blank_array(kind: Any, *_shape_and_type: Any) -> np.ndarray[Any, Any]:
    if kind not in (Global("numpy", "ndarray"), Global("numpy.core.multiarray", "ndarray")):
        raise RefusedError(f"makes a numpy array of the class “{kind}”")
    return np.empty(0, dtype=_BLANK)


def _scalar(dtype: Any, data: Any) -> Any:
    if not isinstance(dtype, np.dtype):
        raise RefusedError("has a number without a type")
    blob = _bytes(data)
    if len(blob) != dtype.itemsize:
        raise ValueError("a number of the wrong length")
    return np.frombuffer(blob, dtype)[0]


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any = "C") -> np.ndarray[Any, Any]:
    if not isinstance(dtype, np.dtype) or order not in ("C", "F"):
        raise RefusedError("has an array without a type")
    return np.frombuffer(_bytes(data), dtype).reshape(_shape(shape), order=order).copy(order=order)


def restore(target: Any, state: Any) -> bool:
    """Fills a numpy array or sets the byte order of a numpy type; False for anything else."""
    if isinstance(target, np.dtype):
        _restore_dtype(target, state)
        return True
    if isinstance(target, np.ndarray):
        _restore_array(target, state)
        return True
    return False


def _restore_dtype(target: np.dtype[Any], state: Any) -> None:
    order, plain = state[1], all(part is None for part in state[2:5])
    if order not in ("<", ">", "|", "=") or not plain:
        raise RefusedError("has a numpy type of parts, and only numbers and text are read")
    sizes = (target.itemsize, target.alignment) if target.kind in "SU" else (-1, -1)
    target.__setstate__((3, order, None, None, None, *sizes, 0))  # type: ignore[attr-defined]


def _restore_array(target: np.ndarray[Any, Any], state: Any) -> None:
    if target.dtype != _BLANK:
        raise RefusedError("fills a numpy array twice")
    shape, dtype, fortran, data = state[-4:]
    blob = _bytes(data)
    if not isinstance(dtype, np.dtype) or dtype == _BLANK:
        raise RefusedError("has an array without a type")
    if math.prod(_shape(shape)) * dtype.itemsize != len(blob):
        raise ValueError("an array of the wrong length")
    target.__setstate__((1, _shape(shape), dtype, bool(fortran), blob))  # type: ignore[arg-type]


def _shape(shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError("a shape that is none")
    return shape


def _bytes(data: Any) -> bytes:
    if isinstance(data, str):  # as Python 2 spelled them
        return data.encode("latin1")
    if not isinstance(data, bytes | bytearray):
        raise RefusedError("has an array of objects, and only numbers and text are read")
    return bytes(data)


# ------------------------------------------------------------------------------------------- torch


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *_more: Any) -> Tensor:
    """A tensor over a storage; gradients and hooks are left out."""
    if not isinstance(storage, Tensor) or storage.ndim != 1:
        raise RefusedError("has a tensor without a storage")
    size, stride = _shape(size), _shape(stride)
    if type(offset) is not int or offset < 0 or len(size) != len(stride):
        raise ValueError("a tensor that is none")
    if 0 in size:
        return torch.empty(size, dtype=storage.dtype)
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if last >= storage.numel() or math.prod(size) > storage.numel():
        raise ValueError("a tensor beyond its storage")
    return torch.as_strided(storage, size, stride, offset)


def _parameter(data: Any, *_more: Any) -> Tensor:
    if not isinstance(data, Tensor):
        raise RefusedError("has a parameter that is no tensor")
    return data


def _recorded(module: str, name: str) -> Any:
    """A call that is only written down."""
    return lambda *arguments: Shell(Global(module, name), arguments)


_RECORDED = (
    ("torch", "device"), ("pathlib", "PosixPath"), ("pathlib", "WindowsPath"), ("pathlib", "PurePosixPath"),
    ("pathlib", "PureWindowsPath"), ("pathlib._local", "PosixPath"), ("pathlib._local", "WindowsPath"),
)  # fmt: skip

CALLS: Calls = {
    ("collections", "OrderedDict"): _ordered,
    ("collections", "defaultdict"): _default,
    ("builtins", "set"): _set,
    ("__builtin__", "set"): _set,
    ("_codecs", "encode"): _encoded,
    ("builtins", "getattr"): _attribute,
    ("__builtin__", "getattr"): _attribute,
    ("torch", "Size"): _size,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    ("numpy", "dtype"): _dtype,
    **{
        (f"numpy.{core}.multiarray", name): call
        for core in ("core", "_core")
        for name, call in (("_reconstruct", _blank_array), ("scalar", _scalar))
    },
    **{(f"numpy.{core}.numeric", "_frombuffer"): _from_buffer for core in ("core", "_core")},
    **{key: _recorded(*key) for key in _RECORDED},
}
"""Everything a checkpoint may call, and what is done instead."""
