# SPDX-License-Identifier: GPL-3.0-or-later
"""The gesture clips of the public SmartBody repository, computed from its own files."""

from __future__ import annotations

import ast
import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt import __version__
from aqgt.errors import AqgtError
from aqgt_training.corpora.smartbody_files import (
    MotionFile,
    SkeletonFile,
    joint_positions,
    read_motion,
    read_skeleton,
)
from aqgt_training.corpora.smartbody_names import own_names, renamed, turned_to_the_front

ARRAYS, META, MANIFEST = "smartbody_positions_30fps.npz", "smartbody_meta.json", "manifest.json"
_TABLE = Path(__file__).parent / "data" / "smartbody.toml"
_MAPPING = "addGestureMapping"
_LABELS = ("lexeme", "type", "hand", "style", "posture")


@dataclass(frozen=True)
class MotionPlace:
    """One motion of the library: the file, its skeleton's, the name it gets, its set, and its labels."""

    path: Path
    skeleton: Path
    name: str
    set: str
    labels: Sequence[Mapping[str, str]] = ()


def joint_names() -> list[str]:
    """Names of the joints whose positions are kept."""
    return list(_table()["joints"]["names"])


def skeleton_names(kind: str) -> dict[str, Any]:
    """What a kind of skeleton calls these joints, see `smartbody_names.own_names`."""
    return dict(_table()["skeletons"][kind])


def is_smartbody(folder: Path) -> bool:
    """Whether a folder is the repository, or holds motions of it side by side with their skeletons."""
    return any((folder / each["motions"]).is_dir() for each in _table()["sets"]) or any(folder.glob("*.skm"))


def find_motions(folder: Path) -> list[MotionPlace]:
    """The motions of a checkout of the repository, or of a folder with .skm files and their .sk beside them.

    Raises:
        AqgtError: there are none, or a skeleton is missing.
    """
    found: list[MotionPlace] = []
    taken: set[str] = set()
    for each in _table()["sets"]:
        files = sorted((folder / each["motions"]).glob("*.skm"))
        if "only" in each:
            files = [path for path in files if path.stem in each["only"]]
        if not files:
            continue
        skeleton = _skeleton(folder, each["skeletons"])
        labels = _labels(folder / each["labels"]) if "labels" in each else {}
        for path in files:
            second = each.get("second_take", "") if path.stem in taken else ""
            name = each.get("prefix", "") + path.stem + second
            found.append(MotionPlace(path, skeleton, name, each["name"], labels.get(path.stem, [])))
        taken |= {path.stem for path in files}
    if not found:
        for path in sorted(folder.glob("*.skm")):
            skeleton = _skeleton(folder, [path.stem.split("@", 1)[0] + ".sk"])
            found.append(MotionPlace(path, skeleton, path.stem, "Gestures"))
    if not found:
        raise AqgtError(
            f"There are no SmartBody motions in “{folder}”.",
            "Give a checkout of github.com/worldforge/smartbody.",
            "no-gesture-clips",
        )
    return found


def read_clips(folder: Path) -> Iterator[tuple[dict[str, Any], NDArray[np.float32]]]:
    """Metadata and joint positions `[T, J, 3]` (metres, y up, facing +z, 30 fps) of all motions.

    Raises:
        AqgtError: see `find_motions`; or a file is damaged.
    """
    for place in find_motions(folder):
        yield _clip(place)


def write_clips(folder: Path, output: Path, places: Iterable[MotionPlace]) -> dict[str, Any]:
    """Write the clips as the arrays and metadata that `gesture_clips.read_gesture_clips` reads.

    Returns:
        The manifest: counts, seconds, and the SHA-256 of every file read.
    """
    arrays: dict[str, NDArray[np.float32]] = {}
    entries: list[dict[str, Any]] = []
    hashes: dict[str, str] = {}
    for place in places:
        entry, positions = _clip(place)
        entries.append(entry)
        arrays[entry["name"]] = positions
        for path in (place.path, place.skeleton):
            hashes.setdefault(path.relative_to(folder).as_posix(), _digest(path))
    output.mkdir(parents=True, exist_ok=True)
    np.savez(output / ARRAYS, **arrays)  # type: ignore[arg-type]
    _write(output / META, {"joints": joint_names(), "clips": entries})
    manifest = {
        "kind": "gestures",
        "made_with": f"aqgt {__version__}",
        "clips": len(entries),
        "seconds": round(sum(entry["frames"] / entry["fps"] for entry in entries), 3),
        "sets": {name: sum(e["set"] == name for e in entries) for name in {e["set"] for e in entries}},
        "sha256": hashes,
    }
    _write(output / MANIFEST, manifest)
    return manifest


def _clip(place: MotionPlace) -> tuple[dict[str, Any], NDArray[np.float32]]:
    joints, motion = _joints(place)
    fps = float(_table()["fps"])
    positions = _at_fps(motion.times, joints, fps).astype(np.float32)
    entry = {
        "name": place.name,
        "set": place.set,
        "fps": fps,
        "frames": len(positions),
        "marks": motion.marks,
        "labels": [dict(label) for label in place.labels],
    }
    return entry, positions


def _joints(place: MotionPlace) -> tuple[NDArray[np.float64], MotionFile]:
    """Positions `[T, J, 3]` of `joint_names`, metres, facing +z, at the times of the motion; and it."""
    skeleton, motion = _read_skeleton(place.skeleton), read_motion(place.path)
    own: dict[str, Any] = next((each for each in _table()["sets"] if each["name"] == place.set), {})
    joints, between = own_names(skeleton_names(own["joints"])) if "joints" in own else ({}, {})
    found = joint_positions(renamed(skeleton, joints), motion.renamed(joints), own.get("metres", 1.0))
    positions = dict(found.positions)
    for name, (first, last, share) in between.items():
        if first in positions and last in positions:
            positions[name] = (1 - share) * positions[first] + share * positions[last]
    missing = [name for name in joint_names() if name not in positions]
    if missing:
        raise AqgtError(
            f"The skeleton of “{place.path}” has no joint {missing[0]}.",
            "Give the skeletons that belong to the motions.",
            "bad-skeleton",
        )
    kept = np.stack([positions[name] for name in joint_names()], axis=1)
    return turned_to_the_front(kept, found.forward) if own.get("facing") else kept, motion


def _at_fps(times: NDArray, positions: NDArray, fps: float) -> NDArray:
    """Positions at even times; those of a clip that has them already are left alone."""
    wanted = times[0] + np.arange(round((times[-1] - times[0]) * fps) + 1) / fps
    if len(wanted) == len(times) and np.abs(wanted - times).max() < 0.25 / fps:
        return positions
    high = np.clip(np.searchsorted(times, wanted), 1, len(times) - 1)
    share = np.clip((wanted - times[high - 1]) / (times[high] - times[high - 1]), 0, 1)[:, None, None]
    return (1 - share) * positions[high - 1] + share * positions[high]


def _skeleton(folder: Path, candidates: Sequence[str]) -> Path:
    for name in candidates:
        if (folder / name).is_file():
            return folder / name
    for name in candidates:
        for path in sorted(folder.rglob(Path(name).name)):
            return path
    raise AqgtError(
        f"“{folder}” has no skeleton {Path(candidates[0]).name}.",
        "Give the whole repository, its submodules included.",
        "no-skeleton",
    )


def _labels(script: Path) -> dict[str, list[dict[str, str]]]:
    """What the repository's script says a motion means; the script is parsed, not run."""
    if not script.is_file():
        return {}
    try:
        tree = ast.parse(script.read_text(encoding="utf-8", errors="replace"))
    except SyntaxError:  # written for an older Python
        return {}
    found: dict[str, list[dict[str, str]]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == _MAPPING:
            values = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            if len(values) == len(_LABELS) + 1 and all(isinstance(value, str) for value in values):
                texts = [str(value) for value in values]
                found.setdefault(texts[0], []).append(dict(zip(_LABELS, texts[1:], strict=True)))
    return found


@lru_cache(maxsize=8)
def _read_skeleton(path: Path) -> SkeletonFile:
    return read_skeleton(path)


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    with _TABLE.open("rb") as file:
        return tomllib.load(file)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
