# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: how fast things are on this machine. Prints a table and writes out/bench.json."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import msgpack
import numpy as np

CHECKOUT = Path(__file__).resolve().parent.parent
VOICE = CHECKOUT / "examples" / "voice" / "sense_and_sensibility.wav"
TEXT = VOICE.with_suffix(".txt")


@dataclass(frozen=True)
class Figure:
    """One measured number."""

    name: str
    value: float
    unit: str
    limit: float | None = None


def best_of(action: Callable[[], object], repeats: int = 5) -> float:
    """Seconds of the fastest of several runs, the first one not counted."""
    action()
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return min(taken)


def generation(model_name: str) -> list[Figure]:
    """Speed of `generate` in a warm process, in all and by stage."""
    from aqgt.generation import generate
    from aqgt.models.registry import load_model
    from aqgt.protocol.messages import SAMPLE_RATE, GenerateRequest
    from aqgt.speech.alignment import align
    from aqgt.speech.audio import read_audio

    audio = read_audio(VOICE)
    seconds = len(audio) / SAMPLE_RATE
    start = time.perf_counter()
    words = tuple(align(audio, TEXT.read_text(encoding="utf-8")))
    aligning = time.perf_counter() - start
    start = time.perf_counter()
    model = load_model(model_name)
    loading = time.perf_counter() - start
    request = GenerateRequest(audio, words, model=model_name)
    results = []
    total = best_of(lambda: results.append(generate(request, model)), repeats=3)
    figures = [
        Figure(f"generate ({model_name})", total / seconds, "s per second of motion", 0.1),
        Figure("load the model", loading, "s"),
        Figure("align the transcript", aligning / seconds, "s per second of sound"),
    ]
    stages = results[-1].provenance[0].timings
    figures += [
        Figure(f"  stage: {name}", taken / seconds, "s per second of motion")
        for name, taken in stages.items()
    ]
    return figures + preview(results[-1].motions[0], audio)


def preview(motion, audio) -> list[Figure]:  # type: ignore[no-untyped-def]
    """Speed of drawing the stick figure."""
    from aqgt.preview import write_preview

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write_preview(Path(folder) / "preview.mp4", motion, audio)
        taken = time.perf_counter() - start
    return [Figure("draw the preview", motion.duration / taken, "times real time", None)]


def command_line(model_name: str) -> list[Figure]:
    """What a user waits for: the whole command in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "aqgt.cli", "generate", str(VOICE), "--text", str(TEXT)]
        command += ["--model", model_name, "-o", str(Path(folder) / "a.npz")]
        start = time.perf_counter()
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        whole = time.perf_counter() - start
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "aqgt.cli", "--help"], check=True, stdout=subprocess.DEVNULL)
    return [
        Figure("`aqgt generate` in a fresh process", whole, "s"),
        Figure("`aqgt --help`", time.perf_counter() - start, "s"),
    ]


def wire() -> list[Figure]:
    """Raw bytes against nested lists, for a minute of motion."""
    from aqgt.motion import Motion
    from aqgt.protocol import messages, wire

    vectors = np.random.default_rng(0).standard_normal((900, 53, 3)).astype(np.float32)
    result = messages.GenerateResult((Motion(15, vectors),), ((),), (np.zeros((17, 900), np.float32),), ())
    frame = wire.encode(result)
    raw = best_of(lambda: wire.decode(wire.encode(result)))
    nested = best_of(lambda: np.array(msgpack.unpackb(msgpack.packb(vectors.tolist())), dtype=np.float32))
    return [
        Figure("wire: a minute of motion, encode and decode", raw * 1000, "ms"),
        Figure("wire: the same as nested lists", nested * 1000, "ms"),
        Figure("wire: gain in time", nested / raw, "times"),
        Figure(
            "wire: size against nested lists",
            len(frame) / len(msgpack.packb(vectors.tolist())),
            "of the bytes",
        ),
    ]


def main() -> None:
    """Measure, print, write; exit with 1 where a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="compact")
    parser.add_argument("--output", type=Path, default=CHECKOUT / "out" / "bench.json")
    arguments = parser.parse_args()
    figures = [*generation(arguments.model), *command_line(arguments.model), *wire()]
    for figure in figures:
        limit = f"   (at most {figure.limit:g})" if figure.limit is not None else ""
        print(f"{figure.name:<46} {figure.value:>9.4g} {figure.unit}{limit}")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    machine = {
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }
    machine |= {"machine": platform.machine(), "python": platform.python_version()}
    record = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
    arguments.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    slow = [figure.name for figure in figures if figure.limit is not None and figure.value > figure.limit]
    if slow:
        sys.exit(f"Slower than wanted: {', '.join(slow)}")


if __name__ == "__main__":
    main()
