# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion onto a rig: bone maps, rig description and the solver (numpy only).

rig = RigDescription.from_bones(...)
mapping = match(rig, "auto")
animation = solve(motion, rig, mapping, RetargetOptions(smoothing="light"))
for channel in animation.channels(): ...

Corrections by hand, checks and saving of mappings: ``aqgt.retarget.edit_mapping``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from aqgt.retarget.roles import PARTS

if TYPE_CHECKING:
    from aqgt.retarget.animation import Channel, RigAnimation, as_additive, data_path
    from aqgt.retarget.auto_map import match
    from aqgt.retarget.bone_map import BoneMap, available_bone_maps, load_bone_map
    from aqgt.retarget.depth import estimate_depth_gain
    from aqgt.retarget.keys import reduce_keys
    from aqgt.retarget.mapping import Mapping, Row, Switch
    from aqgt.retarget.options import LookAt, RetargetOptions
    from aqgt.retarget.reader import read
    from aqgt.retarget.rig import RigDescription
    from aqgt.retarget.solver import solve

_HOMES = {
    "animation": ("Channel", "RigAnimation", "as_additive", "data_path"),
    "auto_map": ("match",),
    "bone_map": ("BoneMap", "available_bone_maps", "load_bone_map"),
    "depth": ("estimate_depth_gain",),
    "keys": ("reduce_keys",),
    "mapping": ("Mapping", "Row", "Switch"),
    "options": ("LookAt", "RetargetOptions"),
    "reader": ("read",),
    "rig": ("RigDescription",),
    "solver": ("solve",),
}

__all__ = [
    "BoneMap",
    "Channel",
    "LookAt",
    "Mapping",
    "PARTS",
    "RetargetOptions",
    "RigAnimation",
    "RigDescription",
    "Row",
    "Switch",
    "as_additive",
    "available_bone_maps",
    "data_path",
    "estimate_depth_gain",
    "load_bone_map",
    "match",
    "read",
    "reduce_keys",
    "solve",
]


def __getattr__(name: str) -> Any:
    # Blender's panels name the parts of the body as soon as Blender starts; the rest is loaded when used.
    home = next((module for module, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
