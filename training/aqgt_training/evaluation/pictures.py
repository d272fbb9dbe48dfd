# SPDX-License-Identifier: GPL-3.0-or-later
"""The charts of a report, as SVG texts that stand in its HTML."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.motion import Motion
from aqgt_training.evaluation import motion_statistics as statistics

_SIZE = (7.0, 3.2)
_COLOURS = ("#3a7dbd", "#d96a54", "#6a9a52", "#444b57", "#b58a2f", "#8867a8", "#8a929e")
_CURVES = "curve.jsonl", "log.jsonl"


def distributions(motions: Mapping[str, Sequence[Motion]]) -> dict[str, str]:
    """Histograms of wrist speed and jerk of each set, one chart each; sets that stand still are left out."""
    charts = {}
    for order, title, unit in ((1, "Wrist speed", "units/s"), (3, "Wrist jerk", "units/s³")):
        values = {name: _rates(each, order) for name, each in motions.items()}
        values = {name: v for name, v in values.items() if len(v) and v.max() > 1e-6}
        if values:
            charts[f"{title} ({unit})"] = _histogram(values, f"{title}, {unit}")
    return charts


def clip_spread(per_clip: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    """Mean wrist speed of each clip, a column of dots per set."""
    pyplot = _pyplot()
    figure, axes = pyplot.subplots(figsize=_SIZE, layout="constrained")
    for place, name in enumerate(names):
        values = [entry["sets"][name]["speed"] for entry in per_clip]
        axes.plot(
            np.full(len(values), place) + np.linspace(-0.15, 0.15, len(values)),
            values,
            "o",
            ms=3.5,
            color=_COLOURS[place % len(_COLOURS)],
        )
    axes.set_xticks(range(len(names)), names)
    axes.set_ylabel("mean wrist speed, units/s")
    return _svg(figure)


def learning_curves(run: Path) -> str | None:
    """Training and held-out loss of a run's folder; None where it holds no curves."""
    training, held_out = (_rows(run / name) for name in _CURVES)
    training = [row for row in training if "total" in row]
    held_out = [row for row in held_out if "val_total" in row]
    if not training and not held_out:
        return None
    pyplot = _pyplot()
    figure, axes = pyplot.subplots(figsize=_SIZE, layout="constrained")
    if training:
        steps, losses = [row["step"] for row in training], [row["total"] for row in training]
        axes.plot(steps, losses, lw=0.8, label="training", color=_COLOURS[0])
    if held_out:
        steps, losses = [row["step"] for row in held_out], [row["val_total"] for row in held_out]
        axes.plot(steps, losses, marker=".", label="held out", color=_COLOURS[1])
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.legend(frameon=False)
    return _svg(figure)


def _rates(motions: Sequence[Motion], order: int) -> NDArray[np.float64]:
    parts = [
        np.linalg.norm(np.diff(statistics.wrist_track(motion, side), n=order, axis=0), axis=1)
        * motion.fps**order
        for motion in motions
        for side in statistics.WRISTS
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def _histogram(values: Mapping[str, NDArray], label: str) -> str:
    pyplot = _pyplot()
    figure, axes = pyplot.subplots(figsize=_SIZE, layout="constrained")
    top = max(float(np.percentile(each, 99)) for each in values.values())
    edges = np.linspace(0, max(top, 1e-6), 60)
    for number, (name, each) in enumerate(values.items()):
        counts, _ = np.histogram(each, edges)
        axes.step(
            edges[:-1],
            counts / len(each),
            where="post",
            label=name,
            lw=1.6 if name == "real" else 1.0,
            color=_COLOURS[number % len(_COLOURS)],
        )
    axes.set_yscale("log")
    axes.set_xlabel(label)
    axes.set_ylabel("share of frames")
    axes.legend(frameon=False)
    return _svg(figure)


def _rows(path: Path) -> list[dict[str, Any]]:
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            found.append(json.loads(line))
        except ValueError:  # the last line of a run that was killed while writing it
            continue
    return found


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def _svg(figure: Any) -> str:
    """The figure as an SVG element; its ids are fixed, so that the same figures give the same text."""
    import matplotlib
    from matplotlib import pyplot

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "aqgt", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    text = buffer.getvalue()
    return text[text.index("<svg") :]
