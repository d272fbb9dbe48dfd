# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone maps: every file's form, matching by prefix and case, and what is said when nothing fits."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt.retarget import BoneMap, RigDescription, available_bone_maps, load_bone_map, match, roles
from aqgt.retarget.bone_map import parse_bone_map
from aqgt.retarget.tree import carrier_role
from tests.retarget.motions import load_rig
from tests.retarget.rig_truth import without

MINIMAL = {
    "schema": 1,
    "sides": {"left": "L", "right": "R"},
    "bones": {"upper_arm_1": ["arm.{side}"], "forearm_1": ["fore.{side}"]},
}


REQUIRED = ("hips", "spine_1", "neck_1", "head")
REQUIRED_SIDED = (
    "clavicle",
    "upper_arm_1",
    "forearm_1",
    "hand",
    "thumb_1",
    "index_1",
    "thigh_1",
    "shin_1",
    "foot",
)


@pytest.mark.parametrize("name", available_bone_maps())
def test_every_bone_map_file_has_the_right_form(name: str) -> None:
    bone_map = load_bone_map(name)
    assert bone_map.name == name
    assert bone_map.title
    assert bone_map.notes or bone_map.tested
    assert all(roles.is_role(role) for role in bone_map.bones)
    assert set(REQUIRED) <= set(bone_map.bones)
    for side in roles.SIDES:
        assert {f"{side}_{role}" for role in REQUIRED_SIDED} <= set(bone_map.bones)
    for role in bone_map.bones:
        assert roles.other_side(role) in bone_map.bones
        chain, _, number = role.rpartition("_")
        if number.isdigit() and number != "1":
            assert f"{chain}_{int(number) - 1}" in bone_map.bones


@pytest.mark.parametrize("name", available_bone_maps())
def test_no_bone_has_two_roles(name: str) -> None:
    bone_map = load_bone_map(name)
    first = Counter(names[0] for names in bone_map.bones.values())
    twists = Counter(bone for bones in bone_map.twist.values() for bone, _ in bones)
    assert max((first + twists).values()) == 1
    if name not in (
        "vrm",
        "smplx",
    ):  # the thumb of VRM 0 and 1, hips and foot as in the code or in the add-on
        every = Counter(one for names in bone_map.bones.values() for one in {name.lower() for name in names})
        assert max(every.values()) == 1


@pytest.mark.parametrize("name", available_bone_maps())
def test_an_untested_bone_map_says_so_and_where_its_names_come_from(name: str) -> None:
    bone_map = load_bone_map(name)
    if not bone_map.tested:
        assert "untested by us" in bone_map.notes.lower()
        assert "http" in bone_map.notes
    if bone_map.controls:
        assert bone_map.switches


def skeleton_of(bone_map: BoneMap) -> RigDescription:
    """A tree of bones with the map's own names, joined as in a body; all in one place."""
    names = {role: spelt[0] for role, spelt in bone_map.bones.items()}
    prefix = {"character_creator": "CC_Base_", "biped": "Bip001 "}.get(bone_map.name, "")
    bones = []
    for role in sorted(names, key=roles.sort_key):
        above = carrier_role(role, names) or ("hips" if role != "hips" else None)
        parent = None if above is None else prefix + names[above]
        bones.append({"name": prefix + names[role], "parent": parent, "rest": np.eye(4), "tail": [0, 0, 1]})
    bones += [
        {"name": bone, "parent": None, "rest": np.eye(4), "tail": [0, 0, 1]}
        for bone in {switch.bone for switch in bone_map.switches} - {bone["name"] for bone in bones}
    ]
    return RigDescription.from_bones(bones)


@pytest.mark.parametrize("name", available_bone_maps())
def test_each_naming_is_told_from_the_others(name: str) -> None:
    bone_map = load_bone_map(name)
    mapping = match(skeleton_of(bone_map))
    found = load_bone_map(mapping.bone_map)
    # The human bones of VRM and Unity are spelt alike but for case and the thumb.
    assert name == found.name or {name, found.name} == {"vrm", "unity"}
    assert set(mapping.bones) == set(bone_map.bones)
    assert {s.bone for s in mapping.switches} == {s.bone for s in bone_map.switches}


def test_mixamo_arm_is_the_arm_and_shoulder_the_clavicle() -> None:
    bones = match(load_rig("mixamo"), "mixamo").bones
    assert bones["left_upper_arm_1"] == "mixamorig:LeftArm"
    assert bones["left_clavicle"] == "mixamorig:LeftShoulder"
    assert bones["right_little_3"] == "mixamorig:RightHandPinky3"
    assert {role: roles.part_of(role) for role, bone in bones.items() if "Leg" in bone or "Foot" in bone} == {
        f"{side}_{role}": None for side in roles.SIDES for role in ("thigh_1", "shin_1", "foot")
    }


@pytest.mark.parametrize("prefix", ["", "mixamorig1:", "mixamorig12_", "mixamorig", "Anna:"])
def test_prefixes_of_mixamo_names(prefix: str) -> None:
    rig = load_rig("mixamo")
    renamed = replace(rig, names=tuple(name.replace("mixamorig:", prefix) for name in rig.names))
    mapping = match(renamed)
    assert mapping.bone_map == "mixamo"
    assert len(mapping.bones) == 52
    assert mapping.bones["head"] == f"{prefix}Head"


def test_case_does_not_matter() -> None:
    rig = load_rig("mixamo")
    assert len(match(replace(rig, names=tuple(name.lower() for name in rig.names))).bones) == 52


def test_a_rig_without_a_known_bone_says_what_to_do() -> None:
    rig = load_rig("mixamo")
    flat = replace(rig, rest=np.broadcast_to(np.eye(4), rig.rest.shape))
    nameless = replace(flat, names=tuple(f"bone{i}" for i in range(len(rig))))
    for choice in ("auto", "mixamo"):
        with pytest.raises(AqgtError) as caught:
            match(nameless, choice)
        assert caught.value.code == "unknown-rig"
        assert "Mixamo" in str(caught.value)
        assert caught.value.next_step


def test_missing_bones_are_reported() -> None:
    mapping = match(without(load_rig("mixamo"), {"mixamorig:LeftHand", "mixamorig:Head"}))
    assert {"left_hand", "head"} <= set(mapping.missing)
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
        {"schema": 3},
        {"twist": {"forearm_1": ["twist.{side}"]}},
        {"colour": "red"},
        {"sides": {"left": "L"}},
        {"bones": None},
        {"bones": {"third_arm": ["x.{side}"]}},
        {"bones": {"hand": ["hand"]}},
        {"bones": {"hand": "hand.{side}"}},
        {"prefixes": ["("]},
    ],
    ids=["schema", "twist in schema 1", "key", "sides", "bones", "role", "no side", "no list", "pattern"],
)
def test_a_wrong_bone_map_names_its_file(change: dict) -> None:
    with pytest.raises(AqgtError, match=r"mine\.toml"):
        parse_bone_map({**MINIMAL, **change}, "mine", "mine.toml")


@pytest.mark.parametrize(
    "change",
    [
        {"twist": {"hand": ["twist.{side}"]}},
        {"twist": {"forearm_1": ["twist"]}},
        {"twist": {"forearm_1": [{"bone": "twist.{side}", "share": 2}]}},
        {"twist": {"forearm_1": [{"share": 0.5}]}},
        {"switches": [{"part": "arm", "bone": "x"}]},
        {"switches": [{"part": "wing", "bone": "x", "property": "p", "fk": 1, "ik": 0}]},
        {"switches": {"part": "arm"}},
    ],
    ids=["no limb", "no side", "share", "no bone", "keys", "part", "no list"],
)
def test_a_wrong_twist_or_switch_names_its_file(change: dict) -> None:
    with pytest.raises(AqgtError, match=r"mine\.toml"):
        parse_bone_map({**MINIMAL, "schema": 2, **change}, "mine", "mine.toml")


def test_twist_and_switches_are_spelt_out_per_side() -> None:
    bone_map = parse_bone_map(
        {
            **MINIMAL,
            "schema": 2,
            "twist": {"forearm_1": ["roll.{side}", {"bone": "twist.{side}", "share": 0.5}]},
            "switches": [
                {"part": "arm", "bone": "prop.{side}", "property": "ik_{word}", "fk": 0.0, "ik": 1.0},
                {"part": "head", "bone": "torso", "property": "follow", "fk": 1.0, "ik": 0.0},
            ],
        },
        "mine",
        "mine.toml",
    )
    assert bone_map.twist["right_forearm_1"] == (("roll.R", None), ("twist.R", 0.5))
    assert [(s.part, s.bone, s.property) for s in bone_map.switches] == [
        ("left_arm", "prop.L", "ik_left"),
        ("right_arm", "prop.R", "ik_right"),
        ("head", "torso", "follow"),
    ]


def test_an_unknown_bone_map_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(AqgtError, match="mixamo"):
        load_bone_map("nonesuch")
    with pytest.raises(AqgtError):
        load_bone_map(tmp_path / "nonesuch.toml")
