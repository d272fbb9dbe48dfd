# SPDX-License-Identifier: GPL-3.0-or-later
"""Motions as VRM animations (.vrma): glTF with the extension VRMC_vrm_animation 1.0.

The file holds the humanoid bones of VRM 1.0 in its T-pose and the turns of those that gesture. A player lays
them on any VRM character, whatever its rest axes, so no character is needed to write one. Hips and legs are
listed at rest, since VRM asks for them, and are not animated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations as rot
from aqgt import skeleton as sk
from aqgt.errors import AqgtError
from aqgt.formats.bvh import PELVIS_HEIGHT
from aqgt.formats.files import PathLike, write_bytes
from aqgt.formats.glb import Buffer
from aqgt.formats.humanoid import below, rest_position, shared, world_turns
from aqgt.motion import Motion

Floats = NDArray[np.float64]

SPEC_VERSION = "1.0"
_THUMB = ("Metacarpal", "Proximal", "Distal")
_FINGER = ("Proximal", "Intermediate", "Distal")
# The legs of a 1.75 m adult, metres below the bone before: thigh, shank, foot, toes (x for the left side).
_LEG = {
    "UpperLeg": (0.09, -0.04, 0.0),
    "LowerLeg": (0.0, -0.43, 0.0),
    "Foot": (0.0, -0.40, -0.03),
    "Toes": (0.0, -0.06, 0.13),
}


@dataclass(frozen=True)
class _Node:
    """A humanoid bone: its parent's name, where it stands in the T-pose, its world turns `[T, 4]` or None."""

    parent: str
    position: Floats
    turn: Floats | None


def write_vrma(path: PathLike, motion: Motion) -> None:
    """Write a motion as a VRM animation, in metres, y up, facing +z.

    Raises:
        AqgtError: the motion holds no frames, or the file can't be written.
    """
    write_bytes(path, vrma_bytes(motion))


def vrma_bytes(motion: Motion) -> bytes:
    """The content of the file that `write_vrma` writes."""
    if len(motion) == 0:
        raise AqgtError("The motion holds no frames.", "Generate or load a motion first.", "empty-motion")
    nodes = _nodes(motion)
    names = list(nodes)
    buffer = Buffer()
    times = buffer.add(motion.times, bounds=True)
    samplers: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []
    for index, node in enumerate(nodes.values()):
        if node.turn is None:
            continue
        parent = nodes[node.parent].turn if node.parent else None
        local = rot.continuous(node.turn) if parent is None else below(parent, node.turn)
        samplers.append(
            {
                "input": times,
                "output": buffer.add(local[:, [1, 2, 3, 0]]),  # glTF writes x, y, z, w
                "interpolation": "LINEAR",
            }
        )
        channels.append({"sampler": len(samplers) - 1, "target": {"node": index, "path": "rotation"}})
    document = {
        "asset": {"version": "2.0", "generator": "aqgt"},
        "extensionsUsed": ["VRMC_vrm_animation"],
        "extensions": {
            "VRMC_vrm_animation": {
                "specVersion": SPEC_VERSION,
                "humanoid": {"humanBones": {name: {"node": index} for index, name in enumerate(names)}},
            }
        },
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [_gltf_node(name, nodes) for name in names],
        "animations": [{"name": "gestures", "samplers": samplers, "channels": channels}],
    }
    return buffer.file(document)


def _gltf_node(name: str, nodes: dict[str, _Node]) -> dict[str, Any]:
    node = nodes[name]
    origin = nodes[node.parent].position if node.parent else np.zeros(3)
    written: dict[str, Any] = {"name": name, "translation": np.round(node.position - origin, 6).tolist()}
    children = [index for index, one in enumerate(nodes.values()) if one.parent == name]
    return {**written, "children": children} if children else written


def _nodes(motion: Motion) -> dict[str, _Node]:
    """The humanoid bones, parents first, under VRM's names."""
    turns = world_turns(motion)
    ground = np.array([0.0, PELVIS_HEIGHT, 0.0])

    def at(joint: int) -> Floats:
        return rest_position(joint) + ground

    still, chest, head = turns["hips"], turns["chest"], turns["head"]
    neck, top = at(sk.THORAX), at(sk.HEAD_TOP)
    upper_chest = at(sk.SPINE) + (neck - at(sk.SPINE)) * 0.55
    nodes = {
        "hips": _Node("", ground, None),
        "spine": _Node("hips", ground + (at(sk.SPINE) - ground) * 0.4, shared(still, chest, 1 / 3)),
        "chest": _Node("spine", at(sk.SPINE), shared(still, chest, 2 / 3)),
        "upperChest": _Node("chest", upper_chest, chest),
        "neck": _Node("upperChest", neck, shared(chest, head, 0.5)),
        "head": _Node("neck", neck + (top - neck) * 0.35, head),
    }
    for side in ("left", "right"):
        _add_leg(nodes, side)
        _add_arm(nodes, side, turns, at)
    return nodes


def _add_leg(nodes: dict[str, _Node], side: str) -> None:
    sign = 1.0 if side == "left" else -1.0
    parent = "hips"
    for name, offset in _LEG.items():
        place = nodes[parent].position + np.array(offset) * np.array([sign, 1.0, 1.0])
        nodes[side + name] = _Node(parent, place, None)
        parent = side + name


def _add_arm(nodes: dict[str, _Node], side: str, turns: dict[str, Floats], at: Any) -> None:
    joint = sk.JOINT_INDEX
    shoulder = at(joint[f"{side}_shoulder"])
    collar = at(sk.THORAX) + (shoulder - at(sk.THORAX)) * 0.15
    parent = "upperChest"
    for name, place, turn in (
        ("Shoulder", collar, "collar"),
        ("UpperArm", shoulder, "upper_arm"),
        ("LowerArm", at(joint[f"{side}_elbow"]), "forearm"),
        ("Hand", at(joint[f"{side}_wrist"]), "hand"),
    ):
        nodes[side + name] = _Node(parent, place, turns[f"{side}_{turn}"])
        parent = side + name
    for finger in sk.FINGERS:
        parent = side + "Hand"
        parts = _THUMB if finger == "thumb" else _FINGER
        for number, part in enumerate(parts):
            name = f"{side}{finger.capitalize()}{part}"
            place = at(sk.finger_chain(side, finger)[number])
            nodes[name] = _Node(parent, place, turns[f"{side}_{finger}_{number + 1}"])
            parent = name
