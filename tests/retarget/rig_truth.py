# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bone plays which role in the rigs of tests/data/rigs, written down apart from the bone maps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from aqgt import rotations
from aqgt.retarget import RigDescription
from aqgt.retarget.tree import Tree

FINGERS = ("thumb", "index", "middle", "ring", "little")


def _table(
    trunk: dict[str, str], limbs: dict[str, str], sides: tuple[str, str], finger: str = "", words: str = ""
) -> dict[str, str]:
    """Roles spelt out; ``%s`` stands for the side, {f} and {k} for a finger's word and number."""
    found = dict(trunk)
    for side, mark in zip(("left", "right"), sides, strict=True):
        for role, name in limbs.items():
            found[f"{side}_{role}"] = name.replace("%s", mark)
        for one, word in zip(FINGERS, words.split(), strict=False):
            for k in (1, 2, 3):
                found[f"{side}_{one}_{k}"] = finger.replace("%s", mark).format(f=word, k=k)
    return found


_MIXAMO = _table(
    {
        "hips": "Hips",
        "spine_1": "Spine",
        "spine_2": "Spine1",
        "spine_3": "Spine2",
        "neck_1": "Neck",
        "head": "Head",
    },
    {
        "clavicle": "%sShoulder",
        "upper_arm_1": "%sArm",
        "forearm_1": "%sForeArm",
        "hand": "%sHand",
        "thigh_1": "%sUpLeg",
        "shin_1": "%sLeg",
        "foot": "%sFoot",
        "toes": "%sToeBase",
    },
    ("Left", "Right"),
    "%sHand{f}{k}",
    "Thumb Index Middle Ring Pinky",
)
_MAKEHUMAN = _table(
    {
        "hips": "root",
        **{f"spine_{k}": f"spine0{6 - k}" for k in range(1, 6)},
        **{f"neck_{k}": f"neck0{k}" for k in (1, 2, 3)},
        "head": "head",
    },
    {
        "clavicle": "clavicle.%s",
        "upper_arm_1": "upperarm01.%s",
        "upper_arm_2": "upperarm02.%s",
        "forearm_1": "lowerarm01.%s",
        "forearm_2": "lowerarm02.%s",
        "hand": "wrist.%s",
        "thigh_1": "upperleg01.%s",
        "thigh_2": "upperleg02.%s",
        "shin_1": "lowerleg01.%s",
        "shin_2": "lowerleg02.%s",
        "foot": "foot.%s",
    },
    ("L", "R"),
    "finger{f}-{k}.%s",
    "1 2 3 4 5",
)
_UNREAL = _table(
    {
        "hips": "pelvis",
        **{f"spine_{k}": f"spine_0{k}" for k in (1, 2, 3)},
        "neck_1": "neck_01",
        "head": "head",
    },
    {
        "clavicle": "clavicle_%s",
        "upper_arm_1": "upperarm_%s",
        "forearm_1": "lowerarm_%s",
        "hand": "hand_%s",
        "thigh_1": "thigh_%s",
        "shin_1": "calf_%s",
        "foot": "foot_%s",
        "toes": "ball_%s",
    },
    ("l", "r"),
    "{f}_0{k}_%s",
    "thumb index middle ring pinky",
)
_CMU = {role: bone for role, bone in _MIXAMO.items() if not any(f in role for f in FINGERS)} | {
    "spine_1": "LowerBack",
    "spine_2": "Spine",
    "spine_3": "Spine1",
    "neck_2": "Neck1",
    "left_thumb_1": "LThumb",
    "right_thumb_1": "RThumb",
    "left_index_1": "LeftHandFinger1",
    "right_index_1": "RightHandFinger1",
}
_METARIG = _table(
    {
        "hips": "spine",
        **{f"spine_{k}": f"spine.00{k}" for k in (1, 2, 3)},
        "neck_1": "spine.004",
        "neck_2": "spine.005",
        "head": "spine.006",
    },
    {
        "clavicle": "shoulder.%s",
        "upper_arm_1": "upper_arm.%s",
        "forearm_1": "forearm.%s",
        "hand": "hand.%s",
        "thigh_1": "thigh.%s",
        "shin_1": "shin.%s",
        "foot": "foot.%s",
        "toes": "toe.%s",
    },
    ("L", "R"),
    "{f}.0{k}.%s",
    "thumb f_index f_middle f_ring f_pinky",
)
_CONTROLS = {
    role: f"{bone[:-2]}_fk{bone[-2:]}"
    if bone.split(".")[0] in ("upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toe")
    else bone
    for role, bone in _METARIG.items()
    if role not in ("spine_3", "neck_2")
} | {"hips": "torso", "spine_1": "spine_fk.002", "spine_2": "spine_fk.003", "neck_1": "neck", "head": "head"}

TRUTH: dict[str, dict[str, str]] = {
    "mixamo": {role: f"mixamorig:{bone}" for role, bone in _MIXAMO.items()},
    "vroid": _table(
        {
            "hips": "J_Bip_C_Hips",
            "spine_1": "J_Bip_C_Spine",
            "spine_2": "J_Bip_C_Chest",
            "spine_3": "J_Bip_C_UpperChest",
            "neck_1": "J_Bip_C_Neck",
            "head": "J_Bip_C_Head",
        },
        {
            "clavicle": "J_Bip_%s_Shoulder",
            "upper_arm_1": "J_Bip_%s_UpperArm",
            "forearm_1": "J_Bip_%s_LowerArm",
            "hand": "J_Bip_%s_Hand",
            "thigh_1": "J_Bip_%s_UpperLeg",
            "shin_1": "J_Bip_%s_LowerLeg",
            "foot": "J_Bip_%s_Foot",
            "toes": "J_Bip_%s_ToeBase",
        },
        ("L", "R"),
        "J_Bip_%s_{f}{k}",
        "Thumb Index Middle Ring Little",
    ),
    "makehuman": _MAKEHUMAN,
    "makehuman_t": _MAKEHUMAN,
    "mpfb_unreal": _UNREAL,
    "mpfb_unreal_t": _UNREAL,
    "mpfb_cmu": _CMU,
    "mpfb_cmu_t": _CMU,
    "rigify_metarig": _METARIG,
    "rigify": _CONTROLS,
}
BONE_MAP = {
    "mixamo": "mixamo",
    "vroid": "vroid",
    "makehuman": "makehuman",
    "makehuman_t": "makehuman",
    "mpfb_unreal": "unreal",
    "mpfb_unreal_t": "unreal",
    "mpfb_cmu": "cmu",
    "mpfb_cmu_t": "cmu",
    "rigify_metarig": "rigify_metarig",
    "rigify": "rigify",
}


def renamed(rig: RigDescription, seed: int = 7) -> tuple[RigDescription, dict[str, str]]:
    """The rig with names that say nothing, bones in another order, and old name to new name."""
    rng = np.random.default_rng(seed)
    numbers = rng.permutation(1000)[: len(rig)]
    names = {name: f"q{number:03d}x" for name, number in zip(rig.names, numbers, strict=True)}
    bones = [
        {**bone, "name": names[bone["name"]], "parent": names.get(bone["parent"])}
        for bone in rig.to_json()["bones"]
    ]
    order = rng.permutation(len(bones))
    return RigDescription.from_bones([bones[k] for k in order]), names


def moved(rig: RigDescription, matrix: np.ndarray) -> RigDescription:
    """The rest pose taken through a linear map `[3, 3]`: turned, scaled, with other axes."""
    rest = rig.rest.copy()
    rest[:, :3, 3] = rig.heads @ matrix.T
    return replace(rig, rest=rest, tails=rig.tails @ matrix.T, names=rig.names)


def posed(rig: RigDescription, truth: dict[str, str], rng: np.random.Generator) -> RigDescription:
    """The rig with its limbs in a random mirrored pose as its rest pose: joints moved, lengths kept."""
    heads, tails = rig.heads.copy(), rig.tails.copy()
    tree = Tree(rig)
    turns = {
        "clavicle": ((0, 1, 0), rng.uniform(-0.2, 0.2)),
        "upper_arm_1": ((0, 1, 0), rng.uniform(-0.5, 1.0)),
        "forearm_1": ((0, 0, 1), rng.uniform(-1.2, 0.1)),
        "hand": ((0, 1, 0), rng.uniform(-0.4, 0.4)),
        "thigh_1": ((1, 0, 0), rng.uniform(-0.2, 0.2)),
        "shin_1": ((1, 0, 0), rng.uniform(-0.05, 0.4)),
        **{f"{finger}_{k}": ((0, 1, 0), rng.uniform(0, 0.5)) for finger in FINGERS for k in (1, 2, 3)},
    }
    for role, (axis, angle) in turns.items():
        for side, sign in (("left", 1), ("right", -1)):
            if f"{side}_{role}" not in truth:
                continue
            bone = rig.index[truth[f"{side}_{role}"]]
            # Mirrored in x: the turn keeps its x and loses the signs of y and z.
            vector = np.array([axis[0], sign * axis[1], sign * axis[2]]) * angle
            turn = rotations.to_matrix(rotations.from_rotation_vector(vector))
            below, place = tree.subtree(bone), heads[bone].copy()
            heads[below] = (heads[below] - place) @ turn.T + place
            tails[below] = (tails[below] - place) @ turn.T + place
    rest = rig.rest.copy()
    rest[:, :3, 3] = heads
    return replace(rig, rest=rest, tails=tails)


def without(rig: RigDescription, gone: set[str]) -> RigDescription:
    """The rig less some bones and all below them."""
    kept: list[dict] = []
    lost = set(gone)
    for bone in rig.to_json()["bones"]:
        if bone["name"] in lost or bone["parent"] in lost:
            lost.add(bone["name"])
        else:
            kept.append(bone)
    return RigDescription.from_bones(kept)


def with_leaves(rig: RigDescription, suffix: str) -> RigDescription:
    """The rig with one more bone behind each last one, as FBX importers add them."""
    bones = rig.to_json()["bones"]
    parents = {bone["parent"] for bone in bones}
    for bone in list(bones):
        if bone["name"] not in parents:
            rest = np.eye(4)
            rest[:3, 3] = bone["tail"]
            tail = (np.array(bone["tail"]) + [0, 0, 0.02]).tolist()
            bones.append(
                {"name": bone["name"] + suffix, "parent": bone["name"], "rest": rest.tolist(), "tail": tail}
            )
    return RigDescription.from_bones(bones)
