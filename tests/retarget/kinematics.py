# SPDX-License-Identifier: GPL-3.0-or-later
"""Forward kinematics by plain matrices: a second opinion, sharing no code with the solver."""

from __future__ import annotations

import numpy as np

from aqgt.retarget import Mapping, RigAnimation, RigDescription
from aqgt.retarget.tree import carrier_role


def matrix_of(q: np.ndarray) -> np.ndarray:
    """Matrices `[T, 4, 4]` of quaternions `[T, 4]`: the product q·v·q* written as two 4×4 matrices."""
    w, x, y, z = q.T
    left = np.array([[w, -x, -y, -z], [x, w, -z, y], [y, z, w, -x], [z, -y, x, w]])
    right = np.array([[w, -x, -y, -z], [x, w, z, -y], [y, -z, w, x], [z, y, -x, w]])
    product = np.einsum("ijt,jkt->tik", left, right.transpose(1, 0, 2))
    result = np.zeros((len(q), 4, 4))
    result[:, :3, :3] = product[:, 1:, 1:]
    result[:, 3, 3] = 1.0
    return result


def rehung(rig: RigDescription, mapping: Mapping) -> RigDescription:
    """Of controls, a rig on which each hangs on the control above it, as constraints do; else the rig."""
    if not mapping.controls:
        return rig
    above = {
        bone: mapping.bones[carrier]
        for role, bone in mapping.bones.items()
        if (carrier := carrier_role(role, mapping.bones)) is not None
    }
    bones = rig.to_json()["bones"]
    return RigDescription.from_bones([{**b, "parent": above.get(b["name"], b["parent"])} for b in bones])


def posed_matrices(rig: RigDescription, animation: RigAnimation) -> np.ndarray:
    """Pose matrices `[T, B, 4, 4]` of all bones in armature space, as Blender evaluates them."""
    n_frames = len(animation.times)
    place = {name: i for i, name in enumerate(animation.bones)}
    pose = np.zeros((n_frames, len(rig), 4, 4))
    for bone, name in enumerate(rig.names):
        parent = rig.parents[bone]
        local = np.tile(np.eye(4), (n_frames, 1, 1))
        if name in place:
            local = matrix_of(animation.quaternions[:, place[name]])
        if parent < 0:
            pose[:, bone] = rig.rest[bone] @ local
            continue
        carried = pose[:, parent] @ np.linalg.inv(rig.rest[parent]) @ rig.rest[bone]
        if not rig.inherit_rotation[bone]:
            carried[:, :3, :3] = rig.rest[bone, :3, :3]  # the head goes along, the axes stay
        pose[:, bone] = carried @ local
    return pose


def posed_heads(rig: RigDescription, animation: RigAnimation) -> dict[str, np.ndarray]:
    """Heads `[T, 3]` of all bones in armature space."""
    pose = posed_matrices(rig, animation)
    return {name: pose[:, bone, :3, 3] for bone, name in enumerate(rig.names)}


def angles(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Degrees between vectors `[T, 3]`."""
    u = u / np.linalg.norm(u, axis=-1, keepdims=True)
    v = v / np.linalg.norm(v, axis=-1, keepdims=True)
    return np.degrees(2 * np.arctan2(np.linalg.norm(u - v, axis=-1), np.linalg.norm(u + v, axis=-1)))
