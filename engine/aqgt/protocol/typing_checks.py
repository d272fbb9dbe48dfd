# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks values from the wire against the type hints of a dataclass."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Mapping
from typing import Any

import numpy as np

from aqgt.errors import AqgtError


def conform(cls: type, field: str, value: Any) -> Any:
    """The value, with whole numbers turned to floats where the field of the dataclass wants those.

    Raises:
        AqgtError: the value is of another type than the field.
    """
    hint = _hints(cls)[field]
    try:
        return _conform(value, hint)
    except TypeError:
        raise AqgtError(
            f"A message could not be read: {cls.__name__}.{field} holds a value of another type.",
            "Check that both sides run the same version of aqgt.",
            "bad-message",
        ) from None


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _conform(value: Any, hint: Any) -> Any:
    if hint is Any:
        return value
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _conform_union(value, typing.get_args(hint))
    if origin is np.ndarray:
        return _conform_array(value, hint)
    if origin is tuple:
        return _conform_tuple(value, typing.get_args(hint))
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise TypeError
        item = typing.get_args(hint)[1]
        return {key: _conform(entry, item) for key, entry in value.items()}
    if hint is float and type(value) is int:
        return float(value)
    # `type is`, not isinstance: True is no number here.
    if type(value) is not hint:
        raise TypeError
    return value


def _conform_union(value: Any, options: tuple[Any, ...]) -> Any:
    for option in options:
        try:
            return _conform(value, option)
        except TypeError:
            continue
    raise TypeError


def _conform_tuple(value: Any, items: tuple[Any, ...]) -> tuple[Any, ...]:
    if not isinstance(value, tuple):
        raise TypeError
    if len(items) == 2 and items[1] is Ellipsis:
        return tuple(_conform(entry, items[0]) for entry in value)
    if len(items) != len(value):
        raise TypeError
    return tuple(_conform(entry, item) for entry, item in zip(value, items, strict=True))


def _conform_array(value: Any, hint: Any) -> np.ndarray:
    if not isinstance(value, np.ndarray):
        raise TypeError
    wanted = typing.get_args(typing.get_args(hint)[1])
    if wanted and isinstance(wanted[0], type) and value.dtype != np.dtype(wanted[0]):
        raise TypeError
    return value
