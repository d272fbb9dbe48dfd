# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory processes and models take."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from typing import Any

import numpy as np

_DEEPEST = 4


def resident_mib(pid: int) -> float | None:
    """Memory of a process in MiB; None where the system does not tell by /proc."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def give_back_memory() -> None:
    """Return freed memory to the system: glibc keeps the holes between what stays."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def weight_bytes(model: Any) -> int:
    """Bytes of all tensors and arrays that an object holds, each counted once, mapped files not.

    Args:
        model: e.g. a `LoadedModel`.
    """
    return _bytes(model, set(), 0)


def _bytes(value: Any, seen: set[int], depth: int) -> int:
    import torch

    if id(value) in seen or depth > _DEEPEST:
        return 0
    seen.add(id(value))
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    if isinstance(value, np.ndarray):
        return 0 if isinstance(value, np.memmap) else value.nbytes
    if isinstance(value, torch.nn.Module):
        return sum(_bytes(tensor, seen, depth) for tensor in (*value.parameters(), *value.buffers()))
    if isinstance(value, (list, tuple)):
        return sum(_bytes(item, seen, depth + 1) for item in value)
    if isinstance(value, dict):
        return sum(_bytes(item, seen, depth + 1) for item in value.values())
    inner = getattr(value, "__dict__", None)
    return 0 if inner is None else sum(_bytes(item, seen, depth + 1) for item in inner.values())
