# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrays of joint positions as motion, by a map that is data: configs/corpora/skeletons/NAME.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aqgt import resources, rotations
from aqgt import skeleton as sk
from aqgt.errors import AqgtError
from aqgt.formats.files import read_text
from aqgt.motion import Motion
from aqgt.settings import Settings, check_settings

Floats = NDArray[np.float64]
_FOLDER = ("configs", "corpora", "skeletons")
_AXES = {
    f"{sign}{name}": (axis, value) for axis, name in enumerate("xyz") for sign, value in (("+", 1), ("-", -1))
}
_NEEDED = (
    "thorax",
    *(f"{side}_{name}" for side in ("left", "right") for name in ("shoulder", "elbow", "wrist")),
)
_LEAST = 1e-9


class SkeletonMap(Settings):
    """How the joints of an array become ours.

    Attributes:
        title: what it is for.
        left, up, front: the file's axes that point to the speaker's left, up and ahead, such as ``"-z"``.
        names: names of the file's joints in order; may be left out where joints are numbers.
        joints: our joint → joint of the file, or several whose mean it is. Those left out follow the
            reference skeleton, turned with what carries them.
        fps: frames per second, where files do not say.
        key: name of the array in .npz files; None: the first of three dimensions.
    """

    title: str = ""
    left: str = "+x"
    up: str = "+y"
    front: str = "+z"
    names: list[str] = Field(default_factory=list)
    joints: dict[str, int | str | list[int | str]]
    fps: float | None = Field(default=None, gt=0)
    key: str | None = None

    def indices(self) -> dict[str, list[int]]:
        """Our joint → indices of the file's.

        Raises:
            AqgtError: an unknown joint on either side, or one that is needed is missing.
        """
        known = {name: index for index, name in enumerate(self.names)}
        found: dict[str, list[int]] = {}
        for ours, theirs in self.joints.items():
            if ours not in sk.JOINT_INDEX:
                raise self._bad(f"there is no joint “{ours}” in our skeleton")
            found[ours] = []
            for each in theirs if isinstance(theirs, list) else [theirs]:
                if isinstance(each, str) and each not in known:
                    raise self._bad(f"“{each}” is none of its names")
                found[ours].append(known[each] if isinstance(each, str) else each)
        missing = [name for name in _NEEDED if name not in found]
        if missing:
            raise self._bad(f"{', '.join(missing)} are missing")
        return found

    def axes(self) -> Floats:
        """`[3, 3]` matrix from the file's axes to the model's (left, down, back)."""
        rows = np.zeros((3, 3))
        for row, (text, sign) in enumerate(((self.left, 1), (self.up, -1), (self.front, -1))):
            if text not in _AXES:
                raise self._bad(f"“{text}” is no axis")
            axis, value = _AXES[text]
            rows[row, axis] = sign * value
        if abs(np.linalg.det(rows)) < 0.5:
            raise self._bad("left, up and front are not three different axes")
        return rows

    def _bad(self, problem: str) -> AqgtError:
        return AqgtError(
            f"The skeleton map “{self.title}” can't be used: {problem}.", "Correct the file.", "bad-skeleton"
        )


def load_skeleton_map(name: str | Path) -> SkeletonMap:
    """The map of that name in configs/corpora/skeletons, or in a TOML file.

    Raises:
        AqgtError: there is none, or it is not valid.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = resources.data_path(*_FOLDER, f"{name}.toml")
        if not path.is_file():
            known = ", ".join(sorted(each.stem for each in path.parent.glob("*.toml")))
            raise AqgtError(f"There is no skeleton map “{name}”.", f"Use one of: {known}.", "bad-skeleton")
    try:
        raw = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise AqgtError(f"“{path}” is no TOML: {error}.", "Correct the file.", "bad-config") from error
    return check_settings(raw, SkeletonMap, str(path))


def motion_of_joints(positions: NDArray, skeleton: SkeletonMap, fps: float) -> Motion:
    """The motion of joint positions `[T, J, 3]`.

    Raises:
        AqgtError: the array has fewer joints than the map names, or is not finite.
    """
    positions = np.asarray(positions, dtype=np.float64)
    indices = skeleton.indices()
    largest = max(max(group) for group in indices.values())
    if positions.ndim != 3 or positions.shape[2] != 3 or positions.shape[1] <= largest or not len(positions):
        raise AqgtError(
            f"The array has the shape {list(positions.shape)}.",
            f"The map “{skeleton.title}” needs [frames, {largest + 1} or more joints, 3].",
            "bad-motion",
        )
    if not np.isfinite(positions).all():
        raise AqgtError("The positions hold NaN or infinite values.", "Fill the gaps first.", "bad-motion")
    turned = positions @ skeleton.axes().T
    known = {ours: turned[:, group].mean(axis=1) for ours, group in indices.items()}
    return Motion.from_positions(_completed(known), fps)


def _completed(known: Mapping[str, Floats]) -> Floats:
    """All 53 joints `[T, 53, 3]`, those that are not known after the reference skeleton."""
    n_frames = len(next(iter(known.values())))
    rest = sk.bone_vectors_from_positions(sk.REFERENCE_REST)
    size = _size(known, rest)
    out = np.zeros((n_frames, sk.N_JOINTS, 3))
    have = {sk.JOINT_INDEX[name]: value for name, value in known.items()}
    thorax = have[sk.THORAX]
    upright = rotations.identity(n_frames)
    # Below the thorax the tree is walked against its direction.
    out[:, sk.THORAX] = thorax
    out[:, sk.SPINE] = have.get(sk.SPINE, _between(have.get(sk.PELVIS), thorax, rest[sk.THORAX] * size))
    out[:, sk.PELVIS] = have.get(sk.PELVIS, out[:, sk.SPINE] - rest[sk.SPINE] * size)
    carriers = {side: _hand_turn(have, side, rest, n_frames) for side in ("left", "right")}
    for joint in range(sk.THORAX + 1, sk.N_JOINTS):
        side = sk.SIDES[joint]
        turn = carriers.get(side, upright)
        step = rotations.rotate(turn, rest[joint] * size)
        out[:, joint] = have.get(joint, out[:, sk.PARENTS[joint]] + step)
    return out


def _between(pelvis: Floats | None, thorax: Floats, step: Floats) -> Floats:
    return thorax - step if pelvis is None else (pelvis + thorax) / 2


def _size(known: Mapping[str, Floats], rest: Floats) -> float:
    """The file's upper arms over the reference's."""
    arms = [
        np.linalg.norm(known[f"{side}_elbow"] - known[f"{side}_shoulder"], axis=-1)
        for side in ("left", "right")
    ]
    reference = float(np.linalg.norm(rest[sk.LEFT_ELBOW]))
    return max(float(np.median(arms)), _LEAST) / reference


def _hand_turn(have: Mapping[int, Floats], side: str, rest: Floats, n_frames: int) -> Floats:
    """The turn `[T, 4]` of a hand without fingers: that of the forearm, so that it goes straight on."""
    elbow, wrist = (sk.JOINT_INDEX[f"{side}_{name}"] for name in ("elbow", "wrist"))
    return rotations.between(np.broadcast_to(rest[wrist], (n_frames, 3)), have[wrist] - have[elbow])
