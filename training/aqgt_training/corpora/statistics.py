# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of a corpus: gestures, labels, speeds, smoothness."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from aqgt import skeleton
from aqgt.annotations import CHANNELS
from aqgt_training.corpora.clip_lmdb import ClipRecord

_WRISTS = (skeleton.LEFT_WRIST, skeleton.RIGHT_WRIST)


@dataclass
class Summary:
    """What :func:`summarise` measured; speeds in model units per second."""

    clips: int = 0
    seconds: float = 0.0
    durations: list[float] = field(default_factory=list)
    words: int = 0
    frame_rates: Counter[str] = field(default_factory=Counter)
    speech_seconds: float = 0.0
    gestures: int = 0
    annotated: float = 0.0
    speeds: list[np.ndarray] = field(default_factory=list)
    accelerations: list[np.ndarray] = field(default_factory=list)
    labels: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    kinds: Counter[str] = field(default_factory=Counter)
    sides: Counter[str] = field(default_factory=Counter)

    def rows(self) -> list[tuple[str, str]]:
        """Name and value for a table."""
        if not self.clips:
            return [("clips", "0")]
        speed, acceleration = np.concatenate(self.speeds), np.concatenate(self.accelerations)
        rows = [
            ("seconds", f"{self.seconds:.0f}"),
            ("frames per second", ", ".join(self.frame_rates)),
            ("words", f"{self.words}"),
            ("annotated frames per hand", f"{self.annotated / self.seconds:.1%}"),
            ("wrist speed: mean, 95 %, largest", _three(speed)),
            ("wrist acceleration: mean, 95 %, largest", _three(acceleration)),
        ]
        if self.gestures:
            rows += [
                ("seconds of speech per gesture", f"{self.speech_seconds / self.gestures:.2f}"),
                ("hands", _counts(self.sides)),
                ("kinds", _counts(self.kinds)),
            ]
        return rows + [(name, _counts(count)) for name, count in self.labels.items()]


def summarise(clips: Iterable[ClipRecord]) -> Summary:
    """Measure clips."""
    summary = Summary()
    for clip in clips:
        summary.clips += 1
        summary.seconds += clip.duration
        summary.durations.append(clip.duration)
        summary.words += len(clip.words)
        summary.frame_rates[f"{clip.fps:g}"] += 1
        summary.speech_seconds += sum(word.end - word.start for word in clip.words)
        for gesture in clip.meta.get("gestures", ()):
            summary.gestures += 1
            summary.kinds[gesture["kind"]] += 1
            summary.sides[gesture["side"]] += 1
        if clip.annotations is not None:
            _count_labels(summary, clip)
        positions = clip.motion().positions()
        wrists = positions[:, _WRISTS] - positions[:, [skeleton.THORAX]]
        velocity = np.diff(wrists, axis=0) * clip.fps
        summary.speeds.append(np.linalg.norm(velocity, axis=-1).ravel())
        summary.accelerations.append(np.linalg.norm(np.diff(velocity, axis=0) * clip.fps, axis=-1).ravel())
    return summary


def _count_labels(summary: Summary, clip: ClipRecord) -> None:
    assert clip.annotations is not None
    for channel in CHANNELS:
        values = clip.annotations[channel.index]
        if channel.family == "phase":
            summary.annotated += float((values > 0).sum()) / clip.fps / 2
        if channel.labels:
            frames = Counter(values[values > 0].astype(int).tolist())
            for value, count in frames.items():
                summary.labels[channel.family][channel.name_of(value) or str(value)] += count


def _three(values: np.ndarray) -> str:
    return f"{values.mean():.3f}, {np.percentile(values, 95):.3f}, {values.max():.3f}"


def _counts(counts: Counter[str]) -> str:
    total = sum(counts.values())
    return ", ".join(f"{name} {count / total:.1%}" for name, count in counts.most_common())
