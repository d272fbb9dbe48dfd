# SPDX-License-Identifier: GPL-3.0-or-later
"""VRM animations: the rules of glTF 2.0 and VRMC_vrm_animation 1.0, and turns that give the motion back."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest

from aqgt import skeleton as sk
from aqgt.errors import AqgtError
from aqgt.formats.vrma import vrma_bytes, write_vrma
from tests.formats.humanoid_motion import angle, directions_y_up, moving

REQUIRED = [
    "hips",
    "spine",
    "head",
    "leftUpperLeg",
    "leftLowerLeg",
    "leftFoot",
    "rightUpperLeg",
    "rightLowerLeg",
    "rightFoot",
    "leftUpperArm",
    "leftLowerArm",
    "leftHand",
    "rightUpperArm",
    "rightLowerArm",
    "rightHand",
]
# Where each bone may hang, from the humanoid of VRM 1.0 (optional bones in between all written here).
PARENTS = {"spine": "hips", "chest": "spine", "upperChest": "chest", "neck": "upperChest", "head": "neck"}
for _side in ("left", "right"):
    PARENTS |= {f"{_side}UpperLeg": "hips", f"{_side}LowerLeg": f"{_side}UpperLeg"}
    PARENTS |= {f"{_side}Foot": f"{_side}LowerLeg", f"{_side}Toes": f"{_side}Foot"}
    PARENTS |= {f"{_side}Shoulder": "upperChest", f"{_side}UpperArm": f"{_side}Shoulder"}
    PARENTS |= {f"{_side}LowerArm": f"{_side}UpperArm", f"{_side}Hand": f"{_side}LowerArm"}
    for _finger in ("Thumb", "Index", "Middle", "Ring", "Little"):
        _parts = (
            ("Metacarpal", "Proximal", "Distal")
            if _finger == "Thumb"
            else ("Proximal", "Intermediate", "Distal")
        )
        _above = f"{_side}Hand"
        for _part in _parts:
            PARENTS[f"{_side}{_finger}{_part}"] = _above
            _above = f"{_side}{_finger}{_part}"


class Parsed:
    """A GLB file taken apart by the letter of glTF 2.0."""

    def __init__(self, content: bytes) -> None:
        magic, version, size = struct.unpack_from("<III", content)
        assert (magic, version, size) == (0x46546C67, 2, len(content))
        length, kind = struct.unpack_from("<II", content, 12)
        assert (kind, length % 4) == (0x4E4F534A, 0)
        self.json: dict[str, Any] = json.loads(content[20 : 20 + length])
        binary, kind = struct.unpack_from("<II", content, 20 + length)
        assert (kind, binary % 4) == (0x004E4942, 0)
        self.binary = content[28 + length :]
        assert len(self.binary) == binary
        self.nodes = self.json["nodes"]
        self.bones = {
            name: one["node"]
            for name, one in self.json["extensions"]["VRMC_vrm_animation"]["humanoid"]["humanBones"].items()
        }
        self.parent = {child: i for i, node in enumerate(self.nodes) for child in node.get("children", [])}

    def accessor(self, index: int) -> np.ndarray:
        accessor = self.json["accessors"][index]
        view = self.json["bufferViews"][accessor["bufferView"]]
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[accessor["type"]]
        assert accessor["componentType"] == 5126
        assert view["byteOffset"] % 4 == 0
        assert view["byteLength"] == 4 * width * accessor["count"]
        return np.frombuffer(self.binary, "<f4", accessor["count"] * width, view["byteOffset"]).reshape(
            -1, width
        )

    def rest(self, index: int) -> np.ndarray:
        place = np.array(self.nodes[index]["translation"])
        return place + self.rest(self.parent[index]) if index in self.parent else place

    def turns(self) -> dict[int, np.ndarray]:
        """World rotation matrices `[T, 3, 3]` of the nodes."""
        (animation,) = self.json["animations"]
        local: dict[int, np.ndarray] = {}
        for channel in animation["channels"]:
            assert channel["target"]["path"] == "rotation"
            x, y, z, w = self.accessor(animation["samplers"][channel["sampler"]]["output"]).astype(float).T
            local[channel["target"]["node"]] = np.stack(
                [
                    np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], -1),
                    np.stack([2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], -1),
                    np.stack([2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], -1),
                ],
                -2,
            )
        world: dict[int, np.ndarray] = {}
        for index in range(len(self.nodes)):
            own = local.get(index, np.eye(3))
            world[index] = world[self.parent[index]] @ own if index in self.parent else own
        return world


@pytest.fixture(scope="module")
def parsed() -> Parsed:
    return Parsed(vrma_bytes(moving()))


def test_the_extension_is_declared(parsed: Parsed) -> None:
    assert parsed.json["asset"]["version"] == "2.0"
    assert "VRMC_vrm_animation" in parsed.json["extensionsUsed"]
    assert parsed.json["extensions"]["VRMC_vrm_animation"]["specVersion"] == "1.0"
    assert len(parsed.json["animations"]) == 1


def test_the_humanoid_has_vrms_bones_in_vrms_order(parsed: Parsed) -> None:
    assert set(REQUIRED) <= set(parsed.bones)
    assert len(set(parsed.bones.values())) == len(parsed.bones)
    for name, index in parsed.bones.items():
        assert (index in parsed.parent) == (name != "hips")
        if name != "hips":
            assert parsed.parent[index] == parsed.bones[PARENTS[name]], name


def test_the_rest_pose_is_a_t_pose_that_faces_z(parsed: Parsed) -> None:
    """Arms level along ±x, palms down, toes to +z, metres, no rotation or scale at rest."""
    assert not any({"rotation", "scale", "matrix"} & set(node) for node in parsed.nodes)
    place = {name: parsed.rest(index) for name, index in parsed.bones.items()}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        arm = place[f"{side}Hand"] - place[f"{side}UpperArm"]
        assert angle(arm, np.array([sign, 0, 0])) < 1.0
        across = place[f"{side}IndexProximal"] - place[f"{side}LittleProximal"]
        assert np.cross(arm, across)[1] * sign < 0  # thumb side to the front: palm down
        assert place[f"{side}Toes"][2] > place[f"{side}Foot"][2]
    assert 0.8 < place["hips"][1] < 1.1
    assert 0 <= place["leftToes"][1] < 0.1


def test_keys_are_what_gltf_asks_for(parsed: Parsed) -> None:
    (animation,) = parsed.json["animations"]
    for sampler in animation["samplers"]:
        times, values = parsed.accessor(sampler["input"])[:, 0], parsed.accessor(sampler["output"])
        assert len(times) == len(values) == 24
        assert (np.diff(times) > 0).all()
        accessor = parsed.json["accessors"][sampler["input"]]
        assert accessor["min"] == [times[0]]
        assert accessor["max"] == [pytest.approx(times[-1])]
        np.testing.assert_allclose(np.linalg.norm(values, axis=1), 1.0, atol=1e-5)
        assert (np.sum(values[1:] * values[:-1], axis=1) > 0).all()
    targets = {channel["target"]["node"] for channel in animation["channels"]}
    still = {name for name, index in parsed.bones.items() if index not in targets}
    assert still == {"hips"} | {
        f"{s}{b}" for s in ("left", "right") for b in ("UpperLeg", "LowerLeg", "Foot", "Toes")
    }


def test_bones_point_where_the_motion_points(parsed: Parsed) -> None:
    wanted, world = directions_y_up(moving()), parsed.turns()
    for side in ("left", "right"):
        pairs = [("UpperArm", "LowerArm", "elbow"), ("LowerArm", "Hand", "wrist")]
        pairs += [
            (f"{f}Proximal", f"{f}Intermediate", f"{f.lower()}_2")
            for f in ("Index", "Middle", "Ring", "Little")
        ]
        pairs += [
            (f"{f}Intermediate", f"{f}Distal", f"{f.lower()}_3")
            for f in ("Index", "Middle", "Ring", "Little")
        ]
        pairs += [
            ("ThumbMetacarpal", "ThumbProximal", "thumb_2"),
            ("ThumbProximal", "ThumbDistal", "thumb_3"),
        ]
        for start, end, joint in pairs:
            first, second = parsed.bones[side + start], parsed.bones[side + end]
            reached = world[first] @ (parsed.rest(second) - parsed.rest(first))
            assert angle(reached, wanted[:, sk.JOINT_INDEX[f"{side}_{joint}"]]) < 0.01, (side, start)


def test_a_motion_without_frames_is_refused(tmp_path) -> None:
    with pytest.raises(AqgtError, match="no frames"):
        write_vrma(tmp_path / "motion.vrma", moving().slice(0, 0))
    assert not list(tmp_path.iterdir())
