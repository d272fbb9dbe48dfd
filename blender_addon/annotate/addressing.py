# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom new annotations address."""

from __future__ import annotations

import bpy

from aqgt.errors import AqgtError


def new_address(scene: bpy.types.Scene) -> str | None:
    """Whom a new annotation addresses; None: whichever character is chosen.

    Raises:
        AqgtError: it is to address one character, and none is chosen.
    """
    if not scene.aqgt_annotate.addressed:
        return None
    character = scene.aqgt_generate.character
    if character is None:
        raise AqgtError(
            "No character is chosen for the annotation.",
            "Choose one under Generate, or untick For This Character Only.",
            "no-character",
        )
    name: str = character.name
    return name
