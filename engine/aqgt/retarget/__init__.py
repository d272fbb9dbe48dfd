# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion onto a rig: bone maps, rig description and the solver (numpy only).

rig = RigDescription.from_bones(...)
mapping = match(rig, "auto")
animation = solve(motion, rig, mapping, RetargetOptions(smoothing="light"))
for channel in animation.channels(): ...

Corrections by hand, checks and saving of mappings: ``aqgt.retarget.edit_mapping``.
"""

from aqgt.retarget.animation import Channel, RigAnimation, as_additive, data_path
from aqgt.retarget.auto_map import match
from aqgt.retarget.bone_map import BoneMap, available_bone_maps, load_bone_map
from aqgt.retarget.depth import estimate_depth_gain
from aqgt.retarget.keys import reduce_keys
from aqgt.retarget.mapping import Mapping, Row, Switch
from aqgt.retarget.options import LookAt, RetargetOptions
from aqgt.retarget.reader import read
from aqgt.retarget.rig import RigDescription
from aqgt.retarget.roles import PARTS
from aqgt.retarget.solver import solve

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
