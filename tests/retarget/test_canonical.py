# SPDX-License-Identifier: GPL-3.0-or-later
"""Canonical bone names: what must not matter does not, and what differs stays apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqgt.retarget.canonical import canonical, without_zeros

WORDS = ("upper", "arm", "fore", "hand", "spine", "neck", "head", "thigh", "index", "thumb", "foot", "pelvis")
words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)
sides = st.sampled_from(["left", "right"])
numbers = st.one_of(st.none(), st.integers(min_value=1, max_value=20))

SEPARATORS = ("_", ".", "-", " ")
MARKS = {
    "left": ("Left", "left", "LEFT", "L", "l", "Lf"),
    "right": ("Right", "right", "RIGHT", "R", "r", "Rt"),
}


def spell(parts: list[str], number: int | None, joined: str, case: str) -> str:
    styled = [getattr(part, case)() for part in parts]
    return joined.join(styled) + ("" if number is None else f"{joined}{number}")


@given(words, numbers, sides, st.data())
def test_case_separators_and_the_place_of_the_side_do_not_matter(
    parts: list[str], number: int | None, side: str, data: st.DataObject
) -> None:
    wanted = "".join(parts) + ("" if number is None else str(number))
    joined = data.draw(st.sampled_from(SEPARATORS))
    case = data.draw(st.sampled_from(["lower", "upper", "title"]))
    mark = data.draw(st.sampled_from(MARKS[side]))
    body = spell(parts, number, joined, case)
    name = data.draw(st.sampled_from([f"{mark}{joined}{body}", f"{body}{joined}{mark}"]))
    found = canonical(name)
    assert (found.side, found.base) == (side, wanted)


@given(words, numbers, sides)
def test_camel_case_is_read_like_words_apart(parts: list[str], number: int | None, side: str) -> None:
    camel = side.title() + "".join(part.title() for part in parts) + ("" if number is None else str(number))
    apart = "_".join([*parts, *([] if number is None else [str(number)]), side[0]])
    assert canonical(camel) == canonical(apart)


@given(words, numbers, sides)
def test_the_other_side_differs_in_the_side_alone(parts: list[str], number: int | None, side: str) -> None:
    other = {"left": "right", "right": "left"}[side]
    body = spell(parts, number, "_", "lower")
    one, two = canonical(f"{body}.{side[0].upper()}"), canonical(f"{body}.{other[0].upper()}")
    assert one.base == two.base
    assert {one.side, two.side} == {"left", "right"}


@given(words, st.sampled_from(["rig:", "a:b:", "mixamorig12:", "Armature|"]))
def test_namespaces_do_not_matter(parts: list[str], space: str) -> None:
    assert canonical(space + "_".join(parts)) == canonical("_".join(parts))


@given(words, st.sampled_from(["_end", "_End", ".end", "_leaf", "Nub", "_Nub"]))
def test_a_leaf_keeps_the_name_of_its_bone_and_is_marked(parts: list[str], suffix: str) -> None:
    leaf, bone = canonical("_".join(parts) + suffix), canonical("_".join(parts))
    assert leaf.end
    assert not bone.end
    assert leaf.base == bone.base


@given(st.text(max_size=40))
def test_any_text_has_a_stable_form(text: str) -> None:
    found = canonical(text)
    assert found.side in ("", "left", "right")
    assert canonical(text) == found
    assert without_zeros(found.loose) == found.loose


@given(st.lists(st.integers(0, 999), min_size=2, max_size=2, unique=True), words)
def test_numbers_keep_bones_apart(pair: list[int], parts: list[str]) -> None:
    one, two = (canonical(f"{'_'.join(parts)}_{number}") for number in pair)
    assert one.base != two.base
    assert one.loose != two.loose


@pytest.mark.parametrize(
    ("name", "side", "base"),
    [
        ("mixamorig:LeftForeArm", "left", "forearm"),
        ("Bip001 L Finger01", "left", "bip001finger01"),
        ("Bip001 L Finger1", "left", "bip001finger1"),
        ("CC_Base_R_Upperarm", "right", "ccbaseupperarm"),
        ("lShldrBend", "left", "shldrbend"),
        ("LHipJoint", "left", "hip"),
        ("finger1-2.L", "left", "finger1_2"),
        ("f_index.02.R", "right", "findex02"),
        ("DEF-forearm.L.001", "left", "defforearm001"),
        ("J_Bip_C_UpperChest", "", "jbipupperchest"),
        ("lefthand", "left", "hand"),
        ("handright", "right", "hand"),
        ("lowerarm_twist_01_l", "left", "lowerarmtwist01"),
        ("spine_03", "", "spine03"),
        ("左腕", "", "左腕"),
        ("", "", ""),
    ],
)
def test_names_of_known_rigs(name: str, side: str, base: str) -> None:
    found = canonical(name)
    assert (found.side, found.base) == (side, base)
