# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report shows of a motion: figures, and a strip of small pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from aqgt import skeleton
from aqgt.motion import Motion
from aqgt.studio.journal import whole_file

PICTURES = 5
_HEIGHT = 120
_WRISTS = (skeleton.JOINT_INDEX["left_wrist"], skeleton.JOINT_INDEX["right_wrist"])


def motion_figures(motion: Motion, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Duration and frames, how fast the wrists move (m/s on the metric skeleton), model and licence."""
    wrists = motion.metric().positions()[:, _WRISTS].astype(np.float64)
    speed = np.linalg.norm(np.diff(wrists, axis=0), axis=-1) * motion.fps
    return {
        "seconds": round(motion.duration, 3),
        "frames": len(motion),
        "fps": motion.fps,
        "wrist_speed_mean": round(float(speed.mean()), 4) if speed.size else 0.0,
        "wrist_speed_max": round(float(speed.max()), 4) if speed.size else 0.0,
        "model": provenance.get("model", ""),
        "licence": provenance.get("licence", ""),
        "commercial_use": bool(provenance.get("commercial_use", False)),
        "seed": provenance.get("seed"),
    }


def motion_strip(path: Path, motion: Motion) -> None:
    """A strip of stick figures at equal steps of the motion, as JPEG."""
    from aqgt.preview.figure import draw_figure
    from aqgt.preview.video import HEIGHT, SUPERSAMPLING, WIDTH, poses

    times = (np.arange(PICTURES) + 0.5) / PICTURES * motion.duration
    pictures = []
    for pose in poses(motion, times):
        large = Image.new("RGB", (WIDTH * SUPERSAMPLING, HEIGHT * SUPERSAMPLING), (240, 242, 244))
        draw_figure(ImageDraw.Draw(large), pose)
        pictures.append(large)
    _save_strip(path, pictures)


def video_strip(path: Path, video: Path) -> None:
    """A strip of pictures at equal steps of a video, as JPEG."""
    import av

    with av.open(str(video)) as container:
        total = container.streams.video[0].frames
        wanted = {int((k + 0.5) / PICTURES * total) for k in range(PICTURES)}
        pictures = [
            frame.to_image() for k, frame in enumerate(container.decode(video=0)) if not total or k in wanted
        ]
    step = max(1, len(pictures) // PICTURES)
    _save_strip(path, pictures[::step][:PICTURES])


def _save_strip(path: Path, pictures: list[Image.Image]) -> None:
    if not pictures:
        return
    small = [one.resize((round(one.width * _HEIGHT / one.height), _HEIGHT)) for one in pictures]
    strip = Image.new("RGB", (sum(one.width for one in small), _HEIGHT))
    left = 0
    for one in small:
        strip.paste(one, (left, 0))
        left += one.width
    with whole_file(path) as unfinished:
        strip.save(unfinished, "JPEG", quality=80)
