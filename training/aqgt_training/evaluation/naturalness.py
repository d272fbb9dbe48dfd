# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of a motion that need no reference: resting, freezing, hands inside the body, beats on accents."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aqgt import rotations, skeleton
from aqgt.motion import Motion
from aqgt.planner.candidates import word_stress
from aqgt.planner.sound import hear
from aqgt.retarget.body import Ball
from aqgt.retarget.body_shape import guess_head, guess_torso
from aqgt.retarget.curves import unit
from aqgt.retarget.keep_out import hand_points
from aqgt.retarget.pose import LEFT, UP, from_model_axes
from aqgt.words import Word
from aqgt_training.evaluation import motion_statistics as statistics

RESTING_SPEED = 0.05
"""Model units per second below which a wrist counts as resting (about 15 cm/s on an adult)."""
FROZEN_SPEED = 0.002
"""Model units per second below which the fastest joint of a frame makes it a frozen one (6 mm/s)."""
LONG_PAUSE = 0.8
"""Seconds without speech in which hands are expected to rest."""
_SETTLING = 0.4
"""Seconds at both ends of a pause in which the hands may still sink, or already prepare."""
_DEEP = 0.01
"""Metres inside the body from which a hand counts as inside."""
_STRESSED = 0.5
_BEAT_WIDTH = 0.2
"""Seconds: deviation of the curve that says how near a beat is to an accent."""
_SHORTEST_SHIFT = 1.0


def resting_share(motion: Motion) -> float:
    """Share of frames and wrists slower than `RESTING_SPEED`; NaN below two frames."""
    speeds = _wrist_speeds(motion)
    return float((speeds < RESTING_SPEED).mean()) if speeds.size else float("nan")


def frozen_share(motion: Motion) -> float:
    """Share of frames in which no joint moves faster than `FROZEN_SPEED`; NaN below two frames."""
    if len(motion) < 2:
        return float("nan")
    steps = np.linalg.norm(np.diff(motion.positions().astype(np.float64), axis=0), axis=-1).max(axis=1)
    return float((steps * motion.fps < FROZEN_SPEED).mean())


def rest_in_pauses(motion: Motion, words: Sequence[Word]) -> float:
    """Share of frames in the midst of long pauses between words where both wrists rest; NaN without any."""
    speeds = _wrist_speeds(motion)
    inside = np.zeros(speeds.shape[1], dtype=bool)
    ordered = sorted(words, key=lambda word: word.start)
    for before, after in pairwise(ordered):
        if after.start - before.end > LONG_PAUSE:
            first, last = before.end + _SETTLING, after.start - _SETTLING
            inside[int(np.ceil(first * motion.fps)) : int(last * motion.fps) + 1] = True
    if not inside.any():
        return float("nan")
    return float((speeds[:, inside] < RESTING_SPEED).all(axis=0).mean())


def hands_inside_body(motion: Motion) -> float:
    """Share of frames with a hand more than 1 cm inside a coarse torso and head, as retargeting knows them.

    Wrist, knuckles and fingers of each hand are tested against a capsule and a ball around a 1.75 m adult.
    """
    if len(motion) == 0:
        return float("nan")
    positions = from_model_axes(motion.metric().positions())
    parts = _body(positions)
    deepest = np.zeros(len(positions))
    for side in ("left", "right"):
        wrist = positions[:, skeleton.JOINT_INDEX[f"{side}_wrist"]]
        knuckle = positions[:, skeleton.JOINT_INDEX[f"{side}_middle_1"]]
        length = float(np.linalg.norm(knuckle[0] - wrist[0]))
        for point, radius in hand_points(wrist, unit(knuckle - wrist), length):
            for part in parts:
                deepest = np.maximum(deepest, part.depth(point, radius))
    return float((deepest > _DEEP).mean())


def _body(positions: NDArray) -> list[Ball]:
    pelvis, thorax, top = (positions[:, j] for j in (skeleton.PELVIS, skeleton.THORAX, skeleton.HEAD_TOP))
    line = positions[:, skeleton.LEFT_SHOULDER] - positions[:, skeleton.RIGHT_SHOULDER]
    trunk = float(np.linalg.norm(skeleton.REFERENCE_REST[skeleton.THORAX]))
    ends = skeleton.REFERENCE_REST[[skeleton.LEFT_SHOULDER, skeleton.RIGHT_SHOULDER]]
    turn = rotations.from_frames(UP, LEFT, unit(thorax - pelvis), unit(line))
    parts = [
        Ball(pelvis + rotations.rotate(turn, section.start), turn, section.length, section.radii, 0.0)
        for section in guess_torso(trunk, float(np.linalg.norm(ends[0] - ends[1])))
    ]
    # The middle of the skull lies about three fifths of the way from the neck to the top of the head.
    skull = thorax + 0.62 * (top - thorax)
    parts.append(Ball(skull, turn, 0.0, guess_head(trunk).radii, 0.0))
    return parts


def arrivals(motion: Motion) -> NDArray[np.float64]:
    """Seconds at which a wrist comes to a halt after a movement: its beats, of both hands."""
    found: list[float] = []
    for speeds in _wrist_speeds(motion):
        peak = 0.0
        for frame, speed in enumerate(speeds):
            peak = max(peak, float(speed))
            if peak > 2 * RESTING_SPEED and speed < 0.25 * peak:
                found.append(frame / motion.fps)
                peak = 0.0
    return np.array(sorted(found))


def accents(audio: NDArray, words: Sequence[Word]) -> NDArray[np.float64]:
    """Seconds of the loudest moments of stressed words, or of the voice's swells where no words are known."""
    sound = hear(audio, words, None)
    if not words:
        return np.array([second for second, strength in sound.swells() if strength > _STRESSED])
    stress = word_stress(words, sound)
    return np.array(
        [sound.peak_time(w.start, w.end) for w, s in zip(words, stress, strict=True) if s > _STRESSED]
    )


def beats_on_accents(
    beats: Sequence[ArrayLike],
    accented: Sequence[ArrayLike],
    seconds: Sequence[float],
    *,
    permutations: int = 999,
    seed: int = 0,
) -> dict[str, float]:
    """Do beats lie nearer to accents than chance would have it?

    Each beat scores ``exp(−d² / 2σ²)``, d = seconds to the nearest accent, σ = 0.2 s. Chance is the same sum
    with each clip's accents turned round by a random time of at least a second, which keeps their number and
    rhythm.

    Args:
        beats, accented: seconds per clip.
        seconds: length of each clip.

    Returns:
        ``score``, ``chance`` (mean of the permutations), ``p_value`` (share of permutations at least as
        good, the real one counted) and the number of ``beats``; NaN where there are no beats or no accents.
    """
    clips = [
        (np.asarray(b, dtype=float), np.asarray(a, dtype=float), float(s))
        for b, a, s in zip(beats, accented, seconds, strict=True)
        if np.size(b) and np.size(a) and s > 2 * _SHORTEST_SHIFT
    ]
    count = sum(len(b) for b, _, _ in clips)
    if not clips:
        return {"score": float("nan"), "chance": float("nan"), "p_value": float("nan"), "beats": 0}
    rng = np.random.default_rng(seed)
    real = sum(_closeness(b, a) for b, a, _ in clips) / count
    drawn = np.array(
        [
            sum(
                _closeness(b, (a + rng.uniform(_SHORTEST_SHIFT, s - _SHORTEST_SHIFT)) % s)
                for b, a, s in clips
            )
            / count
            for _ in range(permutations)
        ]
    )
    p = (1 + int((drawn >= real - 1e-12).sum())) / (1 + permutations)
    return {"score": float(real), "chance": float(drawn.mean()), "p_value": p, "beats": count}


def _closeness(beats: NDArray, accented: NDArray) -> float:
    distance = np.abs(beats[:, None] - accented[None]).min(axis=1)
    return float(np.exp(-(distance**2) / (2 * _BEAT_WIDTH**2)).sum())


def _wrist_speeds(motion: Motion) -> NDArray[np.float64]:
    """Speeds `[2, T − 1]` of both wrists."""
    return np.stack([statistics.speed(motion, side) for side in statistics.WRISTS])
