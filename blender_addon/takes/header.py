# SPDX-License-Identifier: GPL-3.0-or-later
"""While two takes are compared, the header of the 3D viewport says which one plays, and flips them."""

from __future__ import annotations

from typing import Any

import bpy

from . import compare
from .ops import character_of


def add() -> None:
    """Begin to draw in the header."""
    bpy.types.VIEW3D_HT_header.append(_DRAWN)


def remove() -> None:
    """Stop."""
    bpy.types.VIEW3D_HT_header.remove(_DRAWN)


def _draw(header: Any, context: bpy.types.Context) -> None:
    shown = compare.playing(character_of(context))
    if shown is not None:
        row = header.layout.row(align=True)
        draw_letters(row, shown[0])
        row.label(text=shown[1])


_DRAWN: Any = _draw  # the stubs of bpy know such a function as a method


def draw_letters(row: bpy.types.UILayout, shown: str, titles: tuple[str, str] = ("A", "B")) -> None:
    """Two buttons, of which the one that plays is pressed."""
    for letter, title in zip("AB", titles, strict=True):
        row.operator("aqgt.take_show", text=title, depress=shown == letter).which = letter
