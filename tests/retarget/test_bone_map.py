# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone maps: every file's form, matching by prefix and case, and what is said when nothing fits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aqgt.errors import AqgtError
from aqgt.retarget import available_bone_maps, load_bone_map, match
from aqgt.retarget.bone_map import parse_bone_map
from tests.retarget.motions import load_rig

MINIMAL = {
    "schema": 1,
    "sides": {"left": "L", "right": "R"},
    "bones": {"upper_arm_1": ["arm.{side}"], "forearm_1": ["fore.{side}"]},
}


@pytest.mark.parametrize("name", available_bone_maps())
def test_every_bone_map_file_has_the_right_form(name: str) -> None:
    bone_map = load_bone_map(name)
    assert bone_map.name == name
    for side in ("left", "right"):
        assert {f"{side}_upper_arm_1", f"{side}_forearm_1", f"{side}_hand"} <= set(bone_map.bones)


@pytest.mark.parametrize(("name", "roles"), [("mixamo", 44), ("vroid", 44), ("makehuman", 52)])
def test_auto_finds_the_naming_and_each_bone_once(name: str, roles: int) -> None:
    mapping = match(load_rig(name))
    assert mapping.bone_map == name
    assert len(mapping.bones) == len(set(mapping.bones.values())) == roles
    assert mapping.sides() == ["left", "right"]


def test_mixamo_arm_is_the_arm_and_shoulder_the_clavicle() -> None:
    bones = match(load_rig("mixamo"), "mixamo").bones
    assert bones["left_upper_arm_1"] == "mixamorig:LeftArm"
    assert bones["left_clavicle"] == "mixamorig:LeftShoulder"
    assert bones["right_little_3"] == "mixamorig:RightHandPinky3"
    assert not any("Leg" in bone or "Foot" in bone or "Toe" in bone for bone in bones.values())


@pytest.mark.parametrize("prefix", ["", "mixamorig1:", "mixamorig12_", "mixamorig", "Anna:"])
def test_prefixes_of_mixamo_names(prefix: str) -> None:
    rig = load_rig("mixamo")
    renamed = replace(rig, names=tuple(name.replace("mixamorig:", prefix) for name in rig.names))
    mapping = match(renamed)
    assert mapping.bone_map == "mixamo"
    assert len(mapping.bones) == 44
    assert mapping.bones["head"] == f"{prefix}Head"


def test_case_does_not_matter() -> None:
    rig = load_rig("mixamo")
    assert len(match(replace(rig, names=tuple(name.lower() for name in rig.names))).bones) == 44


def test_a_rig_without_a_known_bone_says_what_to_do() -> None:
    rig = load_rig("mixamo")
    nameless = replace(rig, names=tuple(f"bone{i}" for i in range(len(rig))))
    for choice in ("auto", "mixamo"):
        with pytest.raises(AqgtError) as caught:
            match(nameless, choice)
        assert caught.value.code == "unknown-rig"
        assert "Mixamo" in str(caught.value)
        assert caught.value.next_step


def test_missing_bones_are_reported() -> None:
    rig = load_rig("mixamo")
    names = tuple(f"x{i}" if "LeftHand" in n or n.endswith("Head") else n for i, n in enumerate(rig.names))
    mapping = match(replace(rig, names=names))
    assert "left_hand" in mapping.missing
    assert any("left hand" in line for line in mapping.report)
    assert any("head" in line for line in mapping.report)


def test_a_bone_map_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'schema = 1\n[sides]\nleft = "L"\nright = "R"\n[bones]\nupper_arm_1 = ["arm.{side}"]\n',
        encoding="utf-8",
    )
    assert load_bone_map(path).bones["right_upper_arm_1"] == ("arm.R",)
    assert load_bone_map(path).name == "mine"


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"colour": "red"},
        {"sides": {"left": "L"}},
        {"bones": None},
        {"bones": {"third_arm": ["x.{side}"]}},
        {"bones": {"hand": ["hand"]}},
        {"bones": {"hand": "hand.{side}"}},
        {"prefixes": ["("]},
    ],
    ids=["schema", "key", "sides", "bones", "role", "no side", "no list", "pattern"],
)
def test_a_wrong_bone_map_names_its_file(change: dict) -> None:
    with pytest.raises(AqgtError, match=r"mine\.toml"):
        parse_bone_map({**MINIMAL, **change}, "mine", "mine.toml")


def test_an_unknown_bone_map_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(AqgtError, match="mixamo"):
        load_bone_map("nonesuch")
    with pytest.raises(AqgtError):
        load_bone_map(tmp_path / "nonesuch.toml")
