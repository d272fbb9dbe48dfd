# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back: an evaluated rig pose as a motion on the model's skeleton."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations, skeleton
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.retarget import arms, curves, fingers, hands
from aqgt.retarget.mapping import Mapping
from aqgt.retarget.pose import Pose, from_model_axes, to_model_axes
from aqgt.retarget.rig import RigDescription
from aqgt.retarget.roles import SIDES
from aqgt.retarget.source import Source

Floats = NDArray[np.float64]

_JOINT = skeleton.JOINT_INDEX
_REST = skeleton.bone_vectors_from_positions(skeleton.REFERENCE_REST)
_ARM = tuple(_JOINT[f"{side}_{name}"] for side in SIDES for name in ("elbow", "wrist"))


def read(rig: RigDescription, mapping: Mapping, pose_matrices: NDArray, fps: float) -> Motion:
    """The motion that a posed rig shows: the inverse of ``solve``, up to what a rig does not have.

    Joints are the heads of the mapped bones, fingertips the tails of the last ones. The head counts as
    looking ahead when it is at rest, as with the ``reference`` neutral. Joints without a bone follow the
    reference skeleton, turned with what carries them.

    Args:
        rig: its rest pose.
        mapping: what ``match`` returned.
        pose_matrices: `[T, B, 4, 4]` evaluated ``pose_bone.matrix`` of each bone in the order of
            ``rig.names``, in armature space.
        fps: frames per second.

    Returns:
        The motion in the model's axes, pelvis at the origin. Its length table holds the rig's own
        proportions, scaled such that both arms together are as long as in ``skeleton.HUMAN_LENGTHS``.

    Raises:
        AqgtError: the matrices do not fit the rig, or the mapping names bones that it lacks.
    """
    matrices = np.asarray(pose_matrices, dtype=np.float64)
    if matrices.ndim != 4 or matrices.shape[1:] != (len(rig), 4, 4) or not np.isfinite(matrices).all():
        raise AqgtError(
            f"The pose has the shape {matrices.shape}.",
            f"Give one finite 4 × 4 matrix for each frame and each of the {len(rig)} bones.",
            "bad-pose",
        )
    if not len(matrices):
        raise AqgtError("The pose holds no frames.", "Give one frame or more.", "empty-motion")
    reading = _Reading(rig, mapping, matrices)
    vectors = reading.bone_vectors()
    lengths = np.median(np.linalg.norm(vectors, axis=-1), axis=0)
    arm = lengths[list(_ARM)].sum()
    scale = skeleton.HUMAN_LENGTHS[list(_ARM)].sum() / arm if arm > 1e-9 else 1.0
    motion = Motion(fps, to_model_axes(vectors * scale).astype(np.float32), lengths * scale)
    # Bones that stretch with the rig's own scale would be no skeleton.
    return motion.with_lengths(motion.lengths)


class _Reading:
    """Joints of a posed rig in character axes."""

    def __init__(self, rig: RigDescription, mapping: Mapping, matrices: Floats) -> None:
        self.pose = Pose(rig, mapping, len(matrices))
        self.matrices = matrices
        self.size = self._size()

    def _size(self) -> float:
        """The rig's upper arm at rest over the reference's: scales what the rig does not show."""
        for side in self.pose.mapping.sides():
            arm = self.pose.head(f"{side}_forearm_1") - self.pose.head(f"{side}_upper_arm_1")
            reference = float(np.linalg.norm(_REST[_JOINT[f"{side}_elbow"]]))
            return max(float(np.linalg.norm(arm)), 1e-6) / reference
        return 1.0

    def bone_vectors(self) -> Floats:
        """Bone vectors `[T, 53, 3]` in character axes and the rig's unit."""
        joints: dict[int, Floats] = {}
        chest = self._trunk(joints)
        for side in SIDES:
            self._arm(joints, side, chest)
        positions = np.stack([joints[joint] for joint in range(skeleton.N_JOINTS)], axis=1)
        vectors = skeleton.bone_vectors_from_positions(positions)
        vectors[:, 0] = 0.0
        return vectors

    def _trunk(self, joints: dict[int, Floats]) -> Floats:
        """Pelvis to head top; returns the chest's turn `[T, 4]`."""
        spine, neck = self.pose.mapping.chain("spine"), self.pose.mapping.chain("neck")
        chest = self._turn(spine[-1]) if spine else rotations.identity(len(self.matrices))
        bottom = next((self._head(role) for role in ("hips", *spine) if role in self.pose), None)
        top = next((self._head(role) for role in ("neck_1", "head") if role in self.pose), None)
        if top is None:
            shoulders = [self._head(f"{side}_upper_arm_1") for side in self.pose.mapping.sides()]
            top = np.mean(shoulders, axis=0)
        if bottom is None:
            bottom = top - self._reference(chest, skeleton.SPINE) - self._reference(chest, skeleton.THORAX)
        joints[skeleton.PELVIS], joints[skeleton.THORAX] = bottom, top
        joints[skeleton.SPINE] = (bottom + top) / 2
        if len(spine) > 1:
            ends = self.pose.head(spine[0]), self.pose.head(spine[-1])
            middle = (ends[0] + ends[1]) / 2
            nearest = min(spine[1:], key=lambda role: float(np.linalg.norm(self.pose.head(role) - middle)))
            joints[skeleton.SPINE] = self._head(nearest)
        head = "head" if "head" in self.pose else neck[-1] if neck else None
        turn = chest if head is None else self._turn(head)
        joints[skeleton.NOSE] = top + self._reference(turn, skeleton.NOSE)
        joints[skeleton.HEAD_TOP] = joints[skeleton.NOSE] + self._reference(turn, skeleton.HEAD_TOP)
        return chest

    def _arm(self, joints: dict[int, Floats], side: str, chest: Floats) -> None:
        pose = self.pose
        shoulder, elbow, wrist, hand = (
            _JOINT[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist", "hand")
        )
        frame = chest
        if side in pose.mapping.sides():
            forearm = pose.mapping.chain(f"{side}_forearm")[-1]
            joints[shoulder] = self._head(f"{side}_upper_arm_1")
            joints[elbow] = self._head(f"{side}_forearm_1")
            has_hand, end = f"{side}_hand" in pose, arms.limb(pose, f"{side}_forearm", None).joints[-1]
            joints[wrist] = self._head(f"{side}_hand") if has_hand else self._posed(forearm, end)
            if has_hand:
                turn = self._turn(f"{side}_hand")
                posed = [rotations.rotate(turn, axis) for axis in hands.rest_hand(pose, side)]
                frame = rotations.from_frames(*_reference_hand(side), *posed)
            else:
                along = curves.unit(joints[wrist] - joints[elbow])
                frame = rotations.between(_reference_hand(side)[0], along)
        else:
            for joint in (shoulder, elbow, wrist):
                joints[joint] = joints[skeleton.PARENTS[joint]] + self._reference(chest, joint)
        joints[hand] = joints[wrist] + self._reference(frame, hand)
        for finger in skeleton.FINGERS:
            self._finger(joints, side, finger, frame)

    def _finger(self, joints: dict[int, Floats], side: str, finger: str, frame: Floats) -> None:
        """Knuckle to tip; a bone that stands for two phalanges is cut in halves."""
        chain = skeleton.finger_chain(side, finger)
        there = [k for k in range(3) if f"{side}_{finger}_{k + 1}" in self.pose]
        known = {k: self._head(f"{side}_{finger}_{k + 1}") for k in there}
        if there:
            tip = fingers.finger_tip(self.pose, side, finger, there[-1])
            known[3] = self._posed(f"{side}_{finger}_{there[-1] + 1}", tip)
        for k, joint in enumerate(chain):
            after = [place for place in known if place > k]
            if k in known:
                joints[joint] = known[k]
            elif k > 0 and after and chain[k - 1] in joints and min(known) < k:
                before, share = joints[chain[k - 1]], 1 / (after[0] - k + 1)
                joints[joint] = (1 - share) * before + share * known[after[0]]
            else:
                joints[joint] = joints[skeleton.PARENTS[joint]] + self._reference(frame, joint)

    def _head(self, role: str) -> Floats:
        """Posed head `[T, 3]` of a role's bone."""
        return self.matrices[:, self.pose.bone(role), :3, 3] @ self.pose.axes

    def _posed(self, role: str, point: Floats) -> Floats:
        """Where a point `[3]` at rest, in character axes, is taken by a role's bone, `[T, 3]`."""
        bone = self.pose.bone(role)
        own = np.linalg.solve(self.pose.rig.rest[bone], np.append(self.pose.axes @ point, 1.0))
        return (self.matrices[:, bone] @ own)[:, :3] @ self.pose.axes

    def _turn(self, role: str) -> Floats:
        """The turn `[T, 4]` of a role's bone away from its rest; scale is left out."""
        bone = self.pose.bone(role)
        posed = self.matrices[:, bone, :3, :3]
        posed = posed / np.maximum(np.linalg.norm(posed, axis=1, keepdims=True), 1e-12)
        own = posed @ self.pose.rig.rest[bone, :3, :3].T
        return rotations.from_matrix(self.pose.axes.T @ own @ self.pose.axes)

    def _reference(self, turn: Floats, joint: int) -> Floats:
        """The reference skeleton's bone to a joint `[T, 3]`, in the rig's size, turned `[T, 4]`."""
        return rotations.rotate(turn, from_model_axes(_REST[joint]) * self.size)


def _reference_hand(side: str) -> tuple[Floats, Floats]:
    """Direction and palm normal `[3]` of the reference skeleton's hand, in character axes."""
    rest = Motion.from_positions(skeleton.REFERENCE_REST[None], 1.0)
    along, palm, _ = hands.source_hand(Source(rest), side)
    return along[0], curves.unit(palm[0])
