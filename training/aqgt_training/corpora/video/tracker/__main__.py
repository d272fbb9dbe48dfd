# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracks one video: python -m tracker VIDEO FOLDER SETTINGS (JSON).

Writes `tracking.npz`, `facts.json` and `thumbnails/NUMBER.jpg` into the folder, and lines of JSON with the
share that is done to standard output. A video that can't be used gets `facts.json` with a `problem` alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .frames import UnusableVideoError, VideoPictures
from .holistic import Faces, Holistic, stacked
from .people import Person, columns_of, follow, speaker_of
from .scenes import LOOK_AT, Cuts

ARMS = (((11, 12), (11, 13), (13, 15), (12, 14), (14, 16), (11, 23), (12, 24)), (0, 200, 255))
FINGERS = (
    tuple((first, first + 1) for base in (1, 5, 9, 13, 17) for first in range(base, base + 3))
    + ((0, 1), (0, 5), (5, 9), (9, 13), (13, 17), (0, 17)),
    (80, 255, 80),
)
JPEG_QUALITY = 75


@dataclass
class FirstLook:
    """What one quick look at all pictures tells.

    Attributes:
        scenes: first frame of each, and the one after its last.
        faces: per look (every `face_step` frames) the faces `[N, 4]`.
        change: `[T]` mean change of a pixel since one second before, 0 to 255 (0 in the first second).
    """

    scenes: list[tuple[int, int]]
    faces: list[NDArray[np.float64]]
    change: NDArray[np.float32]


@dataclass
class Scene:
    """One scene: its frames, the people in it from left to right, whom of them we follow."""

    start: int
    end: int
    people: list[Person]
    chosen: int
    columns: tuple[int, int]


def main() -> None:
    """Track, write, report progress."""
    video, folder, settings = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    (folder / "thumbnails").mkdir(parents=True, exist_ok=True)
    try:
        facts = track(video, folder, settings, lambda share: print(json.dumps({"done": share}), flush=True))
    except UnusableVideoError as error:
        facts = {"problem": str(error)}
    (folder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def track(
    video: Path, folder: Path, settings: dict[str, Any], progress: Callable[[float], None]
) -> dict[str, Any]:
    """Track the speaker of each scene; returns what facts.json holds."""
    with VideoPictures(video) as pictures:
        expected = max(1.0, pictures.facts.seconds * settings["fps"])
        look = _first_look(pictures, settings, lambda n: progress(0.2 * min(1.0, n / expected)))
        facts = pictures.facts
    scenes = [_scene(start, end, look.faces, settings, facts.width) for start, end in look.scenes]
    with VideoPictures(video) as pictures:
        n_frames = len(look.change)
        landmarks = _follow(pictures, scenes, folder, settings, lambda n: progress(0.2 + 0.8 * n / n_frames))
    arrays: dict[str, Any] = {**landmarks, "change": look.change}
    np.savez_compressed(folder / "tracking.npz", **arrays)
    return {
        **asdict(facts),
        "frames": len(look.change),
        "thumbnail_step": settings["thumbnail_step"],
        "scenes": [
            {"start": scene.start, "end": scene.end, "people": len(scene.people), "chosen": scene.chosen}
            for scene in scenes
        ],
    }


def _first_look(
    pictures: VideoPictures, settings: dict[str, Any], progress: Callable[[int], None]
) -> FirstLook:
    cuts = Cuts(settings["cuts"], settings["cut_threshold"], settings["shortest_scene"], settings["fps"])
    faces = Faces(settings["face_confidence"])
    found, change = [], []
    greys: list[NDArray[np.int16]] = []
    second = round(settings["fps"])
    for number, picture in enumerate(pictures.at(settings["fps"])):
        size = (LOOK_AT, max(2, round(LOOK_AT * picture.shape[0] / picture.shape[1])))
        small = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), size, interpolation=cv2.INTER_AREA)
        cuts.look(small)
        grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.int16)
        change.append(float(np.abs(grey - greys[0]).mean()) if len(greys) == second else 0.0)
        greys = [*greys[-(second - 1) :], grey]
        if number % settings["face_step"] == 0:
            found.append(faces.look(picture))
            progress(number)
    faces.close()
    if not change:
        raise UnusableVideoError("it holds no pictures")
    return FirstLook(cuts.finish(), found, np.array(change, np.float32))


def _scene(start: int, end: int, faces: list[NDArray], settings: dict[str, Any], width: int) -> Scene:
    step = settings["face_step"]
    looks = faces[-(-start // step) : -(-end // step)] or faces[start // step : start // step + 1]
    people = follow(looks, settings["person_share"])
    if len(people) < 2:
        return Scene(start, end, people, 0, (0, width))
    chosen = speaker_of(people, settings["speaker"], width)
    return Scene(start, end, people, chosen, columns_of(people, chosen, width))


def _follow(
    pictures: VideoPictures,
    scenes: list[Scene],
    folder: Path,
    settings: dict[str, Any],
    progress: Callable[[int], None],
) -> dict[str, NDArray]:
    tracker = Holistic(settings["detection_confidence"], settings["tracking_confidence"])
    rows, scene = [], -1
    for number, picture in enumerate(pictures.at(settings["fps"])):
        if scene + 1 < len(scenes) and number == scenes[scene + 1].start:
            scene += 1
            tracker.new_scene()
        rows.append(tracker.look(picture, scenes[scene].columns))
        if number % settings["thumbnail_step"] == 0:
            _thumbnail(picture, rows[-1], folder / "thumbnails" / f"{number:07d}.jpg", settings)
            progress(number)
    tracker.close()
    return stacked(rows)


def _thumbnail(
    picture: NDArray[np.uint8], row: dict[str, NDArray], target: Path, settings: dict[str, Any]
) -> None:
    """A small picture with what was found drawn on it."""
    scale = settings["thumbnail_height"] / picture.shape[0]
    size = (max(2, round(picture.shape[1] * scale)), settings["thumbnail_height"])
    small = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), size, interpolation=cv2.INTER_AREA)
    for key, (lines, colour) in (("pose", ARMS), ("left", FINGERS), ("right", FINGERS)):
        points = row[key][:, :2] * scale
        for a, b in lines:
            if np.isfinite(points[[a, b]]).all():
                ends = np.clip(points[[a, b]], -10_000, 10_000).round().astype(int).tolist()
                cv2.line(small, ends[0], ends[1], colour, 1, cv2.LINE_AA)
    cv2.imwrite(str(target), small, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])


if __name__ == "__main__":
    main()
