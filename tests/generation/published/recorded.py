# SPDX-License-Identifier: GPL-3.0-or-later
"""The clip of the recordings of the published window loop, and what was asked for in each case."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import CHANNEL_BY_KEY
from aqgt.motion import Motion
from aqgt.protocol.messages import GenerateRequest
from aqgt.skeleton import OFFICIAL_LENGTHS
from aqgt.words import Word

WORDS = (
    ("hello", 3, 10), ("there", 12, 20), ("church", 40, 52), ("is", 60, 66), ("left", 100, 120),
    ("of", 121, 130), ("tower", 131, 150),
)  # fmt: skip
"""Words with their first and last frames at 25 frames a second."""
_SOURCE_FRAMES = 182


def annotated() -> NDArray[np.float32]:
    """A right hand's iconic stroke in the source's frames 40 to 79, as 15 frames a second."""
    track = np.zeros((17, 110), np.float32)
    source = np.array([min(round(frame / 15 * 25), _SOURCE_FRAMES - 1) for frame in range(110)])
    inside = (source >= 40) & (source < 80)
    for key, label in {
        "entity": "Kirche", "phase_right": "stroke", "phrase_right": "iconic", "shape_right": "G",
    }.items():  # fmt: skip
        channel = CHANNEL_BY_KEY[key]
        track[channel.index, inside] = channel.value_of(label)
    return track


CASES: dict[str, dict[str, Any]] = {
    "noanno": {},
    "anno": {"track": annotated()},
    "iconic": {"preset": "always-iconic"},
    "deictic": {"preset": "always-deictic", "track": annotated()},
    "noaudio": {"preset": "no-audio"},
    "short_noseed": {"seed_pose": None},
}


def request(recorded: dict[str, NDArray], case: str, **changes: Any) -> GenerateRequest:
    audio = recorded["audio"]
    asked: dict[str, Any] = {
        "audio": audio[:20000] if case == "short_noseed" else audio,
        "words": tuple(Word(text, start / 25, end / 25) for text, start, end in WORDS),
        "annotate": "none",
        "sampling": "off",
        "seed_pose": Motion(15, recorded["seed"].reshape(4, 53, 3), OFFICIAL_LENGTHS),
    }
    return GenerateRequest(**{**asked, **CASES[case], **changes})
