# SPDX-License-Identifier: GPL-3.0-or-later
"""How messages travel: msgpack maps of registered dataclasses, arrays as raw bytes.

A frame is the map ``{"version": int, "job": str, "body": value}``. A value is a scalar, a list, or a map that
names its type under ``"!"``: a dataclass of the registry, ``"ndarray"`` (dtype, shape, bytes) or ``"map"``.
Whatever arrives is checked against the type hints of the dataclass before one is made of it; nothing else
than `AqgtError` is ever raised for what came over the wire, and nothing in it is executed or unpickled.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.protocol import messages
from aqgt.protocol.typing_checks import adapt, conform
from aqgt.words import Word

MAX_MESSAGE_BYTES = 128 * 1024 * 1024
"""Largest frame either side reads or writes."""
MAX_DEPTH = 16
"""Deepest nesting of values; the deepest real message needs 6."""
MAX_DIMENSIONS = 4
MAX_JOB_ID = 64
MAX_TEXT_BYTES = 1024 * 1024
"""Longest single text; an hour of speech is about 50 KiB."""
MAX_VALUES = 2_000_000
"""Most entries of all lists and maps of a frame: a byte of msgpack may cost a hundred of memory."""

_DTYPES = {name: np.dtype(name) for name in ("<f4", "<f8", "<i2", "<i4", "<i8", "|u1", "|b1")}
_TYPE_KEY = "!"
_SMALL_BYTES = 0xFFFF
"""Arrays up to it are packed like everything else; what is larger has msgpack's header of four bytes."""
_BIN_32 = b"\xc6"

REGISTRY: Mapping[str, type] = {
    cls.__name__: cls
    for cls in (
        Motion, Word, Span,
        messages.GenerateRequest, messages.GenerateResult, messages.Provenance, messages.Progress,
        messages.AlignRequest, messages.AlignResult, messages.SuggestRequest, messages.SuggestResult,
        messages.LiveRequest, messages.LiveStarted, messages.LiveChunk, messages.LiveEnd,
        messages.LiveFrames, messages.LiveResult,
        messages.TranscribeRequest, messages.TranscribeResult,
        messages.HelloRequest, messages.Hello, messages.ModelInfo,
        messages.ModelsRequest, messages.Models, messages.VocabularyRequest, messages.Vocabulary,
        messages.StatusRequest, messages.EngineStatus, messages.WorkerStatus,
        messages.Accepted, messages.Attach, messages.Received, messages.Cancel,
        messages.Cancelled, messages.Heartbeat, messages.EngineError,
    )
}  # fmt: skip
"""The only types that exist on the wire, by name."""


@dataclass(frozen=True)
class Message:
    """One frame: what is said about which job."""

    job: str
    """The sender's name for the job; empty where a message belongs to none."""
    body: Any
    """A dataclass of the registry."""


def encode(body: Any, job: str = "", version: int = messages.PROTOCOL_VERSION) -> bytes:
    """One frame.

    Raises:
        AqgtError: ``too-large`` where the frame exceeds `MAX_MESSAGE_BYTES`; ``bad-message`` where the body
            holds something that has no place on the wire.
    """
    if type(body).__name__ not in REGISTRY:
        raise _bad(f"“{type(body).__name__}” is no message.")
    writer = _Writer()
    try:
        writer.header(3)
        writer.entry("version", version, 0)
        writer.entry("job", job, 0)
        writer.entry("body", body, 0)
        frame = writer.frame()
    except (TypeError, ValueError, OverflowError) as error:
        raise _bad(f"The message cannot be sent ({error}).") from error
    if len(frame) > MAX_MESSAGE_BYTES:
        raise _too_large(len(frame))
    return frame


def decode(frame: bytes | memoryview, *, copy: bool = True, most_values: int = MAX_VALUES) -> Message:
    """The message of a frame.

    Args:
        frame: its bytes.
        copy: make arrays that may be written to; False leaves them where msgpack put them, read-only, which
            saves the time of another copy.
        most_values: entries of all lists and maps that are taken; 100,000 cost about 0.1 s.

    Raises:
        AqgtError: ``protocol-version`` where the sender speaks another version; ``too-large``;
            ``bad-message`` for everything that is no message.
    """
    version, job, body = _envelope(frame, most_values)
    if version != messages.PROTOCOL_VERSION:
        raise AqgtError(
            f"The other side speaks version {version} of the protocol, this one version "
            f"{messages.PROTOCOL_VERSION}.",
            "Install the same version of the engine and of the extension.",
            "protocol-version",
        )
    value = _unpack(body, 0, copy)
    if type(value).__name__ not in REGISTRY:
        raise _bad("The body is no message.")
    return Message(job, value)


def job_of(frame: bytes | memoryview) -> str:
    """The job id of a frame that `decode` refuses, so that the refusal reaches the right job; else empty."""
    try:
        return _envelope(frame)[1]
    except AqgtError:
        return ""


def _envelope(frame: bytes | memoryview, most_values: int = MAX_VALUES) -> tuple[int, str, Any]:
    if len(frame) > MAX_MESSAGE_BYTES:
        raise _too_large(len(frame))
    try:
        outer = _unpackb(frame, most_values)
    except AqgtError:
        raise
    except Exception as error:  # msgpack raises a dozen unrelated types for bytes that are no msgpack
        raise _bad("It is not msgpack.") from error
    if not isinstance(outer, dict) or set(outer) != {"version", "job", "body"}:
        raise _bad("It has no version, job and body.")
    version, job = outer["version"], outer["job"]
    if type(version) is not int or not isinstance(job, str) or len(job) > MAX_JOB_ID:
        raise _bad("Its version or job is malformed.")
    return version, job, outer["body"]


def _unpackb(frame: bytes | memoryview, most_values: int) -> Any:
    left = most_values

    def counted(container: Any) -> Any:
        nonlocal left
        left -= 1 + len(container)
        if left < 0:
            raise _bad("It holds too many values.")
        return container

    return msgpack.unpackb(
        frame,
        raw=False,
        strict_map_key=True,
        use_list=True,
        list_hook=counted,
        object_hook=counted,
        max_str_len=MAX_TEXT_BYTES,
        max_bin_len=MAX_MESSAGE_BYTES,
        max_array_len=MAX_VALUES,
        max_map_len=MAX_VALUES,
        max_ext_len=0,
    )


# ---------------------------------------------------------------- packing


class _Writer:
    """Packs one frame; what is large stays where it is until all is joined, so that it is copied once."""

    def __init__(self) -> None:
        self._packer = msgpack.Packer(autoreset=False)
        self._pieces: list[bytes | memoryview] = []

    def frame(self) -> bytes:
        """All that was written."""
        self._cut()
        return b"".join(self._pieces)

    def header(self, size: int) -> None:
        """A map of so many entries begins."""
        self._packer.pack_map_header(size)

    def entry(self, key: str, value: Any, depth: int) -> None:
        """One entry of a map."""
        self._packer.pack(key)
        self.write(value, depth)

    def write(self, value: Any, depth: int) -> None:
        """A value, with all that is in it."""
        if depth > MAX_DEPTH:
            raise _bad("It is nested too deeply.")
        if value is None or isinstance(value, (bool, str)):
            self._packer.pack(value)
        elif isinstance(value, (int, np.integer)):
            self._packer.pack(int(value))
        elif isinstance(value, (float, np.floating)):
            self._packer.pack(float(value))
        elif isinstance(value, np.ndarray):
            self._array(value, depth)
        elif isinstance(value, (list, tuple)):
            self._packer.pack_array_header(len(value))
            for item in value:
                self.write(item, depth + 1)
        elif isinstance(value, Mapping):
            self.header(2)
            self.entry(_TYPE_KEY, "map", depth)
            self._packer.pack("items")
            self.header(len(value))
            for key, item in value.items():
                self.entry(_key(key), item, depth + 1)
        else:
            self._dataclass(value, depth)

    def _dataclass(self, value: Any, depth: int) -> None:
        cls = type(value)
        name = cls.__name__
        if REGISTRY.get(name) is not cls:
            raise _bad(f"“{name}” has no place on the wire.")
        fields = dataclasses.fields(cls)
        self.header(1 + len(fields))
        self.entry(_TYPE_KEY, name, depth)
        for field in fields:
            self.entry(field.name, adapt(cls, field.name, getattr(value, field.name)), depth + 1)

    def _array(self, array: np.ndarray, depth: int) -> None:
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        name = little.dtype.str
        if name not in _DTYPES or array.ndim > MAX_DIMENSIONS:
            raise _bad(f"Arrays of type {array.dtype} with {array.ndim} dimensions are not sent.")
        self.header(4)
        self.entry(_TYPE_KEY, "ndarray", depth)
        self.entry("dtype", name, depth)
        self._packer.pack("shape")
        self._packer.pack(list(array.shape))
        self._packer.pack("data")
        if little.nbytes <= _SMALL_BYTES:
            self._packer.pack(little.tobytes())
            return
        self._cut()
        self._pieces.append(_BIN_32 + little.nbytes.to_bytes(4, "big"))
        self._pieces.append(np.ascontiguousarray(little).data.cast("B"))

    def _cut(self) -> None:
        self._pieces.append(self._packer.bytes())
        self._packer.reset()


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise _bad("The keys of a map must be text.")
    return key


# ---------------------------------------------------------------- unpacking


def _unpack(value: Any, depth: int, copy: bool) -> Any:
    if depth > MAX_DEPTH:
        raise _bad("It is nested too deeply.")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, list):
        return tuple(_unpack(item, depth + 1, copy) for item in value)
    if not isinstance(value, dict):
        raise _bad(f"A value of type {type(value).__name__} has no place on the wire.")
    name = value.pop(_TYPE_KEY, None)
    if name == "ndarray":
        return _unpack_array(value, copy)
    if name == "map":
        if set(value) != {"items"} or not isinstance(value["items"], dict):
            raise _bad("A map has no items.")
        return {_key(k): _unpack(v, depth + 1, copy) for k, v in value["items"].items()}
    if not isinstance(name, str) or name not in REGISTRY:
        raise _bad(f"“{str(name)[:40]}” is an unknown type.")
    return _build(REGISTRY[name], {key: _unpack(item, depth + 1, copy) for key, item in value.items()})


def _unpack_array(value: dict[str, Any], copy: bool) -> np.ndarray:
    if set(value) != {"dtype", "shape", "data"}:
        raise _bad("An array needs dtype, shape and data.")
    name, shape, data = value["dtype"], value["shape"], value["data"]
    if not isinstance(name, str) or name not in _DTYPES:
        raise _bad("An array has a dtype that is not allowed.")
    if (
        not isinstance(shape, list)
        or len(shape) > MAX_DIMENSIONS
        or not all(type(size) is int and 0 <= size <= MAX_MESSAGE_BYTES for size in shape)
    ):
        raise _bad("An array has a malformed shape.")
    dtype = _DTYPES[name]
    if not isinstance(data, bytes) or math.prod(shape) * dtype.itemsize != len(data):
        raise _bad("An array's bytes do not fit its shape.")
    if dtype.kind == "b" and data.strip(b"\x00\x01"):
        raise _bad("A boolean array holds other values than 0 and 1.")
    array = np.frombuffer(data, dtype=dtype).reshape(shape)
    return array.copy() if copy else array


def _build(cls: type, fields: dict[str, Any]) -> Any:
    known = {field.name for field in dataclasses.fields(cls)}
    if unknown := set(fields) - known:
        raise _bad(f"{cls.__name__} has no field “{sorted(unknown)[0][:40]}”.")
    checked = {name: conform(cls, name, value) for name, value in fields.items()}
    try:
        return cls(**checked)
    except (TypeError, ValueError, OverflowError) as error:
        raise _bad(f"{cls.__name__} is incomplete or malformed.") from error


def _bad(what: str) -> AqgtError:
    return AqgtError(
        f"A message could not be read: {what}",
        "Check that both sides run the same version of aqgt and that nothing else uses the port.",
        "bad-message",
    )


def _too_large(n_bytes: int) -> AqgtError:
    return AqgtError(
        f"A message of {n_bytes / 2**20:.0f} MiB is larger than the allowed "
        f"{MAX_MESSAGE_BYTES // 2**20} MiB.",
        "Send a shorter recording or fewer variants.",
        "too-large",
    )
