# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads recorded gesture clips (joint positions with stroke marks) as motion of the 53-joint skeleton."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from aqgt import skeleton
from aqgt.errors import AqgtError
from aqgt.skeleton import JOINT_INDEX
from aqgt_training.corpora.smartbody_clips import is_smartbody, joint_names, read_clips

SETS = ("smartbody", "sbextra")
"""Names of the array files that hold single gestures; ``hifi`` (one continuous talk) is read by itself."""
_TABLE = Path(__file__).parent / "data" / "gesture_clips.toml"
_ACTIVE_SHARE = 0.35
_ACTIVE_EXCURSION = (
    0.012 * 1.8
)  # the trial's 0.012 was in a unit in which an arm measures 0.175, here 0.186+0.06


@dataclass(frozen=True)
class Marks:
    """Seconds within a clip: where the arm begins to move, where the stroke begins, when the hand arrives
    (emphasis), where the stroke's end and the retraction's start lie."""

    onset: float
    stroke_start: float
    emphasis: float
    stroke_end: float
    relax: float


@dataclass(frozen=True)
class GestureClip:
    """One recorded gesture.

    Attributes:
        name: unique name; mirrored copies end in ``"~"``.
        base: name without character, posture, digits and take: clips of one base are near-duplicates.
        performer: character or performer.
        kind: kind of gesture in the planner's terms.
        side: hands that move.
        directions: `[T, 53, 3]` float32 unit bone directions in the model's axes (root: 0).
        fps: frames per second.
        marks: stroke times.
        weight: how often to draw it.
    """

    name: str
    base: str
    performer: str
    kind: str
    side: str
    directions: NDArray[np.float32]
    fps: float
    marks: Marks
    weight: float = 1.0

    @property
    def bone_vectors(self) -> NDArray[np.float32]:
        """`[T, 53, 3]` on the human length table."""
        return self.directions * skeleton.HUMAN_LENGTHS[None, :, None].astype(np.float32)

    def mirrored(self) -> GestureClip:
        """Left and right exchanged; a pointer to the left becomes one to the right."""
        swap = {"left": "right", "right": "left"}
        directions = self.directions[:, list(skeleton.MIRROR)] * np.array([-1, 1, 1], dtype=np.float32)
        return replace(
            self,
            name=self.name + "~",
            kind=swap.get(self.kind, self.kind),
            side=swap.get(self.side, self.side),
            directions=directions,
        )


def read_gesture_clips(folder: str | Path, *, mirror: bool = True) -> list[GestureClip]:
    """All usable clips of a folder of ``*_positions_30fps.npz`` and ``*_meta.json`` files, or of a checkout
    of the SmartBody repository.

    Raises:
        AqgtError: the folder is neither.
    """
    clips: list[GestureClip] = []
    for name in SETS:
        arrays = Path(folder) / f"{name}_positions_30fps.npz"
        if arrays.exists():
            meta = json.loads((Path(folder) / f"{name}_meta.json").read_text(encoding="utf-8"))
            with np.load(arrays, allow_pickle=False) as stored:
                clips += [
                    clip
                    for entry in meta["clips"]
                    if (clip := make_clip(entry, stored[entry["name"]], meta["joints"])) is not None
                ]
    if not clips and is_smartbody(Path(folder)):
        made = (make_clip(entry, positions, joint_names()) for entry, positions in read_clips(Path(folder)))
        clips = [clip for clip in made if clip is not None]
    if not clips:
        raise AqgtError(
            f"There are no gesture clips in “{folder}”.",
            "Give a checkout of github.com/worldforge/smartbody, or what `corpus gestures` made of it.",
            "no-gesture-clips",
        )
    return [*clips, *(clip.mirrored() for clip in clips)] if mirror else clips


def make_clip(entry: Mapping[str, Any], positions: NDArray, joints: Sequence[str]) -> GestureClip | None:
    """A clip from its metadata and positions `[T, J, 3]`; None where it is no gesture or is excluded."""
    bare = bare_name(entry["name"])
    kind = kind_of(bare)
    if kind is None or entry.get("kind", "gesture") != "gesture":
        return None
    directions = directions_from_positions(positions, joints)
    fps = float(entry["fps"])
    side = active_side(directions)
    if side is None:
        return None
    marks = _marks(entry.get("marks", {}), directions, side, fps)
    weight = float(np.prod([factor for pattern, factor in _table()["rare"] if re.search(pattern, bare)]))
    performer = entry["name"].split("@", 1)[0]
    base = re.sub(r"\d+", "", bare).lower()
    return GestureClip(entry["name"], base, performer, kind, side, directions, fps, marks, weight)


def bare_name(name: str) -> str:
    """``ChrBrad@Idle01_BeatHighBt02@G2`` → ``BeatHighBt``."""
    rest = name.split("@", 1)[-1].removesuffix("@G2")
    rest = re.sub(r"^(Idle\w*?\d\d|HandsAtSide|LHandOnHip|ChrUtah)(_|$)", "", rest)
    rest = re.sub(r"^(RArm|Arms)_(?=[A-Z])", "", rest) if "Sweep" not in rest or "RArm" in rest else rest
    return re.sub(r"_?intense|\d+", "", rest)


def kind_of(bare: str) -> str | None:
    """The kind of gesture of a bare clip name; None where the clip is excluded or unknown."""
    if any(re.search(pattern, bare) for pattern in _table()["exclude"]):
        return None
    return next((kind for pattern, kind in _table()["kinds"] if re.search(pattern, bare)), None)


def form_renames() -> list[tuple[str, str]]:
    """Patterns in bare names and what takes their place before a form is named after them."""
    return [(pattern, replacement) for pattern, replacement in _table()["form_names"]]


def directions_from_positions(positions: NDArray, joints: Sequence[str]) -> NDArray[np.float32]:
    """Unit bone directions `[T, 53, 3]` in the model's axes from positions `[T, J, 3]` (y up, facing +z)."""
    at = {name: np.asarray(positions[:, i], dtype=np.float64) for i, name in enumerate(joints)}
    out = np.zeros((len(positions), skeleton.N_JOINTS, 3))
    out[:, skeleton.PELVIS] = at["JtPelvis"]
    out[:, skeleton.SPINE] = (at["JtSpineA"] + at["JtSpineB"]) / 2
    out[:, skeleton.THORAX] = at["JtNeckA"]
    out[:, skeleton.NOSE] = at["NoseProxy"]
    out[:, skeleton.HEAD_TOP] = at["HeadTopProxy"]
    for side, short in (("left", "Lf"), ("right", "Rt")):
        wrist = at[f"JtWrist{short}"]
        palm = at[f"JtMiddleA{short}"] - wrist
        out[:, JOINT_INDEX[f"{side}_shoulder"]] = at[f"JtShoulder{short}"]
        out[:, JOINT_INDEX[f"{side}_elbow"]] = at[f"JtElbow{short}"]
        out[:, JOINT_INDEX[f"{side}_wrist"]] = wrist
        out[:, JOINT_INDEX[f"{side}_hand"]] = wrist + 0.01 * palm / np.linalg.norm(
            palm, axis=-1, keepdims=True
        )
        for finger in skeleton.FINGERS:
            title = finger.capitalize()
            chain = skeleton.finger_chain(side, finger)
            for joint, part in zip(chain, ("A", "B", "C"), strict=False):
                out[:, joint] = at[f"Jt{title}{part}{short}"]
            out[:, chain[3]] = at[f"{title}Tip{short}"]
    out = out * np.array([1.0, -1.0, -1.0])
    vectors = skeleton.bone_vectors_from_positions(out)
    vectors[:, 0] = 0.0
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.maximum(norms, 1e-9)).astype(np.float32)


def wrist_paths(directions: NDArray) -> dict[str, NDArray[np.float64]]:
    """Side → wrist positions `[T, 3]` against the thorax, on the human length table."""
    vectors = directions.astype(np.float64) * skeleton.HUMAN_LENGTHS[None, :, None]
    left = vectors[:, list(skeleton.LEFT_ARM_JOINTS)].sum(axis=1)
    right = vectors[:, list(skeleton.RIGHT_ARM_JOINTS)].sum(axis=1)
    return {"left": left, "right": right}


def active_side(directions: NDArray) -> str | None:
    """The hands that move: ``"left"``, ``"right"``, ``"both"``, or None. Names are not to be trusted."""
    far = {side: float(_excursion(path).max()) for side, path in wrist_paths(directions).items()}
    most = max(far.values())
    moving = [s for s, e in far.items() if e > _ACTIVE_EXCURSION and e > _ACTIVE_SHARE * most]
    if not moving:
        return None
    return "both" if len(moving) == 2 else moving[0]


def wrist_speed(directions: NDArray, side: str, fps: float) -> NDArray[np.float64]:
    """Speed of the fastest active wrist `[T]` in model units per second, smoothed over 7 frames."""
    paths = wrist_paths(directions)
    window = min(7, len(directions) - (len(directions) + 1) % 2)
    return np.max(
        [
            np.linalg.norm(savgol_filter(paths[s], window, 2, deriv=1, delta=1 / fps, axis=0), axis=-1)
            for s in (("left", "right") if side == "both" else (side,))
        ],
        axis=0,
    )


def held_out(clips: Iterable[GestureClip], share: float, seed: int) -> frozenset[str]:
    """Bases to hold out: about ``share`` of each kind's bases, but never all of a kind's."""
    random = np.random.default_rng([0x68656C64, seed])
    bases: dict[str, set[str]] = {}
    for clip in clips:
        if not clip.name.endswith("~"):
            bases.setdefault(clip.kind, set()).add(clip.base)
    chosen: set[str] = set()
    for kind in sorted(bases):
        names = sorted(bases[kind])
        n = min(max(1, round(share * len(names))), len(names) - 1)
        chosen |= set(random.choice(names, size=n, replace=False)) if n > 0 else set()
    return frozenset(str(name) for name in chosen)


def performers_held_out(clips: Iterable[GestureClip], share: float, seed: int) -> tuple[str, ...]:
    """Performers to hold out: drawn until ``share`` of the clips is theirs, but never past half of them."""
    count = Counter(clip.performer for clip in clips)
    chosen: list[str] = []
    for name in np.random.default_rng([0x70657266, seed]).permutation(sorted(count)):
        held = sum(count[each] for each in chosen)
        if held >= share * count.total():
            break
        if held + count[str(name)] <= count.total() / 2:
            chosen.append(str(name))
    return tuple(sorted(chosen))


def _excursion(path: NDArray) -> NDArray:
    return np.linalg.norm(path - path[0], axis=-1)


def _marks(given: Mapping[str, float], directions: NDArray, side: str, fps: float) -> Marks:
    """The clip's marks; those that are placeholders (an emphasis within 0.2 s) are found in the motion."""
    speed = wrist_speed(directions, side, fps)
    last = (len(directions) - 1) / fps
    if given.get("emphasis", 0.0) <= 0.2:
        peak = int(speed[: max(2, int(0.65 * len(speed)))].argmax())
        after = np.flatnonzero(speed[peak:] < 0.2 * speed[peak])
        emphasis = (peak + (int(after[0]) if len(after) else 4)) / fps
        onset = _burst_start(speed, peak) / fps
        start = max(onset + 0.1, emphasis - 0.5)
        relax = min(max(_departure(directions, side, emphasis, fps), emphasis + 0.05), last)
        return Marks(onset, start, emphasis, min(emphasis + 0.15, relax - 0.01), relax)
    emphasis = min(float(given["emphasis"]), last - 0.1)
    stroke_start = min(float(given["strokeStart"]), emphasis - 0.1)
    before = speed[: max(2, int(emphasis * fps) + 1)]
    onset = min(_burst_start(speed, int(before.argmax())) / fps, stroke_start - 0.05)
    relax = max(min(float(given["relax"]), _departure(directions, side, emphasis, fps)), emphasis + 0.05)
    stroke_end = min(max(float(given["stroke"]), emphasis + 0.03), relax - 0.01)
    return Marks(max(onset, 0.0), max(stroke_start, 0.05), emphasis, stroke_end, min(relax, last))


def _departure(directions: NDArray, side: str, emphasis: float, fps: float) -> float:
    """When the hands leave for the pose in which the clip ends; in many clips long before the relax mark."""
    arrived = min(int(emphasis * fps), len(directions) - 1)
    moments = []
    for hand in ("left", "right") if side == "both" else (side,):
        path = wrist_paths(directions)[hand]
        left = np.linalg.norm(path[arrived:] - path[-1], axis=-1)
        gone = np.flatnonzero(left < 0.85 * left[0])
        moments.append(arrived + (int(gone[0]) if len(gone) else len(left) - 1))
    return min(moments) / fps


def _burst_start(speed: NDArray, peak: int) -> int:
    below = np.flatnonzero(speed[: peak + 1] < 0.1 * speed[peak])
    return int(below[-1]) if len(below) else 0


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    with _TABLE.open("rb") as file:
        return tomllib.load(file)
