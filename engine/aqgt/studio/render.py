# SPDX-License-Identifier: GPL-3.0-or-later
"""A .blend becomes a video: frames by several Blender processes, then pictures and sound into one file.

Finished frames stay in a work folder until the video is whole, so a render that was killed goes on.
"""

from __future__ import annotations

import json
import shutil
import threading
import wave
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from aqgt.errors import AqgtError
from aqgt.formats.files import write_text
from aqgt.studio.blender import BlenderCommand, run_job
from aqgt.studio.jobs import RenderSettings
from aqgt.studio.keys import file_hash

OnFrames = Callable[[int, int], None]
"""Takes how many frames are there and how many there will be."""

_SOUND, _LOOK = "sound.wav", "look.json"


@dataclass(frozen=True)
class Rendered:
    """What a render did.

    Attributes:
        video: the file.
        frames: pictures in it.
        kept: how many of them an earlier, interrupted render had made.
        fps: pictures per second.
        sound: whether the scene had any.
    """

    video: Path
    frames: int
    kept: int
    fps: float
    sound: bool


def render_video(
    blender: BlenderCommand,
    blend: Path,
    video: Path,
    settings: RenderSettings,
    *,
    work: Path | None = None,
    processes: int = 1,
    threads: int | None = None,
    on_frames: OnFrames | None = None,
) -> Rendered:
    """Render a .blend to an MP4 with its sound.

    Args:
        blender: what `find_blender` returned.
        blend: the file; scripts inside it are not run.
        video: where the video goes; what is there stays until the new one is whole.
        settings: engine, size, samples and frames.
        work: folder for the frames, by default beside the video; it is removed at the end.
        processes: Blender processes at work at the same time.
        threads: threads of each of them; None: as many as it likes.
        on_frames: called whenever a frame is there.

    Raises:
        AqgtError: a file can't be read or written, the scene lacks what it takes, or Blender crashed twice.
    """
    if not blend.is_file():
        raise AqgtError(f"There is no file “{blend}”.", "Check the path and its spelling.", "no-file")
    folder = work or video.with_name(f".{video.name}.frames")
    _claim(folder, {"blend": file_hash(blend), "settings": settings.model_dump()})
    base = {"kind": "render", "blend": str(blend.absolute()), "settings": settings.model_dump()}
    look = _looked(blender, base, folder)
    frames = list(range(look["first"], look["last"] + 1, settings.step))
    kept = len(frames) - len(_missing(folder, frames))
    _render_frames(blender, {**base, "threads": threads}, folder, frames, processes, on_frames)
    fps = look["fps"] / settings.step
    _encode(folder, frames, video, fps, look["sound"])
    shutil.rmtree(folder, ignore_errors=True)
    return Rendered(video, len(frames), kept, fps, look["sound"])


def _claim(folder: Path, key: dict[str, Any]) -> None:
    """Make the work folder; what another file or other settings left there is thrown away."""
    note, wanted = folder / "key.json", json.dumps(key, sort_keys=True)
    try:
        if folder.is_dir() and (not note.is_file() or note.read_text(encoding="utf-8") != wanted):
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AqgtError(
            f"The folder “{folder}” cannot be written ({error.strerror}).",
            "Choose another one.",
            "bad-output",
        ) from error
    if not note.is_file():
        write_text(note, wanted)


def _looked(blender: BlenderCommand, base: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Frame range, frame rate and sound of the scene, asked once."""
    note = folder / _LOOK
    if not note.is_file():
        look = _twice(lambda: run_job(blender, {**base, "step": "look", "sound": str(folder / _SOUND)}))
        write_text(note, json.dumps(look))
    found: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
    return found


def _render_frames(
    blender: BlenderCommand,
    base: dict[str, Any],
    folder: Path,
    frames: list[int],
    processes: int,
    on_frames: OnFrames | None,
) -> None:
    missing = _missing(folder, frames)
    done, lock = [len(frames) - len(missing)], threading.Lock()
    if on_frames is not None:
        on_frames(done[0], len(frames))

    def one_more(share: float, text: str) -> None:
        with lock:
            done[0] = min(done[0] + 1, len(frames))
            if on_frames is not None:
                on_frames(done[0], len(frames))

    def render(share: list[int]) -> None:
        def run() -> None:
            # After a crash only what is still missing.
            job = {**base, "step": "frames", "folder": str(folder), "frames": _missing(folder, share)}
            run_job(blender, job, on_progress=one_more)

        _twice(run)

    shares = [list(map(int, part)) for part in np.array_split(missing, max(1, processes)) if len(part)]
    if not shares:
        return
    with ThreadPoolExecutor(len(shares)) as pool:
        for running in [pool.submit(render, share) for share in shares]:
            running.result()


def _twice(action: Callable[[], Any]) -> Any:
    """Once more after a crash of Blender: a driver or a full memory is no reason to lose a night's work."""
    try:
        return action()
    except AqgtError as error:
        if error.code != "blender-crash":
            raise
    return action()


def _missing(folder: Path, frames: list[int]) -> list[int]:
    return [frame for frame in frames if not picture_path(folder, frame).is_file()]


def picture_path(folder: Path, frame: int) -> Path:
    """Where a frame lies until the video is whole."""
    return folder / f"{frame:06d}.png"


def _encode(folder: Path, frames: list[int], video: Path, fps: float, has_sound: bool) -> None:
    from aqgt.preview.writer import new_video

    sound, rate = _read_wav(folder / _SOUND) if has_sound else (None, 48_000)
    with Image.open(picture_path(folder, frames[0])) as first:
        size = first.size
    with new_video(video, fps, size, sound, rate) as writer:
        for index, frame in enumerate(frames):
            with Image.open(picture_path(folder, frame)) as picture:
                writer.add(picture.convert("RGB"), index)
        writer.finish(whole_sound=False)


def _read_wav(path: Path) -> tuple[NDArray[np.float32], int]:
    """Samples `[C, N]`, at most two channels, full scale = 1, and their rate."""
    with wave.open(str(path)) as file:
        raw = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        samples = raw.reshape(-1, file.getnchannels()).T[:2] / np.float32(32768)
        return np.ascontiguousarray(samples, dtype=np.float32), file.getframerate()
