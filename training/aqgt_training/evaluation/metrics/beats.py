# SPDX-License-Identifier: GPL-3.0-or-later
"""Do beats of the motion fall on beats of the sound? Three measures, each as its source computes it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import argrelextrema

from aqgt.errors import AqgtError
from aqgt_training.evaluation.metrics.checks import finite

Floats = NDArray[np.float64]

_FIRST_BEAT = 2
_ASSUMED_RATE = 22050
_HOP = 512


def beat_consistency(
    bone_vectors: ArrayLike,
    audio: ArrayLike,
    pairs: Sequence[tuple[int, int]],
    mean_change: ArrayLike,
    fps: float = 15,
    sample_rate: int = 16000,
    sigma: float = 0.1,
    threshold: float = 0.03,
) -> float:
    """Beat consistency (HA2G): how near onsets of the sound lie to moments where bones stop turning.

    Per window, the angle ``θ = acos(u_i · u_j) / π`` of each pair of bones gives a speed ``s[t] = mean over
    pairs of |θ[t] − θ[t−1]| / c``. A motion beat is a frame t ≥ 2 whose speed lies below both neighbours
    and at least ``threshold`` below one. Each onset counts ``exp(−d² / 2σ²)``, d = seconds to the nearest
    motion beat; the result is their mean over all windows that have a motion beat. Windows without onsets
    are left out; NaN where nothing is left.

    Args:
        bone_vectors: `[N, T, B, 3]`, the mean pose added.
        audio: `[N, S]`, the sound of each window.
        pairs: bones between which an angle is taken.
        mean_change: `[P]` mean |Δθ| of each pair in the training data (c).
        sigma: in seconds.
    """
    vectors = finite(bone_vectors, "bone vectors", "[N, T, B, 3]", 4, last=3).astype(np.float64, copy=False)
    sounds = finite(audio, "sounds", "[N, S]", 2)
    scale = finite(mean_change, "mean changes", "[P]", 1)
    chosen = np.asarray(pairs, dtype=np.int64)
    if len(sounds) != len(vectors) or chosen.shape != (len(scale), 2) or (scale <= 0).any():
        raise AqgtError(
            f"{len(vectors)} windows, {len(sounds)} sounds, {len(chosen)} pairs and {len(scale)} mean changes"
            " don't belong together.",
            "Give a sound per window, and a mean change above 0 per pair.",
            "shapes-differ",
        )
    if chosen.min() < 0 or chosen.max() >= vectors.shape[2]:
        raise AqgtError(
            f"A pair names a bone beyond {vectors.shape[2] - 1}.", "Use the bones' indices.", "bad-pair"
        )
    total, count = 0.0, 0
    for window, sound in zip(vectors, sounds, strict=True):
        beats = _angle_beats(window, chosen, scale, threshold) / fps
        onsets = _onset_times(sound, sample_rate)
        if len(beats) and len(onsets):
            total += float(_closeness(onsets, beats, sigma).sum())
            count += len(onsets)
    return total / count if count else float("nan")


def _angle_beats(window: Floats, pairs: NDArray[np.int64], scale: Floats, threshold: float) -> NDArray:
    """Frames `[M]` where the angles of a window `[T, B, 3]` change least."""
    norms = np.linalg.norm(window, axis=-1, keepdims=True)
    units = window / np.maximum(norms, 1e-12)
    cosine = (units[:, pairs[:, 0]] * units[:, pairs[:, 1]]).sum(axis=-1)
    angles = np.arccos(np.clip(cosine, -1.0, 1.0)) / np.pi
    speed = np.concatenate([[0.0], (np.abs(np.diff(angles, axis=0)) / scale).mean(axis=1)])
    before, own, after = speed[:-2], speed[1:-1], speed[2:]
    beats = (own < before) & (own < after) & ((before - own >= threshold) | (after - own >= threshold))
    at = np.flatnonzero(beats) + 1
    return at[at >= _FIRST_BEAT]


def beat_alignment_2022(
    right_wrist: ArrayLike,
    audio: ArrayLike,
    fps: float = 15,
    sample_rate: int = 16000,
    start: float = 0,
    end: float | None = None,
    sigma: float = 0.3,
    order: int = 2,
) -> float:
    """Beat alignment of BEAT (2022): are there motion beats of the right wrist near the beats of the sound?

    Motion beats are minima (over ``order`` neighbours) of the speed of the wrist's Euler angles; sound
    beats are onsets traced back to the last minimum of loudness. The result is the mean over sound beats of
    ``exp(−d² / 2σ²)``. As in the source, frames of the sound are turned to seconds as if it had 22,050
    samples per second, whatever ``sample_rate`` is: at 16 kHz the sound's beats come too early by more than
    a quarter. NaN where the sound or the motion has no beat.

    Args:
        right_wrist: Euler angles `[T, 3]` in degrees.
        audio: `[S]`.
        start, end: the part that is looked at, in seconds (the source: 10 to 500).
    """
    import librosa

    angles = finite(right_wrist, "wrist angles", "[T, 3]", 2, last=3)
    sound = finite(audio, "sound", "[S]", 1)
    angles = angles[int(start * fps) : None if end is None else int(end * fps)]
    sound = np.ascontiguousarray(
        sound[int(start * sample_rate) : None if end is None else int(end * sample_rate)]
    )
    if len(angles) < 2 or len(sound) == 0:
        raise AqgtError("The part holds no motion or no sound.", "Choose a longer part.", "too-short")
    speed = np.linalg.norm(np.diff(angles, axis=0), axis=1)
    beats = argrelextrema(speed, np.less, order=order)[0] / fps
    strength = librosa.onset.onset_strength(y=sound, sr=sample_rate)
    onsets = librosa.onset.onset_detect(onset_envelope=strength, sr=sample_rate)
    loudness = librosa.feature.rms(S=np.abs(librosa.stft(y=sound)))[0]
    traced = librosa.onset.onset_backtrack(onsets, loudness) if len(onsets) else onsets
    times = traced * _HOP / _ASSUMED_RATE
    return float(_closeness(times, beats, sigma).mean()) if len(times) and len(beats) else float("nan")


def beat_consistency_2024(
    positions: ArrayLike,
    audio: ArrayLike,
    mean_speed: ArrayLike,
    joints: Sequence[int],
    fps: float = 30,
    sample_rate: int = 16000,
    sigma: float = 0.3,
    order: int = 7,
    threshold: float = 0.10,
) -> float:
    """Beat consistency of EMAGE (2024): near the sound's onsets, do joints come to a halt?

    A joint's speed (central differences, one-sided at the ends) over its mean speed has motion beats at
    minima over ``order`` neighbours, where it exceeds ``threshold``. Each joint scores the mean over onsets
    of ``exp(−d² / 2σ²)``, and 0 where it has no beat; the result is the mean over joints. NaN without
    onsets.

    Args:
        positions: `[T, J, 3]`.
        audio: `[S]`.
        mean_speed: `[J]` mean speed of each joint in the reference data, per second.
        joints: those that count (EMAGE: 3, 6, 9, 12 to 21 of SMPL-X).
        threshold: 0.10 in EMAGE's tools, 0.3 in its script of 2024.
    """
    points = finite(positions, "positions", "[T, J, 3]", 3, last=3).astype(np.float64, copy=False)
    sound = finite(audio, "sound", "[S]", 1)
    mean = finite(mean_speed, "mean speeds", "[J]", 1)
    chosen = np.asarray(joints, dtype=np.int64)
    if len(mean) != points.shape[1] or chosen.size == 0 or chosen.min() < 0 or chosen.max() >= len(mean):
        raise AqgtError(
            f"{points.shape[1]} joints, {len(mean)} mean speeds and the joints {list(joints)} don't match.",
            "Give a mean speed per joint, and at least one joint.",
            "shapes-differ",
        )
    if len(points) < 2 or (mean[chosen] <= 0).any():
        raise AqgtError(
            "There is no speed to compare with.", "Give 2 frames and mean speeds above 0.", "too-short"
        )
    onsets = _onset_times(sound, sample_rate)
    if len(onsets) == 0:
        return float("nan")
    speeds = np.linalg.norm(np.gradient(points, axis=0) * fps, axis=-1) / np.where(mean > 0, mean, 1.0)
    scores = []
    for joint in chosen:
        speed = speeds[:, joint]
        minima = argrelextrema(speed, np.less, order=order)[0]
        beats = minima[speed[minima] > threshold] / fps
        scores.append(float(_closeness(onsets, beats, sigma).mean()) if len(beats) else 0.0)
    return float(np.mean(scores))


def _closeness(onsets: Floats, beats: Floats, sigma: float) -> Floats:
    """``exp(−d² / 2σ²)`` for each onset, d = seconds to the nearest beat."""
    distance = np.abs(onsets[:, None] - beats[None]).min(axis=1)
    return np.exp(-(distance**2) / (2 * sigma**2))


def _onset_times(sound: Floats, sample_rate: int) -> Floats:
    """Onsets of a sound in seconds, by librosa's defaults."""
    import librosa

    if not np.any(sound):
        return np.zeros(0)
    return librosa.onset.onset_detect(y=np.ascontiguousarray(sound), sr=sample_rate, units="time")
