# SPDX-License-Identifier: GPL-3.0-or-later
"""Stretches of a video that may become clips, what is measured in them, and why some are left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from aqgt_training.corpora.video.config import FPS, FilterConfig
from aqgt_training.corpora.video.hands import known, runs
from aqgt_training.corpora.video.joints import TrackedBody
from aqgt_training.corpora.video.tracking import Scene, Tracking

LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_WRIST, RIGHT_WRIST = 11, 14, 13, 16
"""Of the tracker's 59 joints."""
_BODY_POINTS = (11, 12)
"""MediaPipe's shoulders."""
_TINY = 1e-6


@dataclass(frozen=True)
class Stretch:
    """Frames ``start`` up to ``end`` of a video in which one person was followed, or nobody was found.

    Attributes:
        people: faces in its scene.
        chosen: which of them was followed, from the left.
        empty: nobody was found.
        figures: what was measured, by the filters' keys.
        reasons: why it is left out: key of the filter → sentence.
    """

    start: int
    end: int
    people: int
    chosen: int
    empty: bool = False
    figures: Mapping[str, float] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Length of the stretch."""
        return (self.end - self.start) / FPS


def stretches_of(tracking: Tracking, body: TrackedBody, longest: float) -> list[Stretch]:
    """A video's scenes, cut where nobody is seen for long, and where they are longer than so many seconds."""
    present = known(body.joints)
    found: list[Stretch] = []
    for scene in tracking.scenes:
        here = runs(present[scene.start : scene.end])
        if not here:
            found.append(_stretch(scene, scene.start, scene.end, empty=True))
        for start, end in here:
            parts = max(1, int(np.ceil((end - start) / (longest * FPS))))
            edges = np.linspace(scene.start + start, scene.start + end, parts + 1).round().astype(int)
            found += [_stretch(scene, int(low), int(high)) for low, high in pairwise(edges)]
    return found


def _stretch(scene: Scene, start: int, end: int, *, empty: bool = False) -> Stretch:
    return Stretch(start, end, scene.people, scene.chosen, empty)


def measure(
    stretch: Stretch, tracking: Tracking, body: TrackedBody, filters: FilterConfig
) -> dict[str, float]:
    """Figures of a stretch, by the keys of the filters that judge them."""
    part = slice(stretch.start, stretch.end)
    figures = {
        "smallest_height": float(tracking.facts["height"]),
        "shortest": stretch.seconds,
        "most_people": float(stretch.people),
        "still_picture": float(tracking.change[part].mean()),
    }
    if stretch.empty:
        return figures
    joints, scores = body.joints[part], body.scores[part]
    across = joints[:, LEFT_SHOULDER] - joints[:, RIGHT_SHOULDER]
    turned = np.degrees(np.abs(np.arctan2(across[:, 2], across[:, 0])))
    width = max(float(np.median(np.linalg.norm(across, axis=-1))), _TINY)
    neck = joints[:, 8:9]
    wrists = (joints[:, [LEFT_WRIST, RIGHT_WRIST]] - neck) / width
    steps = np.linalg.norm(np.diff(wrists, axis=0), axis=-1).max(axis=1) if len(wrists) > 1 else np.zeros(1)
    shoulders = tracking.pose[part][:, list(_BODY_POINTS), :2]
    return figures | {
        "poorly_seen": float((np.median(scores, axis=1) < filters.visibility).mean()),
        "hands_seen": float(body.hands[part].mean()),
        "shoulder_width": float(np.nanmedian(np.linalg.norm(shoulders[:, 0] - shoulders[:, 1], axis=-1))),
        "sideways": float((turned > filters.sideways_angle).mean()),
        "looking_back": float((turned > 90).mean()),
        "movement": float(np.sqrt(wrists.var(axis=0).sum(axis=-1)).max()),
        "jumps": float((steps > filters.jump_distance).mean()),
    }


def measure_sound(sound: NDArray[np.float32] | None, n_words: int) -> dict[str, float]:
    """Figures of a stretch's sound and words."""
    loudness = float(np.sqrt(np.mean(np.square(sound)))) if sound is not None and len(sound) else 0.0
    return {"loudness": loudness, "words": float(n_words)}


def judge(figures: Mapping[str, float], filters: FilterConfig) -> dict[str, str]:
    """Why a stretch with such figures is left out: key of the filter → sentence; empty: it is a clip."""

    def percent(key: str) -> str:
        return f"{100 * figures[key]:.0f} %"

    if "poorly_seen" not in figures:
        return {"nobody": "Nobody was found."}
    fails = {
        "smallest_height": (
            figures["smallest_height"] < filters.smallest_height,
            f"The video is only {figures['smallest_height']:.0f} pixels high.",
        ),
        "shortest": (figures["shortest"] < filters.shortest, f"It lasts only {figures['shortest']:.1f} s."),
        "most_people": (
            figures["most_people"] > filters.most_people,
            f"There are {figures['most_people']:.0f} people.",
        ),
        "poorly_seen": (
            figures["poorly_seen"] > filters.poorly_seen,
            f"The body is poorly seen in {percent('poorly_seen')} of the frames.",
        ),
        "hands_seen": (
            figures["hands_seen"] < filters.hands_seen,
            f"Hands are seen in {percent('hands_seen')} of the frames.",
        ),
        "shoulder_width": (
            figures["shoulder_width"] < filters.shoulder_width,
            f"The speaker is small: {figures['shoulder_width']:.0f} pixels between the shoulders.",
        ),
        "still_picture": (figures["still_picture"] < filters.still_picture, "The picture stands still."),
        "sideways": (
            figures["sideways"] > filters.sideways,
            f"The speaker is turned aside in {percent('sideways')} of the frames.",
        ),
        "looking_back": (
            figures["looking_back"] > filters.looking_back,
            f"The speaker looks back in {percent('looking_back')} of the frames.",
        ),
        "movement": (figures["movement"] < filters.movement, "The arms do not move."),
        "jumps": (
            figures["jumps"] > filters.jumps,
            f"A wrist jumps in {percent('jumps')} of the frames: the tracker lost it.",
        ),
        "loudness": (figures["loudness"] < filters.loudness, "There is no sound to be heard."),
        "words": (figures["words"] < filters.words, f"It has {figures['words']:.0f} words."),
    }
    return {key: sentence for key, (failed, sentence) in fails.items() if failed}
