# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig description: JSON round trip, order of bones, refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt.retarget import RigDescription
from tests.retarget.motions import load_rig


def bone(name: str, parent: str | None = None, **more) -> dict:
    return {"name": name, "parent": parent, "rest": np.eye(4).tolist(), "tail": [0, 1, 0], **more}


def test_json_round_trip_is_stable() -> None:
    rig = load_rig("mixamo")
    again = RigDescription.from_json(json.loads(json.dumps(rig.to_json())))
    assert again.names == rig.names
    np.testing.assert_array_equal(again.parents, rig.parents)
    np.testing.assert_array_equal(again.rest, rig.rest)
    assert again.to_json() == rig.to_json()


def test_bones_may_come_in_any_order() -> None:
    rig = RigDescription.from_bones([bone("c", "b"), bone("b", "a", rotation_mode="ZXY"), bone("a")])
    assert rig.names == ("a", "b", "c")
    assert rig.parents.tolist() == [-1, 0, 1]
    assert rig.rotation_modes == ("QUATERNION", "ZXY", "QUATERNION")


@pytest.mark.parametrize(
    "bones",
    [
        [bone("a", "b"), bone("b", "a")],
        [bone("a", "nobody")],
        [bone("a"), bone("a")],
        [bone("a", rotation_mode="SIDEWAYS")],
        [{**bone("a"), "rest": np.full((4, 4), np.nan).tolist()}],
    ],
    ids=["ring", "unknown parent", "twice", "unknown mode", "nan"],
)
def test_a_broken_rig_is_refused_with_a_next_step(bones: list[dict]) -> None:
    with pytest.raises(AqgtError) as caught:
        RigDescription.from_bones(bones)
    assert caught.value.next_step


def test_json_that_is_no_rig_is_refused() -> None:
    with pytest.raises(AqgtError):
        RigDescription.from_json({"bones": [{"name": "a"}]})
