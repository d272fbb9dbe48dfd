# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up gesture recordings in the layout of the real ones: arms that rise, arrive, stay and sink."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from aqgt import rotations, skeleton
from aqgt.skeleton import JOINT_INDEX

FPS = 30
MARKS = {"ready": 0.6, "strokeStart": 0.75, "emphasis": 1.2, "stroke": 1.4, "relax": 1.8}
# Every kind that a small corpus needs; the angle makes the forms differ.
CLIPS = (
    ("Tester@Idle01_BeatMidRt01", ("right",), 60), ("Tester@Idle01_BeatHighBt01", ("left", "right"), 80),
    ("Tester@Idle01_MeRt01", ("right",), 95), ("Tester@Idle01_YouRt01", ("right",), 75),
    ("Tester@Idle01_NegativeBt01", ("left", "right"), 70), ("Tester@Idle01_StopRt01", ("right",), 85),
    ("Tester@Idle01_OfferRt01", ("right",), 65), ("Tester@Idle01_OfferBt01", ("left", "right"), 65),
    ("Tester@Idle01_ToIdle02", ("right",), 60),
)  # fmt: skip


def write_recordings(folder: Path) -> Path:
    """Write the made-up clips as arrays and metadata; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays, entries, joints = {}, [], []
    for name, hands, degrees in CLIPS:
        points = rising_arms(hands, degrees)
        joints = list(points)
        arrays[name] = np.stack(list(points.values()), axis=1).astype(np.float32)
        entries.append({"name": name, "set": "made-up", "fps": FPS, "marks": MARKS, "labels": []})
    np.savez(folder / "smartbody_positions_30fps.npz", **arrays)
    (folder / "smartbody_meta.json").write_text(json.dumps({"joints": joints, "clips": entries}))
    return folder


def rising_arms(hands: tuple[str, ...], degrees: float, seconds: float = 2.8) -> dict[str, np.ndarray]:
    """Joint name → positions `[T, 3]`, y up, facing +z: forearms rise to the front and sink again."""
    times = np.arange(int(seconds * FPS)) / FPS
    angle = np.deg2rad(degrees) * (_ramp(times, 0.55, 1.2) - _ramp(times, 1.8, 2.5))
    vectors = skeleton.bone_vectors_from_positions(skeleton.REFERENCE_REST)
    vectors = np.broadcast_to(vectors, (len(times), *vectors.shape)).copy()
    for side, sign in (("left", 1.0), ("right", -1.0)):
        hang = rotations.from_axis_angle(np.array([0.0, 0.0, 1.0]), sign * np.deg2rad(82.0))
        raised = angle if side in hands else np.zeros_like(angle)
        # In the model's axes (y down) a negative turn about the speaker's left lifts to the front.
        lift = rotations.from_axis_angle(np.array([1.0, 0.0, 0.0]), -raised)
        joints = [
            i
            for i, name in enumerate(skeleton.JOINT_NAMES)
            if name.startswith(side) and "shoulder" not in name
        ]
        for joint in joints:
            vectors[:, joint] = rotations.rotate(hang, vectors[:, joint])
            if joint != JOINT_INDEX[f"{side}_elbow"]:
                vectors[:, joint] = rotations.rotate(lift, vectors[:, joint])
    positions = skeleton.positions_from_bone_vectors(vectors) * np.array([1.0, -1.0, -1.0])
    return _named(positions)


def _named(positions: np.ndarray) -> dict[str, np.ndarray]:
    at = {name: positions[:, i] for i, name in enumerate(skeleton.JOINT_NAMES)}
    points = {
        "JtPelvis": at["pelvis"], "JtSpineA": at["spine"], "JtSpineB": at["spine"], "JtNeckA": at["thorax"],
        "NoseProxy": at["nose"], "HeadTopProxy": at["head_top"],
    }  # fmt: skip
    for side, short in (("left", "Lf"), ("right", "Rt")):
        for joint in ("shoulder", "elbow", "wrist"):
            points[f"Jt{joint.capitalize()}{short}"] = at[f"{side}_{joint}"]
        for finger in skeleton.FINGERS:
            for number, part in ((1, "A"), (2, "B"), (3, "C")):
                points[f"Jt{finger.capitalize()}{part}{short}"] = at[f"{side}_{finger}_{number}"]
            points[f"{finger.capitalize()}Tip{short}"] = at[f"{side}_{finger}_4"]
    return points


def _ramp(times: np.ndarray, start: float, end: float) -> np.ndarray:
    x = np.clip((times - start) / (end - start), 0, 1)
    return x**3 * (10 - 15 * x + 6 * x**2)
