# SPDX-License-Identifier: GPL-3.0-or-later
"""One row of boxes with texts over an editor, laid out once and drawn as often as nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float, float]
LETTERS: Colour = (1.0, 1.0, 1.0, 1.0)
HEIGHT = 16
"""Of a row, at the usual size of the interface."""
_LETTER_SIZE, _MARGIN = 11, 2
_LABEL_PIXELS = 18
"""Below this width a text would be a stroke or two."""
_KEPT = 12
"""Rows that are remembered: two for each editor that is open."""

_rows: dict[Any, tuple[Any, Row]] = {}


@dataclass
class Row:
    """Boxes as the graphics card has them, and the texts that fit into boxes.

    Attributes:
        boxes: batch and colour, one for each colour that occurs.
        texts: each as far as it fits into its box, and the box's left pixel.
    """

    boxes: list[tuple[Any, Colour]]
    texts: list[tuple[str, float]]


def row_of(place: Any, key: Any, lay_out: Callable[[], Row]) -> Row:
    """The row at a place, laid out anew where its key differs from the last one's.

    Args:
        place: what tells rows apart, such as the region and a name.
        key: everything that the row depends on.
        lay_out: makes it.
    """
    known = _rows.get(place)
    if known is not None and known[0] == key:
        return known[1]
    while len(_rows) >= _KEPT:
        del _rows[next(iter(_rows))]
    row = lay_out()
    _rows[place] = key, row
    return row


def forget() -> None:
    """Free what the graphics card holds."""
    _rows.clear()


def laid_out(
    first: NDArray[np.float32],
    last: NDArray[np.float32],
    colours: Sequence[tuple[NDArray[np.bool_], Colour]],
    text_of: Callable[[int], str],
    top: float,
    size: float,
) -> Row:
    """A row.

    Args:
        first: left pixel of each box `[K]`.
        last: right pixel of each box `[K]`.
        colours: which boxes `[K]` have which colour.
        text_of: the text of a box, asked where it is wide enough for one.
        top: upper edge in pixels.
        size: of the interface; 1 is usual.
    """
    boxes = [
        (_batch(first[chosen], last[chosen], top, size), colour) for chosen, colour in colours if chosen.any()
    ]
    wide = np.flatnonzero(last - first >= _LABEL_PIXELS * size).tolist()
    rooms = (last - first - 2 * _MARGIN * size).tolist()
    return Row(boxes, [(_fitted(text_of(at), rooms[at], size), float(first[at])) for at in wide])


def _fitted(text: str, room: float, size: float) -> str:
    """As many letters as fit into so many pixels; cutting once costs less than clipping at every draw."""
    import blf  # only a window has it

    blf.size(0, _LETTER_SIZE * size)
    width = blf.dimensions(0, text)[0]
    if width > room:
        text = text[: int(len(text) * room / width) + 1]
        while text and blf.dimensions(0, text)[0] > room:
            text = text[:-1]
    return text


def _batch(first: NDArray[np.float32], last: NDArray[np.float32], top: float, size: float) -> Any:
    """All boxes of a colour, for one draw call."""
    import gpu  # only a window has it
    from gpu_extras.batch import batch_for_shader

    low = top - (HEIGHT - 1) * size
    corners: Any = np.empty((len(first), 6, 2), np.float32)
    corners[:, (0, 3, 5), 0], corners[:, (1, 2, 4), 0] = first[:, None], last[:, None]
    corners[:, (0, 1, 3), 1], corners[:, (2, 4, 5), 1] = low, top
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    return batch_for_shader(shader, "TRIS", {"pos": corners.reshape(-1, 2)})


def draw(row: Row, top: float, size: float) -> None:
    """Draw a row."""
    import blf  # only a window has them
    import gpu

    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    gpu.state.blend_set("ALPHA")
    for batch, colour in row.boxes:
        shader.uniform_float("color", colour)
        batch.draw(shader)
    gpu.state.blend_set("NONE")
    blf.size(0, _LETTER_SIZE * size)
    blf.color(0, *LETTERS)
    base = top - (HEIGHT - 5) * size
    for text, left in row.texts:
        blf.position(0, left + _MARGIN * size, base, 0)
        blf.draw(0, text)
