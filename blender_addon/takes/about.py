# SPDX-License-Identifier: GPL-3.0-or-later
"""What a take tells of itself, without looking at its motion."""

from __future__ import annotations

import json

import bpy

from .provenance import provenance_of, sources_of

MOST_LETTERS = 200
"""Of the words that the panel shows."""


def about(action: bpy.types.Action) -> list[tuple[str, str]]:
    """Facts about a take, each with its name, for people."""
    origin = provenance_of(action)
    rows = [("Model", origin.model), ("Seed", str(origin.seed)), ("Licence", origin.licence)]
    if "aqgt_made" in action.keys():  # noqa: SIM118 -- an Action is no mapping
        rows.append(("Made", action["aqgt_made"]))
        rows.append(("Length", f"{action['aqgt_seconds']:.1f} s"))
    rows.append(("Begins", f"{action['aqgt_start']:.2f} s"))
    sound = json.loads(action.get("aqgt_sound", "{}"))
    if sound.get("name"):
        rows.append(("Sound", sound["name"]))
    if origin.engine_version:
        rows.append(("Engine", origin.engine_version))
    if origin.model_hash:
        rows.append(("Model Hash", origin.model_hash[:12]))
    rows += [("Merged Of", one["name"]) for one in sources_of(action)]
    return rows


def words_said(action: bpy.types.Action) -> str:
    """The words of a take, the first of them where there are many."""
    text = " ".join(word["text"] for word in json.loads(action["aqgt_words"]))
    return text if len(text) <= MOST_LETTERS else text[:MOST_LETTERS].rsplit(" ", 1)[0] + " …"
