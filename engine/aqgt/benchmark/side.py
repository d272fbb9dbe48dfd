# SPDX-License-Identifier: GPL-3.0-or-later
"""One measurement in a process of its own, so that its peak of memory is its own.

python -m aqgt.benchmark.side '{"side": "engine", …}' prints what it found as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aqgt.errors import AqgtError
from aqgt.models.frozen import Precision
from aqgt.threads import use_threads

ENGINE, STRAIGHTFORWARD = "engine", "straightforward"


@dataclass(frozen=True)
class Task:
    """What to measure.

    Attributes:
        side: `ENGINE`, or `STRAIGHTFORWARD`, which knows neither precision nor variants.
        threads: None: the engine takes the cores that are free, the other PyTorch's own number.
        folder: the model's, where it is not found by its name.
    """

    side: str
    model: str
    device: str
    threads: int | None
    variants: int
    seconds: float
    precision: Precision
    folder: str = ""


def measure(task: Task) -> dict[str, Any]:
    """Seconds by part and window, and the peak of memory in MiB."""
    import torch

    from aqgt.models import registry

    n_threads = torch.get_num_threads()
    if task.side == ENGINE or task.threads is not None:
        n_threads = use_threads(task.threads)
    began = time.perf_counter()
    model = registry.load_model(task.folder or task.model, task.device, precision=task.precision)
    loaded = time.perf_counter() - began
    run = _engine if task.side == ENGINE else _straightforward
    # The first run loads what is loaded when first needed, and lays weights out.
    began = time.perf_counter()
    run(model, task, min(task.seconds, 4.0))
    warm = time.perf_counter() - began
    return {
        **asdict(task),
        **run(model, task, task.seconds),
        "threads": n_threads,
        "load_seconds": loaded,
        "warm_up_seconds": warm,
        "peak_mib": peak_mib(),
    }


def _engine(model: Any, task: Task, seconds: float) -> dict[str, Any]:
    from aqgt.benchmark import material
    from aqgt.generation import generate
    from aqgt.protocol.messages import GenerateRequest, Progress

    parts: dict[str, float] = {}
    restore = _watch_features(model.features, parts)
    moments: list[float] = []

    def on_progress(progress: Progress) -> None:
        if progress.variant == task.variants - 1:
            moments.append(time.perf_counter() - began)

    request = GenerateRequest(
        material.sound(seconds),
        material.words(seconds),
        model=task.model,
        variants=task.variants,
        annotate="none" if task.folder else "auto",
    )
    began = time.perf_counter()
    result = generate(request, model, on_progress=on_progress)
    total = time.perf_counter() - began
    restore()
    timings = result.provenance[0].timings
    if parts:
        parts["beats and cutting"] = timings["features"] - sum(parts.values())
        parts["generator"] = timings["network"]
    else:
        parts = {name: taken for name, taken in timings.items() if name != "total"}
    parts["joining"] = total - sum(parts.values())
    return {"total": total, "parts": parts, "moments": moments}


def _watch_features(features: Any, parts: dict[str, float]) -> Callable[[], None]:
    """Adds up the seconds that a published model's encoders take; returns what ends it."""
    from aqgt.speech.published.features import PublishedFeatures

    if not isinstance(features, PublishedFeatures):
        return lambda: None
    watched = (
        ("audio VQ", features.codes, "values"),
        ("wav2vec2", features.sound, "logits"),
        ("BERT", features.sentences, "vectors"),
    )
    for part, encoder, name in watched:
        setattr(encoder, name, _watched(getattr(encoder, name), part, parts))

    def restore() -> None:
        for _, encoder, name in watched:
            delattr(encoder, name)

    return restore


def _watched(action: Callable[..., Any], part: str, parts: dict[str, float]) -> Callable[..., Any]:
    def run(*arguments: Any) -> Any:
        began = time.perf_counter()
        result = action(*arguments)
        parts[part] = parts.get(part, 0.0) + time.perf_counter() - began
        return result

    return run


def _straightforward(model: Any, task: Task, seconds: float) -> dict[str, Any]:
    from aqgt.benchmark import material
    from aqgt.benchmark.straightforward import Straightforward

    side = Straightforward(model)
    began = time.perf_counter()
    side.run(material.sound(seconds), material.words(seconds))
    total = time.perf_counter() - began
    parts = {**side.seconds, "cutting and joining": total - sum(side.seconds.values())}
    return {"total": total, "parts": parts, "moments": side.moments}


def peak_mib() -> float | None:
    """The most memory this process has had so far, shared pages included; None where nothing tells."""
    try:
        # What getrusage tells begins with the peak of the process that started this one.
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def main() -> None:
    """Measures the task of the command line."""
    try:
        found = measure(Task(**json.loads(sys.argv[1])))
    except AqgtError as error:
        found = {"error": [error.sentence, error.next_step, error.code]}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
