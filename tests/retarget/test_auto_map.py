# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding bones: by bone map, by words, by rest pose alone; never a wrong one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt.retarget import RigDescription, load_bone_map, match, roles
from aqgt.retarget.by_shape import find_by_shape
from aqgt.retarget.by_words import find_by_words
from aqgt.retarget.tree import Tree
from tests.retarget.motions import load_rig
from tests.retarget.rig_truth import BONE_MAP, FINGERS, TRUTH, moved, posed, renamed, with_leaves, without

ARMED = [name for name in TRUTH if name != "rigify"]
"""Rigs whose hierarchy is the body's; of a control rig's helpers the rest pose says nothing."""
FINGERED = [name for name in ARMED if "cmu" not in name]


def share(found: dict[str, str], truth: dict[str, str]) -> float:
    """The share of the bones that were found; a wrong one fails at once."""
    wrong = {role: (bone, truth.get(role)) for role, bone in found.items() if truth.get(role) != bone}
    assert not wrong
    return len(found) / len(truth)


@pytest.mark.parametrize("name", TRUTH)
def test_every_rig_is_mapped_whole_by_its_bone_map(name: str) -> None:
    mapping = match(load_rig(name))
    assert mapping.bone_map == BONE_MAP[name]
    assert share(mapping.bones, TRUTH[name]) == 1.0
    assert {row.how for row in mapping.rows if row.bone} == {"preset"}
    assert not any(row.doubtful for row in mapping.rows)


def test_52_of_52_on_plain_mixamo_names() -> None:
    rig = load_rig("mixamo")
    plain = replace(rig, names=tuple(name.removeprefix("mixamorig:") for name in rig.names))
    mapping = match(plain)
    assert len(rig) == len(mapping.bones) == len(set(mapping.bones.values())) == 52
    assert mapping.missing == ()
    assert mapping.report == ("52 bones found with the bone map “Mixamo”.",)


@pytest.mark.parametrize("name", ARMED)
def test_by_rest_pose_alone(name: str) -> None:
    rig, names = renamed(load_rig(name))
    mapping = match(rig)
    truth = {role: names[bone] for role, bone in TRUTH[name].items()}
    # A hand of two mitten bones has no five fingers: its thumb stays unknown.
    assert share(mapping.bones, truth) >= (0.85 if "cmu" in name else 1.0)
    assert mapping.bone_map == ""
    assert {row.how for row in mapping.rows if row.bone} == {"geometry"}
    assert any("rest pose" in line for line in mapping.report)


Y_UP = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
TURNED = np.array([[-1.0, 0, 0], [0, -1, 0], [0, 0, 1]])
SIDEWAYS = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])


@pytest.mark.parametrize("axes", [Y_UP, TURNED, SIDEWAYS, 100 * np.eye(3), 0.01 * Y_UP], ids=str)
@pytest.mark.parametrize("name", FINGERED)
def test_rest_pose_with_other_axes_and_sizes(name: str, axes: np.ndarray) -> None:
    rig, names = renamed(moved(load_rig(name), axes))
    assert share(find_by_shape(rig).bones, {r: names[b] for r, b in TRUTH[name].items()}) == 1.0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", FINGERED)
def test_a_rest_pose_that_is_not_quite_symmetric(name: str, seed: int) -> None:
    rig, names = renamed(load_rig(name))
    rest = rig.rest.copy()
    size = np.ptp(rig.heads, axis=0).max()
    rest[:, :3, 3] += np.random.default_rng(seed).normal(size=(len(rig), 3)) * 0.001 * size
    found = find_by_shape(replace(rig, rest=rest)).bones
    assert share(found, {r: names[b] for r, b in TRUTH[name].items()}) >= 0.9


@pytest.mark.parametrize("stretch", [(1.0, 1.0, 0.8), (1.3, 1.0, 1.0), (0.8, 1.0, 1.0), (1.0, 1.0, 1.25)])
@pytest.mark.parametrize("name", FINGERED)
def test_stocky_and_lanky_bodies(name: str, stretch: tuple[float, float, float]) -> None:
    rig, names = renamed(moved(load_rig(name), np.diag(stretch)))
    assert share(find_by_shape(rig).bones, {r: names[b] for r, b in TRUTH[name].items()}) >= 0.9


@pytest.mark.parametrize("name", ARMED)
def test_odd_rest_poses_lose_bones_but_mistake_none(name: str) -> None:
    rng = np.random.default_rng(3)
    whole = 0
    for _ in range(12):
        rig = moved(posed(load_rig(name), TRUTH[name], rng), np.diag(rng.uniform(0.8, 1.25, 3)))
        found = find_by_shape(rig)
        sure = {role: bone for role, bone in found.bones.items() if role not in found.doubts}
        whole += share(sure, TRUTH[name]) >= (0.8 if "cmu" in name else 0.95)
    assert whole >= 6


@pytest.mark.parametrize("name", ARMED)
def test_names_that_say_nothing_and_lost_fingers_mistake_no_bone(name: str) -> None:
    rng = np.random.default_rng(11)
    truth, whole = TRUTH[name], load_rig(name)
    ends = sorted(bone for role, bone in truth.items() if any(finger in role for finger in FINGERS))
    for _ in range(15):
        rig = without(whole, {str(one) for one in rng.choice(ends, rng.integers(0, 3))})
        unknown = rng.random(len(rig)) < rng.choice([0.1, 0.3, 0.6])
        names = {old: f"k{i}" if unknown[i] else old for i, old in enumerate(rig.names)}
        try:
            mapping = match(replace(rig, names=tuple(names.values())))
        except AqgtError:
            continue
        sure = {row.role: row.bone for row in mapping.rows if row.bone and not row.doubtful}
        share(sure, {role: names[bone] for role, bone in truth.items() if bone in names})


@pytest.mark.parametrize("name", ["mixamo", "vroid", "mpfb_unreal", "rigify_metarig"])
def test_words_alone_find_what_bone_maps_find(name: str) -> None:
    assert share(find_by_words(Tree(load_rig(name))), TRUTH[name]) >= 0.9


@pytest.mark.parametrize("name", ["makehuman", "mpfb_cmu"])
def test_words_alone_are_never_wrong_where_they_do_not_say_it(name: str) -> None:
    assert share(find_by_words(Tree(load_rig(name))), TRUTH[name]) > 0.2


@pytest.mark.parametrize(
    "style",
    [
        "Anna_rig|{}",
        "NPC {}",
        "Armature_{}_jnt",
        "{}_BONE",
        "hero01:{}",
        "ANNA{}",
    ],
)
@pytest.mark.parametrize("name", ["mixamo", "mpfb_unreal"])
def test_odd_prefixes_and_suffixes(name: str, style: str) -> None:
    rig = load_rig(name)
    names = {old: style.format(old.removeprefix("mixamorig:")) for old in rig.names}
    mapping = match(replace(rig, names=tuple(names.values())))
    assert share(mapping.bones, {role: names[bone] for role, bone in TRUTH[name].items()}) == 1.0


def _mirrored(name: str) -> str:
    """Another way to write a Mixamo bone: side behind, words apart, two digits."""
    name = name.removeprefix("mixamorig:")
    for side, mark in (("Left", "_l"), ("Right", "_r")):
        if name.startswith(side):
            name = name.removeprefix(side) + mark
    words = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).strip("_")
    return "".join(f"_{int(c):02d}" if c.isdigit() else c for c in words)


def test_words_apart_sides_behind_and_two_digits() -> None:
    rig = load_rig("mixamo")
    assert _mirrored("mixamorig:LeftHandIndex1") == "hand_index_01_l"
    names = {old: _mirrored(old) for old in rig.names}
    mapping = match(replace(rig, names=tuple(names.values())))
    assert share(mapping.bones, {role: names[bone] for role, bone in TRUTH["mixamo"].items()}) == 1.0


@pytest.mark.parametrize("suffix", ["_end", "_End", "Nub", ".end", "_leaf"])
@pytest.mark.parametrize("name", ARMED)
def test_leaves_that_importers_add_are_no_bones_of_the_body(name: str, suffix: str) -> None:
    assert share(match(with_leaves(load_rig(name), suffix)).bones, TRUTH[name]) == 1.0


@pytest.mark.parametrize("name", FINGERED)
def test_leaves_do_not_mislead_the_rest_pose(name: str) -> None:
    leafy = with_leaves(load_rig(name), "_end")
    rig, names = renamed(leafy)
    found = find_by_shape(rig).bones
    assert share(found, {r: names[b] for r, b in TRUTH[name].items()}) >= 0.9


@pytest.mark.parametrize("name", FINGERED)
@pytest.mark.parametrize("hidden", [True, False], ids=["unknown names", "known names"])
def test_a_rig_without_fingers(name: str, hidden: bool) -> None:
    whole = load_rig(name)
    truth = TRUTH[name]
    hands = {truth["left_hand"], truth["right_hand"]}
    below = {
        bone for bone, parent in zip(whole.names, whole.parents, strict=True) if whole.names[parent] in hands
    }
    rig = without(whole, below)
    truth = {role: bone for role, bone in truth.items() if bone in rig.index}
    assert not any(f in role for role in truth for f in ("thumb", "index"))
    if hidden:
        rig, names = renamed(rig)
        truth = {role: names[bone] for role, bone in truth.items()}
    mapping = match(rig)
    assert share(mapping.bones, truth) >= 0.9
    assert "The left hand has no finger bones." in mapping.report


def test_an_unreal_rig_with_metacarpals_and_twist_bones() -> None:
    rig = _unreal_5()
    mapping = match(rig)
    assert mapping.bone_map == "unreal"
    assert share(mapping.bones, TRUTH["mpfb_unreal"]) == 1.0
    for side in "lr":
        long = "left" if side == "l" else "right"
        assert dict(mapping.twist[f"{long}_upper_arm_1"])[f"upperarm_twist_01_{side}"] == pytest.approx(
            0.0, abs=0.01
        )
        shares = dict(mapping.twist[f"{long}_forearm_1"])
        assert shares[f"lowerarm_twist_01_{side}"] == pytest.approx(2 / 3, abs=0.01)
        assert shares[f"lowerarm_twist_02_{side}"] == pytest.approx(1 / 3, abs=0.01)


def test_metacarpals_and_twist_bones_by_rest_pose() -> None:
    rig, names = renamed(_unreal_5())
    assert share(find_by_shape(rig).bones, {r: names[b] for r, b in TRUTH["mpfb_unreal"].items()}) == 1.0


def _unreal_5() -> RigDescription:
    """MPFB's game engine rig with what the UE5 mannequin has besides: metacarpals, twist bones, IK bones."""
    bones = {bone["name"]: bone for bone in load_rig("mpfb_unreal").to_json()["bones"]}

    def add(name: str, parent: str, place: np.ndarray) -> None:
        rest = np.eye(4)
        rest[:3, 3] = place
        tail = (place + [0, 0, 0.02]).tolist()
        bones[name] = {"name": name, "parent": parent, "rest": rest.tolist(), "tail": tail}

    def head(name: str) -> np.ndarray:
        return np.array(bones[name]["rest"])[:3, 3]

    for side in "lr":
        for finger in ("index", "middle", "ring", "pinky"):
            hand, knuckle = head(f"hand_{side}"), head(f"{finger}_01_{side}")
            add(f"{finger}_metacarpal_{side}", f"hand_{side}", hand + 0.3 * (knuckle - hand))
            bones[f"{finger}_01_{side}"]["parent"] = f"{finger}_metacarpal_{side}"
        for limb, end, places in (("upperarm", "lowerarm", (0.0, 0.5)), ("lowerarm", "hand", (2 / 3, 1 / 3))):
            way = head(f"{end}_{side}") - head(f"{limb}_{side}")
            for k, place in enumerate(places):
                add(f"{limb}_twist_0{k + 1}_{side}", f"{limb}_{side}", head(f"{limb}_{side}") + place * way)
        add(f"ik_hand_{side}", "Root", head(f"hand_{side}"))
        add(f"ik_foot_{side}", "Root", head(f"foot_{side}"))
    return RigDescription.from_bones(list(bones.values()))


def test_the_humanoid_map_of_the_file_goes_before_names() -> None:
    human = json.loads((Path(__file__).parents[1] / "data" / "rigs" / "vrm_humanoid.json").read_text())
    rig, names = renamed(load_rig("vroid"))
    told = replace(rig, humanoid={one: names[bone] for one, bone in human.items()})
    mapping = match(told)
    assert share(mapping.bones, {role: names[bone] for role, bone in TRUTH["vroid"].items()}) == 1.0
    assert {row.how for row in mapping.rows if row.bone} == {"humanoid map"}
    assert RigDescription.from_json(told.to_json()).humanoid == told.humanoid


def test_the_thumb_of_vrm_0_begins_with_its_proximal_bone() -> None:
    human = json.loads((Path(__file__).parents[1] / "data" / "rigs" / "vrm_humanoid.json").read_text())
    assert "leftThumbMetacarpal" in human
    old = {
        one.replace("Proximal", "Intermediate").replace("Metacarpal", "Proximal")
        if "Thumb" in one
        else one: bone
        for one, bone in human.items()
    }
    mapping = match(replace(load_rig("vroid"), humanoid=old))
    assert share(mapping.bones, TRUTH["vroid"]) == 1.0


def test_names_with_left_and_right_exchanged_are_doubtful() -> None:
    rig = load_rig("mixamo")
    swapped = {"Left": "Right", "Right": "Left"}
    names = [next((n.replace(a, b) for a, b in swapped.items() if a in n), n) for n in rig.names]
    mapping = match(replace(rig, names=tuple(names)))
    sided = [row for row in mapping.rows if row.role.split("_")[0] in roles.SIDES]
    assert all(row.doubtful for row in sided)
    assert any("left and right" in line for line in mapping.report)


def test_half_a_known_naming_is_filled_by_the_rest_pose() -> None:
    rig = load_rig("mixamo")
    names = {old: f"{old}zz" if "Hand" in old and old[-1].isdigit() else old for old in rig.names}
    names = {old: f"k{i}" if new.endswith("zz") else new for i, (old, new) in enumerate(names.items())}
    mapping = match(replace(rig, names=tuple(names.values())))
    assert share(mapping.bones, {role: names[bone] for role, bone in TRUTH["mixamo"].items()}) == 1.0
    assert {row.how for row in mapping.rows} == {"preset", "geometry"}


def test_without_feet_left_and_right_may_be_unsure_but_are_never_unmarked() -> None:
    whole = load_rig("mpfb_unreal_t")
    flat = moved(without(whole, {"ball_l", "ball_r"}), np.diag([1.0, 0.0, 1.0]))
    rig, _names = renamed(flat)
    found = find_by_shape(rig)
    assert not found.sides_known
    assert {role for role in found.bones if role.split("_")[0] in roles.SIDES} <= set(found.doubts)


@pytest.mark.parametrize("n_bones", [1, 5, 40])
def test_what_is_no_body_is_not_mapped(n_bones: int) -> None:
    rng = np.random.default_rng(1)
    bones = []
    for k in range(n_bones):
        rest = np.eye(4)
        rest[:3, 3] = rng.normal(size=3)
        parent = f"b{rng.integers(k)}" if k else None
        bones.append({"name": f"b{k}", "parent": parent, "rest": rest, "tail": rest[:3, 3] + [0, 0, 0.1]})
    rig = RigDescription.from_bones(bones)
    assert find_by_shape(rig).bones == {}
    with pytest.raises(AqgtError) as caught:
        match(rig)
    assert caught.value.code == "unknown-rig"


def test_a_rigify_rig_gets_its_switches() -> None:
    mapping = match(load_rig("rigify"))
    assert mapping.controls
    assert mapping.twist == {}
    arm = [s for s in mapping.switches if s.part == "left_arm"]
    assert ("upper_arm_parent.L", "IK_FK", 1.0) in [(s.bone, s.property, s.fk) for s in arm]
    assert {s.part for s in mapping.switches} == {"left_arm", "right_arm", "head"}


def test_the_deform_bones_of_a_rigify_rig_on_their_own() -> None:
    rig = load_rig("rigify")
    truth = dict(match(rig, "rigify_deform").bones.items())
    assert truth["left_forearm_2"] == "DEF-forearm.L.001"
    assert len(truth) == 61
    only = [bone for bone in rig.to_json()["bones"] if bone["name"].startswith("DEF-")]
    kept = {bone["name"] for bone in only}
    for bone in only:
        if bone["parent"] not in kept:
            bone["parent"] = _deform_parent(bone["name"])
    mapping = match(RigDescription.from_bones(only))
    assert mapping.bone_map == "rigify_deform"
    assert mapping.bones == truth


def _deform_parent(name: str) -> str | None:
    """Where game exporters hang the deform bones whose parents are helpers."""
    side = name[-2:] if name[-2:] in (".L", ".R") else ""
    parents = {"DEF-shoulder": "DEF-spine.003", "DEF-upper_arm": f"DEF-shoulder{side}", "DEF-spine": None}
    for start in ("f_", "thumb", "palm"):
        if name.startswith(f"DEF-{start}"):
            return f"DEF-hand{side}"
    if name.startswith("DEF-breast"):
        return "DEF-spine.003"
    return parents.get(name.removesuffix(side), "DEF-spine")


@pytest.mark.parametrize("name", TRUTH)
def test_rows_follow_the_bones(name: str) -> None:
    mapping = match(load_rig(name))
    assert {row.role: row.bone for row in mapping.rows if row.bone} == mapping.bones
    assert [row.role for row in mapping.rows if not row.bone] == list(mapping.missing)
    assert all(roles.is_role(row.role) and 0 <= row.confidence <= 1 for row in mapping.rows)
    assert set(mapping.twist) <= set(mapping.bones)


def test_a_named_bone_map_is_used_alone() -> None:
    mapping = match(load_rig("mixamo"), load_bone_map("mixamo"))
    assert mapping.bone_map == "mixamo"
    with pytest.raises(AqgtError, match="Unreal"):
        match(load_rig("mixamo"), "unreal")
