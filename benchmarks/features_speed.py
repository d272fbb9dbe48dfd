# SPDX-License-Identifier: GPL-3.0-or-later
"""How long features, prosody and alignment take for each second of speech, on one core.

python benchmarks/features_speed.py [--minutes 5]
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is imported

import numpy as np

from aqgt.speech.alignment import align
from aqgt.speech.audio import read_audio
from aqgt.speech.features import CompactFeatures
from aqgt.speech.prosody import analyse
from aqgt.speech.word_vectors import WordVectors

CHECKOUT = Path(__file__).resolve().parent.parent


def best(action: Callable[[], object], repeats: int = 3) -> float:
    """The shortest of some runs in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=5.0, help="length of the recording for the features")
    minutes = parser.parse_args().minutes
    folder = CHECKOUT / "examples" / "voice"
    voice = read_audio(folder / "sense_and_sensibility.wav")
    text = (folder / "sense_and_sensibility.txt").read_text(encoding="utf-8")
    words = align(voice, text)
    repeats = max(1, round(minutes * 60 * 16000 / len(voice)))
    audio = np.tile(voice, repeats)
    long_words = [
        type(w)(w.text, w.start + i * len(voice) / 16000, w.end + i * len(voice) / 16000)
        for i in range(repeats)
        for w in words
    ]
    vectors = WordVectors.load(CHECKOUT / "models" / "compact" / "words.safetensors")
    features = CompactFeatures(vectors=vectors)
    seconds = len(audio) / 16000
    runs = {
        "features": (lambda: features.prepare(audio, long_words, int(seconds * 15)), seconds),
        "prosody": (lambda: analyse(audio, long_words), seconds),
        "alignment": (lambda: align(voice, text), len(voice) / 16000),
    }
    for name, (action, length) in runs.items():
        taken = best(action)
        per_second = 1000 * taken / length
        print(f"{name:10} {per_second:7.2f} ms per second of speech, {length / taken:6.0f} x real time")


if __name__ == "__main__":
    main()
