# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone maps on armatures as Blender holds them: imported characters, and a whole Rigify rig with its face."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy", reason="needs Blender as a module")

from mathutils import Quaternion  # noqa: E402

from aqgt.retarget import match  # noqa: E402
from aqgt.retarget.by_shape import find_by_shape  # noqa: E402
from aqgt.retarget.tree import carrier_role  # noqa: E402
from tests.blender.test_retarget_blender import describe  # noqa: E402
from tests.retarget.rig_truth import TRUTH, renamed  # noqa: E402


def armatures() -> list[Any]:
    return [found for found in bpy.data.objects if found.type == "ARMATURE"]


@pytest.fixture
def shared(checkout: Path) -> Path:
    """The folder of test characters beside the checkout."""
    folder = Path(os.environ.get("AQGT_SHARED") or checkout.parent / "shared") / "rigs"
    if not folder.is_dir():
        pytest.skip(f"the test characters are not in {folder}")
    return folder


@pytest.mark.parametrize(
    ("file", "truth"),
    [
        ("mh_mixamo_male.glb", "mixamo"),
        ("mh_default_female.glb", "makehuman"),
        ("mh_vroidnames_female.vrm", "vroid"),
    ],
)
def test_imported_characters(file: str, truth: str, shared: Path, tmp_path: Path, blender: Any) -> None:
    copy = tmp_path / f"{Path(file).stem}.glb"
    shutil.copy(shared / file, copy)
    bpy.ops.import_scene.gltf(filepath=str(copy), disable_bone_shape=True)
    rig = describe(armatures()[0])
    assert match(rig).bones == TRUTH[truth]
    nameless, names = renamed(rig)
    assert find_by_shape(nameless).bones == {role: names[bone] for role, bone in TRUTH[truth].items()}


def test_the_saved_rigify_rig(shared: Path, blender: Any) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(shared / "rigify_human_generated.blend"))
    rig = describe(bpy.data.objects["rig"])
    assert len(rig) == 706
    mapping = match(rig)
    assert (mapping.bone_map, mapping.controls) == ("rigify", True)
    assert mapping.bones == TRUTH["rigify"]


@pytest.fixture
def rigify(blender: Any) -> Iterator[tuple[Any, Any]]:
    """A metarig and the control rig that Rigify makes of it."""
    bpy.ops.preferences.addon_enable(module="rigify")
    bpy.ops.object.armature_human_metarig_add()
    metarig = bpy.context.object
    bpy.ops.pose.rigify_generate()
    yield metarig, next(found for found in armatures() if found is not metarig)
    bpy.ops.preferences.addon_disable(module="rigify")


def test_a_generated_rigify_rig_follows_its_mapped_controls(rigify: tuple[Any, Any]) -> None:
    metarig, generated = rigify
    assert match(describe(metarig)).bones == TRUTH["rigify_metarig"]
    mapping = match(describe(generated))
    assert mapping.bones == TRUTH["rigify"]
    for switch in mapping.switches:
        assert switch.property in generated.pose.bones[switch.bone]
        generated.pose.bones[switch.bone][switch.property] = switch.fk
    generated.update_tag()
    for role, bone in mapping.bones.items():
        above = carrier_role(role, mapping.bones)
        if above is None or "toes" in role or "foot" in role or "thigh" in role or "shin" in role:
            continue
        assert turned(generated, mapping.bones[above], bone) == pytest.approx(30.0, abs=0.1), (role, above)
    deforms = {
        "left_upper_arm_1": "DEF-upper_arm.L",
        "left_hand": "DEF-hand.L",
        "left_index_2": "DEF-f_index.02.L",
    }
    for role, deform in deforms.items():
        assert turned(generated, mapping.bones[role], deform) == pytest.approx(30.0, abs=0.1), role


def turned(armature: Any, control: str, bone: str) -> float:
    """Degrees by which a bone turns when a control is turned by 30."""
    pose = armature.pose.bones
    for one in pose:
        one.rotation_mode = "QUATERNION"
        one.rotation_quaternion = Quaternion()
    pose[control].rotation_quaternion = Quaternion((1.0, 0.0, 0.0), math.radians(30.0))
    bpy.context.view_layer.update()
    rest = pose[bone].bone.matrix_local.to_3x3()
    return math.degrees((pose[bone].matrix.to_3x3() @ rest.inverted()).to_quaternion().angle)
