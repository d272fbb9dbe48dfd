# SPDX-License-Identifier: GPL-3.0-or-later
"""Corrections by hand: what they change, what checks find, and that saving loses nothing."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqgt.errors import AqgtError
from aqgt.retarget import Mapping, Row, Switch, match, roles
from aqgt.retarget.edit_mapping import (
    clear_bone,
    from_json,
    from_toml,
    problems,
    recall,
    set_bone,
    swap_sides,
    to_json,
    to_toml,
)
from aqgt.retarget.mapping import HOW
from tests.retarget.motions import load_rig
from tests.retarget.rig_truth import TRUTH, renamed

RIG = load_rig("mixamo")
MAPPED = match(RIG)


def test_a_bone_set_by_hand_is_marked_so_and_nothing_else_changes() -> None:
    changed = set_bone(MAPPED, RIG, "left_hand", "mixamorig:RightHand")
    assert changed.bones == {**MAPPED.bones, "left_hand": "mixamorig:RightHand"}
    assert next(row for row in changed.rows if row.role == "left_hand").how == "manual"
    assert "1 bone found by hand." in changed.report
    assert MAPPED.bones["left_hand"] == "mixamorig:LeftHand"


def test_setting_back_and_clearing() -> None:
    cleared = clear_bone(MAPPED, "left_hand")
    assert "left_hand" not in cleared.bones
    assert cleared.missing == ("left_hand",)
    assert any("left hand has no bone" in line for line in cleared.report)
    assert set_bone(cleared, RIG, "left_hand", "mixamorig:LeftHand").bones == MAPPED.bones
    assert clear_bone(cleared, "left_hand") == cleared


def test_roles_and_bones_that_do_not_exist_are_refused() -> None:
    with pytest.raises(AqgtError, match="no role"):
        set_bone(MAPPED, RIG, "left_wing", "mixamorig:LeftHand")
    with pytest.raises(AqgtError, match="no bone"):
        set_bone(MAPPED, RIG, "left_hand", "nonesuch")


@pytest.mark.parametrize("name", TRUTH)
def test_what_is_found_by_itself_has_no_problems(name: str) -> None:
    rig = load_rig(name)
    assert problems(match(rig), rig) == ()


def test_a_bone_used_twice_and_at_the_wrong_place_is_told() -> None:
    kinds = {p.kind: p for p in problems(set_bone(MAPPED, RIG, "left_hand", "mixamorig:RightHand"), RIG)}
    assert set(kinds) == {"twice", "place"}
    assert set(kinds["twice"].roles) == {"left_hand", "right_hand"}
    assert "left hand" in kinds["place"].sentence


def test_sides_exchanged_are_told_and_mended() -> None:
    swapped = swap_sides(MAPPED)
    assert {p.kind for p in problems(swapped, RIG)} == {"sides"}
    assert swap_sides(swapped) == MAPPED


def test_bones_that_are_gone_are_told() -> None:
    other, _ = renamed(RIG)
    gone = next(p for p in problems(MAPPED, other) if p.kind == "gone")
    assert set(gone.roles) == set(MAPPED.bones)


def test_a_remembered_mapping_comes_back_as_far_as_it_fits() -> None:
    changed = set_bone(MAPPED, RIG, "left_hand", "mixamorig:LeftForeArm")
    assert recall(to_json(changed), RIG) == changed
    names = tuple("x" if name == "mixamorig:Head" else name for name in RIG.names)
    recalled = recall(to_json(changed), replace(RIG, names=names))
    assert recalled.missing == ("head",)
    assert recalled.bones == {role: bone for role, bone in changed.bones.items() if role != "head"}


@pytest.mark.parametrize("name", TRUTH)
def test_mappings_of_real_rigs_survive_saving(name: str) -> None:
    mapping = match(load_rig(name))
    assert from_json(to_json(mapping)) == mapping
    assert from_toml(to_toml(mapping)) == mapping


text = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
shares = st.floats(0, 1)
all_roles = [*roles.standard_roles(), "spine_2", "left_forearm_2", "neck_2"]


@st.composite
def mappings(draw: st.DrawFn) -> Mapping:
    chosen = draw(st.lists(st.sampled_from(all_roles), unique=True, max_size=12))
    rows = tuple(
        Row(role, draw(text), draw(st.sampled_from(HOW[:-1])), draw(shares), draw(st.booleans()), draw(text))
        for role in chosen
    )
    twist = {
        role: tuple(draw(st.lists(st.tuples(text, shares), min_size=1, max_size=2)))
        for role in chosen
        if "arm" in role
    }
    switches = tuple(
        Switch(part, draw(text), draw(text), draw(shares), draw(shares))
        for part in draw(st.lists(st.sampled_from(roles.PARTS), max_size=2))
    )
    rough = {
        "schema": 1,
        "kind": "mapping",
        "bone_map": draw(st.sampled_from(["", "mixamo", "of my own"])),
        "controls": draw(st.booleans()),
        "rows": [row.__dict__ for row in rows],
        "switches": [switch.__dict__ for switch in switches],
        "twist": twist,
    }
    return from_json(json.dumps(rough))


@given(mappings())
def test_saving_and_reading_is_the_identity(mapping: Mapping) -> None:
    assert from_json(to_json(mapping)) == mapping
    assert from_toml(to_toml(mapping)) == mapping
    assert to_toml(from_toml(to_toml(mapping))) == to_toml(mapping)
    tomllib.loads(to_toml(mapping))


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"kind": "mapping", "schema": 9}',
        '{"kind": "mapping", "schema": 1, "rows": 3}',
    ],
)
def test_what_is_no_saved_mapping_is_refused(wrong: str) -> None:
    for read in (from_json, from_toml):
        with pytest.raises(AqgtError) as caught:
            read(wrong)
        assert caught.value.code == "bad-mapping"


def test_a_saved_mapping_with_an_unknown_role_is_refused() -> None:
    with pytest.raises(AqgtError, match="wing"):
        from_json(to_json(MAPPED).replace("left_hand", "left_wing"))
