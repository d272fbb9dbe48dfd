# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks values from the wire against the type hints of a dataclass."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def adapt(cls: type, field: str, value: Any) -> Any:
    """The value as it is sent: an array of floats takes the precision that the field of the dataclass wants.

    Raises:
        AqgtError: the array holds numbers of another kind, e.g. 16-bit samples where floats are wanted.
    """
    if not isinstance(value, np.ndarray):
        return value
    wanted = _scalar_type(_hints(cls)[field])
    if wanted is None or value.dtype == np.dtype(wanted):
        return value
    if value.dtype.kind != np.dtype(wanted).kind:
        raise AqgtError(
            f"{cls.__name__}.{field} is an array of {value.dtype}, not of {np.dtype(wanted)}.",
            "Convert it first; samples of sound are floats from -1 to 1.",
            "bad-message",
        )
    return value.astype(wanted)


# numpy.ndarray, or in newer numpy a type alias of its own.
_ARRAY_ORIGINS = (np.ndarray, typing.get_origin(NDArray[np.float32]))


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _conform(value: Any, hint: Any) -> Any:
    if hint is Any:
        return value
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _conform_union(value, typing.get_args(hint))
    if origin in _ARRAY_ORIGINS:
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
    wanted = _scalar_type(hint)
    if wanted is not None and value.dtype != np.dtype(wanted):
        raise TypeError
    return value


def _scalar_type(hint: Any) -> type[np.generic] | None:
    """float32 of `NDArray[np.float32]`, whose inner form differs from numpy to numpy; None: any."""
    if isinstance(hint, type) and issubclass(hint, np.generic):
        return hint
    found = (_scalar_type(argument) for argument in typing.get_args(hint))
    return next((scalar for scalar in found if scalar is not None), None)
