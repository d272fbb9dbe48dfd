# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded hands of a model's training, by hand shape and gesture form."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import CHANNEL_BY_KEY
from aqgt.errors import AqgtError
from aqgt.formats.files import write_bytes
from aqgt.hand_frame import N_FINGER_BONES
from aqgt.models.config import ModelConfig

HAND_TABLE = "hands.safetensors"
_FORMAT = "aqgt-hands-1"
_SHAPE = CHANNEL_BY_KEY["shape_left"]


@dataclass(frozen=True)
class HandTable:
    """Fingers that were recorded at the end of strokes.

    Attributes:
        fingers: `[N, 21, 3]` unit bone directions in the frame of a left hand, see `aqgt.hand_frame`.
        shapes: `[N]` number of the hand shape's label, as in the annotation channel; 0: of any shape.
        forms: `[N]` 1 + place of the gesture form among the model's; 0: of any form.
    """

    fingers: NDArray[np.float32]
    shapes: NDArray[np.int64]
    forms: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.fingers)

    def of(self, shape: int, form: int) -> NDArray[np.float64] | None:
        """The hands `[K, 21, 3]` of a shape in a form, where nobody recorded that of the shape in any form.

        Args:
            shape: number of the label; 0 or less: none is named.
            form: 1 + place of the form; 0 or less: none is named.

        Returns:
            None where neither is named, or nothing of them was recorded.
        """
        shape, form = max(shape, 0), max(form, 0)
        if shape == form == 0:
            return None
        rows = self._rows.get((shape, form)) or (self._rows.get((shape, 0)) if shape else None)
        return None if rows is None else self.fingers[rows].astype(np.float64)

    def save(self, folder: Path) -> None:
        """Writes ``hands.safetensors`` into a model's folder, directions in half precision."""
        from safetensors.numpy import save

        arrays: dict[str, NDArray[Any]] = {
            "fingers": np.ascontiguousarray(self.fingers, np.float16),
            "shapes": np.ascontiguousarray(self.shapes, np.int64),
            "forms": np.ascontiguousarray(self.forms, np.int64),
        }
        write_bytes(folder / HAND_TABLE, save(arrays, metadata={"format": _FORMAT}))

    @cached_property
    def _rows(self) -> dict[tuple[int, int], list[int]]:
        rows: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for at, key in enumerate(zip(self.shapes.tolist(), self.forms.tolist(), strict=True)):
            rows[key].append(at)
        return dict(rows)


def open_hand_table(config: ModelConfig, folder: Path) -> tuple[HandTable, str] | None:
    """The recorded hands of a model's folder and the file's SHA-256; None where its config wants none.

    Raises:
        AqgtError: the file is missing, damaged, or of another model.
    """
    if config.annotation.recorded_hands == 0:
        return None
    path = folder / HAND_TABLE
    if not path.is_file():
        raise AqgtError(
            f"The model's recorded hands {path} are missing.", "Copy or install the model again.", "no-hands"
        )
    table = _read(path)
    problem = _problem(table, config)
    if problem:
        raise _damaged(path, problem)
    with path.open("rb") as file:
        return table, hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> HandTable:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as tensors:
            if (tensors.metadata() or {}).get("format") != _FORMAT:
                raise _damaged(path, "it holds something else")
            fingers, shapes, forms = (tensors.get_tensor(name) for name in ("fingers", "shapes", "forms"))
    except SafetensorError as problem:
        raise _damaged(path, str(problem)) from problem
    fingers = fingers.astype(np.float32)
    if fingers.ndim == 3:
        # Half precision takes a little of the length.
        fingers /= np.maximum(np.linalg.norm(fingers, axis=-1, keepdims=True), 1e-6)
    return HandTable(fingers, shapes, forms)


def _problem(table: HandTable, config: ModelConfig) -> str:
    n = len(table)
    shapes = [each.shape for each in (table.fingers, table.shapes, table.forms)]
    if shapes != [(n, N_FINGER_BONES, 3), (n,), (n,)]:
        return "its tables differ in size"
    if not np.isfinite(table.fingers).all() or (np.linalg.norm(table.fingers, axis=-1) < 0.5).any():
        return "some of its directions are none"
    most = len(config.annotation.forms)
    if n and (table.forms.min() < 0 or table.forms.max() > most or table.shapes.min() < 0):
        return f"it names forms beyond the model's {most}"
    if n and table.shapes.max() >= config.annotation.sizes[_SHAPE.index]:
        return "it names hand shapes that the model does not know"
    return ""


def _damaged(path: Path, problem: str) -> AqgtError:
    return AqgtError(
        f"The model's recorded hands {path} can't be used: {problem}.",
        "Copy or install the model again.",
        "bad-hands",
    )
