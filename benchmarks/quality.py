# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: a card of the default model's speed and quality, measured now; writes out/bench-quality.json.

Speed is that of the demo's recording on this machine. Quality is a quick evaluation: a few held-out clips and
a feature network of a few steps, so that its figures are no more than a check; `aqgt-train evaluate` measures
them well. What its corpus is composed of must be there ($AQGT_SOURCES), else the card holds the speed alone.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from aqgt.errors import AqgtError
from aqgt.generation import generate
from aqgt.models.registry import LoadedModel, load_model
from aqgt.protocol.messages import SAMPLE_RATE, GenerateRequest
from aqgt.service.backend import choose_device
from aqgt.speech.alignment import align
from aqgt.speech.audio import read_audio

CHECKOUT = Path(__file__).resolve().parent.parent
VOICE = CHECKOUT / "examples" / "voice" / "sense_and_sensibility.wav"
_HOURS, _MINUTES, _STEPS = 0.12, 3.0, 400


def speed(model: LoadedModel, device: str) -> list[tuple[str, str]]:
    """Seconds per second of motion, the best of three, and seconds until the first window is there."""
    audio = read_audio(VOICE)
    words = tuple(align(audio, VOICE.with_suffix(".txt").read_text(encoding="utf-8")))
    taken, first = [], []
    for _ in range(4):  # the first one only warms up
        arrivals: list[float] = []
        start = time.perf_counter()
        told = arrivals.append
        generate(
            GenerateRequest(audio, words), model, on_progress=lambda _, told=told: told(time.perf_counter())
        )
        taken.append(time.perf_counter() - start)
        first.append(arrivals[0] - start)
    return [
        ("model", f"{model.info.name} ({model.model_hash[:12]})"),
        ("device", device),
        ("seconds per second of motion", f"{min(taken[1:]) / (len(audio) / SAMPLE_RATE):.4f}"),
        ("first window, s", f"{min(first[1:]):.3f}"),
    ]


def quality(model: LoadedModel, name: str, clips: int, work: Path) -> list[tuple[str, str]]:
    """The headline of a quick evaluation, with the Fréchet distance's floor and baselines."""
    from aqgt_training.evaluation.default_corpus import default_corpus
    from aqgt_training.evaluation.evaluator import evaluate
    from aqgt_training.evaluation.features import QuickTraining, extractor_for
    from aqgt_training.evaluation.headline import headline
    from aqgt_training.evaluation.report import number

    corpus = default_corpus(name, work, hours=_HOURS, minutes=_MINUTES)
    extractor = extractor_for(corpus, cache=work, training=QuickTraining(steps=_STEPS))
    figures = evaluate(model, corpus, clips, extractor=extractor).figures
    sets = figures["sets"]
    rows = [
        (f"Fréchet distance, halves of {figures['clips']} clips: {each}", number(_halves(sets[each])))
        for each in ("annotated", "planner", "none", "real", "mean pose", "rest pose", "real, shuffled")
        if each in sets
    ]
    return rows + [(f"{title} ({beside})", value) for title, value, beside in headline(figures).rows]


def _halves(row: dict[str, Any]) -> float | None:
    return None if row.get("frechet_halves") is None else row["frechet_halves"]["value"]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="compact")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--clips", type=int, default=8, help="held-out clips at most")
    parser.add_argument("--work", type=Path, default=CHECKOUT / "out" / "bench-evaluation")
    parser.add_argument("--output", type=Path, default=CHECKOUT / "out" / "bench-quality.json")
    chosen = parser.parse_args()
    device = choose_device(chosen.device)
    rows = speed(load_model(chosen.model, device), device)
    try:
        rows += quality(load_model(chosen.model), chosen.model, chosen.clips, chosen.work)
    except AqgtError as error:
        if error.code != "no-corpus":
            raise
        print(f"Quality is left out: {error.sentence} {error.next_step}")
    for title, value in rows:
        print(f"{value:>28}  {title}")
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    chosen.output.write_text(json.dumps(dict(rows), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
