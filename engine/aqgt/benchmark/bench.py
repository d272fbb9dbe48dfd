# SPDX-License-Identifier: GPL-3.0-or-later
"""All measurements of `aqgt bench`, each in a process of its own, one after the other."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from aqgt import __version__
from aqgt.benchmark.side import ENGINE, STRAIGHTFORWARD, Task
from aqgt.errors import AqgtError
from aqgt.threads import busy_cores

Record = dict[str, Any]


def bench(task: Task, *, compare: bool, on_side: Callable[[str], None] = lambda title: None) -> Record:
    """Measures the engine, with more variants once more, and the straightforward loop.

    Args:
        task: the engine's; its variants are measured beside a run with one.
        compare: whether the straightforward loop is measured too; it exists for published models.
        on_side: told what is measured next.

    Returns:
        a record for JSON: ``machine``, ``conditions``, ``sides`` by title, ``ratios``.

    Raises:
        AqgtError: a measurement failed.
    """
    tasks = {"engine": replace(task, side=ENGINE, variants=1)}
    if task.precision == "fast":
        tasks = {
            "engine, exact": replace(tasks["engine"], precision="exact"),
            "engine, fast": tasks["engine"],
        }
    main = list(tasks)[-1]
    if task.variants > 1:
        tasks[f"{main}, {task.variants} variants"] = replace(task, side=ENGINE)
    if compare:
        tasks[STRAIGHTFORWARD] = replace(task, side=STRAIGHTFORWARD, variants=1, precision="exact")
    record: Record = {"machine": _machine(), "conditions": _conditions(task), "sides": {}}
    for title, each in tasks.items():
        on_side(title)
        record["sides"][title] = _summary(_run(each))
    record["ratios"] = _ratios(record["sides"], main)
    record["machine"]["busy_cores_after"] = busy_cores()
    return record


def _run(task: Task) -> Record:
    command = [sys.executable, "-m", "aqgt.benchmark.side", json.dumps(asdict(task))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise AqgtError(
            f"The measurement of {task.side} failed: {last}",
            "Run `aqgt generate` with this model, which tells more.",
            "bench-failed",
        )
    found: Record = json.loads(done.stdout.strip().splitlines()[-1])
    if "error" in found:
        raise AqgtError(*found["error"])
    return found


def _summary(found: Record) -> Record:
    seconds, moments = found["seconds"], found.pop("moments")
    steps = np.diff([0.0, *moments])
    return {
        **found,
        "per_second": found["total"] / seconds,
        "parts_per_second": {name: taken / seconds for name, taken in found.pop("parts").items()},
        "first_window": moments[0],
        "windows": len(moments),
        "window_p50": float(np.percentile(steps, 50)),
        "window_p95": float(np.percentile(steps, 95)),
    }


def _ratios(sides: Record, main: str) -> dict[str, float]:
    ours = sides[main]
    ratios: dict[str, float] = {}
    for title, side in sides.items():
        if title == STRAIGHTFORWARD:
            ratios["in all"] = side["per_second"] / ours["per_second"]
            ratios |= {
                part: taken / ours["parts_per_second"][part]
                for part, taken in side["parts_per_second"].items()
                if ours["parts_per_second"].get(part)
            }
        elif side["variants"] > 1:
            ratios[f"time of {side['variants']} variants to one"] = side["per_second"] / ours["per_second"]
        elif title != main:
            ratios["time of exact to fast"] = side["per_second"] / ours["per_second"]
    return ratios


def _machine() -> Record:
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "busy_cores_before": busy_cores(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "aqgt": __version__,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _conditions(task: Task) -> Record:
    weights = "random, of the published sizes" if task.random else "installed"
    return {"model": task.model, "weights": weights, "sound": "made-up", "seconds": task.seconds}
