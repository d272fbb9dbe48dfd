# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the tracker on a video, in an environment that has MediaPipe, and reads what it left."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt_training.corpora.video.config import FPS, TrackingConfig

Floats = NDArray[np.float64]

PYTHON_VARIABLE = "AQGT_VIDEO_PYTHON"
ENVIRONMENT = ".venv-video"
TRACKING, FACTS, KEY, THUMBNAILS = "tracking.npz", "facts.json", "key.json", "thumbnails"
_HERE = Path(__file__).resolve().parent
# The tracker's parent folder goes last on the path: the names of our modules must not hide anyone else's.
_START = (
    "import sys, runpy; sys.path.append(sys.argv.pop(1)); "
    "runpy.run_module('tracker', run_name='__main__', alter_sys=True)"
)
_PROBE = "import av, cv2, mediapipe, scenedetect; mediapipe.solutions.holistic"


@dataclass(frozen=True)
class Scene:
    """One scene: frames ``start`` up to ``end``, how many people, and which was followed (from the left)."""

    start: int
    end: int
    people: int
    chosen: int


@dataclass(frozen=True)
class Tracking:
    """What the tracker saw at 25 fps. x = image right, y down, z away; NaN where nothing was found.

    Attributes:
        world: `[T, 33, 3]` body landmarks in metres against the hips.
        pose: `[T, 33, 3]` the same in pixels.
        visibility: `[T, 33]` 0 to 1.
        hands: left and right `[T, 21, 3]` in pixels, depth against the wrist.
        change: `[T]` mean change of a pixel since one second before.
        scenes: in order, without gaps.
        facts: what facts.json says of the video.
        folder: where thumbnails lie.
    """

    world: Floats
    pose: Floats
    visibility: Floats
    hands: tuple[Floats, Floats]
    change: Floats
    scenes: Sequence[Scene]
    facts: dict[str, Any]
    folder: Path

    def __len__(self) -> int:
        return len(self.world)


def ensure_tracked(
    video: Path,
    folder: Path,
    config: TrackingConfig,
    *,
    python: Path | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> None:
    """Track a video, unless the folder holds what an earlier run with the same video and settings left.

    Args:
        folder: what else lies in it is removed.
        python: of the environment with the extra “video”; None: the one `tracker_python` finds.

    Raises:
        AqgtError: the tracker ended with an error.
    """
    key = {"settings": {**config.model_dump(), "fps": FPS}, "video": _fingerprint(video)}
    if not _is_whole(folder, key):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _run(video, folder, key["settings"], python or tracker_python(), progress)
        (folder / KEY).write_text(json.dumps(key) + "\n", encoding="utf-8")


def read_tracking(folder: Path) -> Tracking:
    """What the tracker left in a folder.

    Raises:
        AqgtError: the video could not be used.
    """
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    if "problem" in facts:
        raise AqgtError(
            f"The video can't be used: {facts['problem']}.", "Convert or download it again.", "bad-video"
        )
    with np.load(folder / TRACKING, allow_pickle=False) as found:
        arrays = {name: found[name].astype(np.float64) for name in found.files}
    return Tracking(
        arrays["world"],
        arrays["pose"],
        arrays["visibility"],
        (arrays["left"], arrays["right"]),
        arrays["change"],
        [Scene(**scene) for scene in facts["scenes"]],
        facts,
        folder,
    )


def tracker_python() -> Path:
    """The Python that has MediaPipe: ``$AQGT_VIDEO_PYTHON``, this one, or that of `.venv-video`.

    Raises:
        AqgtError: none of them has it.
    """
    named = os.environ.get(PYTHON_VARIABLE)
    for python in candidate_pythons():
        if python.exists() and can_track(python):
            return python
    raise AqgtError(
        f"“{named}” has no MediaPipe."
        if named
        else "There is no MediaPipe here, which tracks people in videos.",
        f"Make its environment with `make video`, or name a Python that has it in ${PYTHON_VARIABLE} "
        "(pip install 'aqgt[video]').",
        "no-tracker",
    )


@functools.lru_cache
def can_track(python: Path) -> bool:
    """Whether a Python has what the tracker needs."""
    return subprocess.run([str(python), "-c", _PROBE], capture_output=True, check=False).returncode == 0


def candidate_pythons() -> list[Path]:
    """Where the extra “video” may be: the named Python, else this one and those of `.venv-video`.

    That environment is looked for in the working folder, the checkout, and beside the one that runs.
    """
    if named := os.environ.get(PYTHON_VARIABLE):
        return [Path(named)]
    inside = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    homes = [Path.cwd(), *_HERE.parents[3:4], Path(sys.prefix).parent]
    return [Path(sys.executable), *(home / ENVIRONMENT / inside for home in homes)]


def _run(
    video: Path, folder: Path, settings: dict[str, Any], python: Path, progress: Callable[[float], None]
) -> None:
    command = [str(python), "-c", _START, str(_HERE), str(video), str(folder), json.dumps(settings)]
    # Another environment's packages on the path would be the wrong versions.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True, stdin=subprocess.DEVNULL
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith('{"done"'):
                    progress(float(json.loads(line)["done"]))
            code = process.wait()
        finally:
            process.kill()
            process.wait()
        if code != 0 or not (folder / FACTS).exists():
            log.seek(0)
            last = next((line.strip() for line in reversed(log.readlines()) if line.strip()), "no message")
            raise AqgtError(
                f"The tracker ended with code {code} on “{video.name}”: {last}",
                "Run it again with --resume; if it stays so, leave the video out.",
                "tracker-failed",
            )


def _is_whole(folder: Path, key: dict[str, Any]) -> bool:
    path = folder / KEY
    return path.exists() and json.loads(path.read_text(encoding="utf-8")) == json.loads(json.dumps(key))


def _fingerprint(video: Path) -> dict[str, Any]:
    """Size and hash of the first megabyte: another file of that name is noticed, large ones cost little."""
    with video.open("rb") as file:
        start = file.read(1 << 20)
    return {"bytes": video.stat().st_size, "sha256_of_start": hashlib.sha256(start).hexdigest()}
