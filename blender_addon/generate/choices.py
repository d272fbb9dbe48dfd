# SPDX-License-Identifier: GPL-3.0-or-later
"""Models, speakers and presets by name: what the panel suggests, and what a name stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from aqgt.errors import AqgtError

from ..annotate.presets import request_presets
from ..connection import session

if TYPE_CHECKING:
    from aqgt.protocol.messages import ModelInfo


def model_info(name: str) -> ModelInfo | None:
    """What the engine said of a model when it was checked last; None where it has said nothing of it."""
    hello = session.hello()
    return next((model for model in hello.models if model.name == name), None) if hello else None


def model_names(_group: object, _context: bpy.types.Context, typed: str) -> list[str]:
    """Models that the engine has and whose names hold what is typed."""
    hello = session.hello()
    return _holding(typed, [model.name for model in hello.models] if hello else [])


def speaker_names(group: Any, _context: bpy.types.Context, typed: str) -> list[str]:
    """Speakers of the chosen model, by name or number."""
    model = model_info(group.model)
    return _holding(typed, _names_of(model)) if model else []


def speaker_number(typed: str, model: ModelInfo | None) -> int | None:
    """The speaker that is meant; None: the model's usual one.

    Raises:
        AqgtError: the model has no such speaker, or its names are not known yet.
    """
    wanted = typed.strip()
    if not wanted:
        return None
    names = _names_of(model) if model is not None else []
    for index, name in enumerate(names):
        if name.casefold() == wanted.casefold():
            return index
    digits = wanted.removeprefix("Speaker").strip()
    if digits.isdecimal() and (not names or int(digits) < len(names)):
        return int(digits)
    if model is None:
        raise AqgtError(
            f"Whether there is a speaker “{wanted}” is not known yet.",
            "Press Check under Engine, or give the speaker's number.",
            "bad-speaker",
        )
    raise AqgtError(
        f"The model “{model.name}” has no speaker “{wanted}”.",
        f"Choose one of: {', '.join(names)}; or leave it empty.",
        "bad-speaker",
    )


def preset_names(_group: object, _context: bpy.types.Context, typed: str) -> list[str]:
    """Presets, shipped ones and the user's own, whose names or titles hold what is typed."""
    found = request_presets()
    return [name for name, title, _ in found if _holds(typed, name) or _holds(typed, title)]


def preset_title(name: str) -> str:
    """What a preset is called, for people; empty where there is no such preset."""
    if not name:  # as a rule, and a panel asks at every draw
        return ""
    return next((title for known, title, _ in request_presets() if known == name), "")


def _names_of(model: ModelInfo) -> list[str]:
    return list(model.speaker_names) or [f"Speaker {number}" for number in range(model.speakers)]


def _holding(typed: str, names: list[str]) -> list[str]:
    return [name for name in names if _holds(typed, name)]


def _holds(typed: str, name: str) -> bool:
    return typed.casefold() in name.casefold()
