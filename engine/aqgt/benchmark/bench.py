# SPDX-License-Identifier: GPL-3.0-or-later
"""All measurements of `aqgt bench`, each in a process of its own, one after the other."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from aqgt import __version__
from aqgt.benchmark.side import ENGINE, STRAIGHTFORWARD, Task
from aqgt.errors import AqgtError
from aqgt.threads import busy_cores

Record = dict[str, Any]


def bench(
    task: Task,
    *,
    compare: bool,
    random: bool = False,
    on_side: Callable[[str], None] = lambda title: None,
) -> Record:
    """Measures the engine, with more variants once more, and the straightforward loop.

    Args:
        task: the engine's; its variants are measured beside a run with one.
        compare: whether the straightforward loop is measured too; it exists for published models.
        random: whether published networks of random weights are made for it (1.3 GB in the temporary folder).
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
    record: Record = {"machine": _machine(), "conditions": _conditions(task, random), "sides": {}}
    with _folder(task.model if random else None) as folder:
        for title, each in tasks.items():
            on_side(title)
            record["sides"][title] = _summary(_run(replace(each, folder=folder)))
    record["ratios"] = _ratios(record["sides"], main)
    record["machine"]["busy_cores_after"] = busy_cores()
    return record


@contextmanager
def _folder(random: str | None) -> Iterator[str]:
    """A folder with networks of that name and random weights, while it is needed; "" for no name."""
    if random is None:
        yield ""
        return
    with tempfile.TemporaryDirectory(prefix="aqgt-bench-") as folder:
        _python("aqgt.benchmark.material", folder, random)
        yield folder


def _python(*arguments: str) -> str:
    """What a module of this package, run in a process of its own, printed."""
    done = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise AqgtError(
            f"The measurement failed: {last}",
            "Look for space in the temporary folder, and whether `aqgt generate` runs with this model.",
            "bench-failed",
        )
    return done.stdout


def _run(task: Task) -> Record:
    found: Record = json.loads(
        _python("aqgt.benchmark.side", json.dumps(asdict(task))).strip().splitlines()[-1]
    )
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


def _conditions(task: Task, random: bool) -> Record:
    weights = "random, of the published sizes" if random else "installed"
    return {"model": task.model, "weights": weights, "sound": "made-up", "seconds": task.seconds}
