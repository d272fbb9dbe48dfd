# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of roles and bones that the panel shows, and the bones it says."""

from __future__ import annotations

from typing import Any

import bpy

from aqgt.retarget import Mapping, Row
from aqgt.retarget.edit_mapping import from_json, to_json
from aqgt.retarget.roles import describe, sort_key, standard_roles

from .mapping import Bones


def fill(settings: Any, armature: bpy.types.Object, mapping: Mapping) -> None:
    """Show a mapping: the roles of a common rig, and those that only this one has."""
    known = {row.role: row for row in mapping.rows}
    settings.rows.clear()
    for role in _in_order(mapping):
        row = known.get(role, Row(role, mapping.bones.get(role, "")))
        shown = settings.rows.add()
        shown.name = role
        shown.title = describe(role)
        shown.bone = mapping.bones.get(role, "")
        shown.status = _status(row, shown.bone)
        shown.reason = row.reason
    settings.rows_of = armature.name
    settings.base = to_json(mapping)
    settings.active_row = 0


def base_of(settings: Any) -> Mapping:
    """The mapping that the list was filled with, before any correction."""
    return from_json(settings.base)


def bones_in(settings: Any) -> Bones:
    """What the list says: role to bone."""
    return {row.name: row.bone for row in settings.rows if row.bone}


def _status(row: Row, bone: str) -> str:
    if not bone:
        return "MISSING"
    if row.doubtful:
        return "DOUBTFUL"
    return "MANUAL" if row.how == "manual" else "OK"


def _in_order(mapping: Mapping) -> list[str]:
    """Standard roles with further links of a chain behind its first; legs last."""
    return sorted(
        {*standard_roles(), *(row.role for row in mapping.rows), *mapping.bones, *mapping.missing},
        key=sort_key,
    )
