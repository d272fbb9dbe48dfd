# SPDX-License-Identifier: GPL-3.0-or-later
"""Languages of the interface. A table is imported when Blender speaks its language, and not before."""

from __future__ import annotations

import importlib
from typing import Any

import bpy

from aqgt.errors import AqgtError

_TABLES = {"de": ("de_DE", "german")}
"""Beginning of a locale's name to the name by which Blender asks, and the module with the table."""
CONTEXT = "AQGT"
"""Of properties whose names or choices Blender itself uses for something else: its own table would win."""
_owner = object()
_registered = ""


def follow() -> None:
    """Have the table of Blender's language read, where there is one; the one before is let go."""
    global _registered
    found = _TABLES.get((bpy.app.translations.locale or "")[:2])
    wanted = found[0] if found is not None else ""
    if wanted == _registered:
        return
    if _registered:
        bpy.app.translations.unregister(__name__)
    _registered = wanted
    if found is not None:
        language = importlib.import_module(f".{found[1]}", __name__)
        contexts = bpy.app.translations.contexts
        table, buttons = language.table(), language.table() | language.BUTTONS
        said = {(kind, text): its for kind in (contexts.default, CONTEXT) for text, its in table.items()}
        said |= {(contexts.operator_default, text): its for text, its in buttons.items()}
        bpy.app.translations.register(__name__, {wanted: said})


def register() -> None:
    """Follow Blender's language from now on."""
    follow()
    language: Any = (bpy.types.PreferencesView, "language")
    bpy.msgbus.subscribe_rna(
        key=language,
        owner=_owner,
        args=(),
        notify=follow,
        options={"PERSISTENT"},
    )


def unregister() -> None:
    """The add-on is being disabled."""
    global _registered
    bpy.msgbus.clear_by_owner(_owner)
    if _registered:
        bpy.app.translations.unregister(__name__)
        _registered = ""


def iface(text: str, /, **values: Any) -> str:
    """A label in Blender's language; its placeholders are filled in afterwards."""
    return _filled(bpy.app.translations.pgettext_iface(text), values)


def tip(text: str, /, **values: Any) -> str:
    """A tooltip, or the reason why a button is greyed."""
    return _filled(bpy.app.translations.pgettext_tip(text), values)


def rpt(text: str, /, **values: Any) -> str:
    """What an operator reports."""
    return _filled(bpy.app.translations.pgettext_rpt(text), values)


def of_error(error: AqgtError) -> str:
    """What is wrong and what to do, each as far as the table has it."""
    return " ".join(rpt(part) for part in (error.sentence, error.next_step) if part)


def _filled(text: str, values: dict[str, Any]) -> str:
    return text.format(**values) if values else text
