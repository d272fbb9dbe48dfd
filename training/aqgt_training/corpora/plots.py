# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a corpus: lengths, speeds, labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from aqgt_training.corpora.statistics import Summary

_BINS = 40
_MOST_LABELS = 12


def plot_summary(summary: Summary, title: str, folder: Path) -> list[Path]:
    """Write pictures of one split: ``SPLIT-motion.png`` and, where there are any, ``SPLIT-labels.png``.

    Returns:
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = [_motion(summary, title, folder / f"{title}-motion.png")]
    if any(summary.labels.values()):
        written.append(_labels(summary, title, folder / f"{title}-labels.png"))
    return written


def _motion(summary: Summary, title: str, path: Path) -> Path:
    figure, axes = _figure(1, 3)
    panels = (
        (summary.durations, "seconds of a clip", False),
        (np.concatenate(summary.speeds), "wrist speed, model units per second", True),
        (np.concatenate(summary.accelerations), "wrist acceleration, model units per second squared", True),
    )
    for axis, (values, label, cut) in zip(axes, panels, strict=True):
        values = np.asarray(values)
        top = np.percentile(values, 99.5) if cut else values.max()
        axis.hist(values, bins=_BINS, range=(0, max(float(top), 1e-6)))
        axis.set_xlabel(label)
    figure.suptitle(f"{title}: {summary.clips} clips, {summary.seconds / 60:.1f} minutes")
    return _saved(figure, path)


def _labels(summary: Summary, title: str, path: Path) -> Path:
    families = [(name, counts) for name, counts in summary.labels.items() if counts]
    rows = -(-len(families) // 3)
    figure, axes = _figure(rows, 3)
    for axis, (name, counts) in zip(axes, families, strict=False):
        shown = counts.most_common(_MOST_LABELS)[::-1]
        total = sum(counts.values())
        axis.barh([label for label, _ in shown], [count / total for _, count in shown])
        axis.set_title(name)
    for axis in axes[len(families) :]:
        axis.axis("off")
    figure.suptitle(f"{title}: labels by share of annotated frames")
    return _saved(figure, path)


def _figure(rows: int, columns: int) -> tuple[Any, list[Any]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5 * columns, 3.5 * rows), layout="constrained")
    FigureCanvasAgg(figure)  # no window, whatever the machine has
    return figure, list(figure.subplots(rows, columns, squeeze=False).ravel())


def _saved(figure: Any, path: Path) -> Path:
    figure.savefig(path, dpi=100)
    return path
