# SPDX-License-Identifier: GPL-3.0-or-later
"""Synthetic motions on the reference skeleton: smooth random joint rotations of known size."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from aqgt import rotations, skeleton
from aqgt.motion import Motion
from aqgt.retarget import Mapping, RigDescription, match
from aqgt.retarget.curves import smooth
from tests.retarget.kinematics import rehung

RIGS = Path(__file__).resolve().parent.parent / "data" / "rigs"
RIG_NAMES = tuple(sorted(path.stem for path in RIGS.glob("*.json") if b'"bones"' in path.read_bytes()))
FULL_RIGS = tuple(name for name in RIG_NAMES if "cmu" not in name)
"""Those with all fingers."""
FPS = 30.0


def load_rig(name: str) -> RigDescription:
    return RigDescription.from_json(json.loads((RIGS / f"{name}.json").read_text(encoding="utf-8")))


def rig_and_mapping(name: str) -> tuple[RigDescription, Mapping]:
    """A rig with what plays which role; controls hang where their constraints hang them."""
    rig = load_rig(name)
    mapping = match(rig)
    return rehung(rig, mapping), mapping


def wander(rng: np.random.Generator, n_frames: int, size: float, seconds: float = 0.35) -> np.ndarray:
    """Smooth random rotation vectors `[T, 3]`, `size` radians at most per axis."""
    curve = smooth(rng.normal(size=(n_frames + 60, 3)), seconds, FPS)[30:-30]
    return size * curve / np.abs(curve).max(axis=0)


def fingers_of(side: str) -> list[str]:
    return [f"{side}_{finger}" for finger in skeleton.FINGERS]


def sample_motion(seed: int = 0, n_frames: int = 240, *, arms_down: float = 0.9, bend: float = 1.0) -> Motion:
    """Arms lowered by `arms_down` radians, elbows bent by `bend`, all turned by smooth random rotations."""
    rng = np.random.default_rng(seed)
    rest = skeleton.bone_vectors_from_positions(skeleton.REFERENCE_REST)
    turn = np.zeros((n_frames, skeleton.N_JOINTS, 4))
    turn[:] = rotations.IDENTITY
    joint = skeleton.JOINT_INDEX

    def q(size, base=(0.0, 0.0, 0.0)):
        return rotations.from_rotation_vector(np.asarray(base) + wander(rng, n_frames, size))

    def give(name, rotation):
        turn[:, joint[name]] = rotation

    torso = q(0.2)
    for name in ("spine", "thorax"):
        give(name, torso)
    head = rotations.multiply(torso, q(0.25))
    give("nose", head)
    give("head_top", head)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        give(f"{side}_shoulder", rotations.multiply(torso, q(0.08)))
        # Model axes: y down. Lowering the left arm turns +x towards +y; bending brings the forearm to -z.
        upper = rotations.multiply(turn[:, joint[f"{side}_shoulder"]], q(0.5, (0, 0, sign * arms_down)))
        give(f"{side}_elbow", upper)
        hinge = np.zeros((n_frames, 3))
        hinge[:, 1] = sign * bend * (1 + 0.7 * wander(rng, n_frames, 1.0)[:, 0])
        fore = rotations.multiply(upper, rotations.from_rotation_vector(hinge))
        give(f"{side}_wrist", fore)
        roll = rotations.from_rotation_vector(wander(rng, n_frames, 1.2) * np.array([1.0, 0, 0]))
        hand = rotations.multiply(rotations.multiply(fore, roll), q(0.35))
        for index in skeleton.LEFT_HAND_JOINTS if side == "left" else skeleton.RIGHT_HAND_JOINTS:
            turn[:, index] = hand
        for finger in skeleton.FINGERS:
            chain = skeleton.finger_chain(side, finger)
            carried = hand
            for index in chain[1:]:
                curl = np.zeros((n_frames, 3))
                curl[:, 2] = sign * 0.5 * (1 + wander(rng, n_frames, 1.0)[:, 0])
                carried = rotations.multiply(carried, rotations.from_rotation_vector(curl))
                turn[:, index] = carried
    vectors = rotations.rotate(turn, rest[None])
    vectors[:, 0] = 0.0
    return Motion(FPS, vectors.astype(np.float32), skeleton.REFERENCE_LENGTHS)


def with_noise(motion: Motion, metres: float, seed: int = 1) -> Motion:
    """The same joints, each off by Gaussian noise of the given standard deviation."""
    rng = np.random.default_rng(seed)
    positions = motion.positions() + rng.normal(size=(len(motion), skeleton.N_JOINTS, 3)) * metres
    return Motion.from_positions(positions, motion.fps)
