# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said in a composed corpus: sentences of texts, synthesised, or recorded ones; words and accents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aqgt.planner.candidates import word_stress
from aqgt.planner.sound import hear
from aqgt.words import Word, shifted
from aqgt_training.corpora.clip_lmdb import SAMPLE_RATE
from aqgt_training.corpora.compose_config import ComposeConfig
from aqgt_training.corpora.flite import Syllable, VoicePool
from aqgt_training.corpora.recordings import Recording, read_recordings
from aqgt_training.corpora.speakers import Speaker
from aqgt_training.corpora.texts import Document, paragraph, read_documents

_PHRASES = Path(__file__).parent / "data" / "phrases_en.txt"


@dataclass(frozen=True)
class Utterance:
    """Sound `[N]` int16, its words, and the seconds of its accented syllables."""

    samples: NDArray[np.int16]
    words: list[Word]
    accents: list[float]
    source: str
    voice: str = ""


class Utterances:
    """Things to say, those of validation apart from those of training."""

    def __init__(self, config: ComposeConfig) -> None:
        self.config = config
        self._documents = _split_documents(read_documents(config.texts), config)
        self._voices = VoicePool()
        self._recordings = _split_recordings(config)
        self._phrases = [
            line
            for line in _PHRASES.read_text(encoding="utf-8").splitlines()
            if line and not line.startswith("#")
        ]

    def document_names(self, split: str) -> list[str]:
        """Names of the documents that a split speaks."""
        return [document.name for document in self._documents[split]]

    def speak(self, split: str, speaker: Speaker, random: np.random.Generator) -> Utterance:
        """What a speaker says next: a paragraph, everyday sentences, or recorded ones."""
        low, high = self.config.words_per_clip
        n_words = int(random.integers(low, high + 1))
        recordings = self._recordings.get(split)
        if recordings and random.random() < self.config.recorded:
            return self.replay(recordings[int(random.integers(len(recordings)))], n_words, random)
        if random.random() < self.config.phrases:
            # Every fifth phrase is kept for validation.
            mine = [p for i, p in enumerate(self._phrases) if (i % 5 == 4) == (split == "val")]
            sentences = _some(mine, n_words, random)
            source = "phrases"
        else:
            documents = self._documents[split]
            document = documents[int(random.integers(len(documents)))]
            sentences, source = paragraph(document, random, n_words), document.name
        return self._say(sentences, speaker, source, random)

    def replay(self, recordings: Sequence[Recording], n_words: int, random: np.random.Generator) -> Utterance:
        """Recorded sentences in a random order, with pauses between."""
        chosen = [recordings[int(i)] for i in random.permutation(len(recordings))]
        parts: list[NDArray] = [np.zeros(int(random.uniform(0.6, 1.2) * SAMPLE_RATE))]
        words: list[Word] = []
        loudness = float(np.clip(random.normal(0.9, 0.12), 0.5, 1.1))
        for recording in chosen:
            words += shifted(recording.words, sum(map(len, parts)) / SAMPLE_RATE)
            parts += [loudness * recording.samples, np.zeros(int(random.uniform(0.3, 1.8) * SAMPLE_RATE))]
            if len(words) >= n_words:
                break
        samples = np.concatenate(parts)
        samples = samples + random.normal(0, self.config.noise, len(samples))
        sounds = hear(samples, words, None)
        stresses = word_stress(words, sounds)
        accents = [sounds.peak_time(w.start, w.end) for w, s in zip(words, stresses, strict=True) if s > 0.5]
        source = ", ".join(sorted({recording.name.split("/")[0] for recording in chosen}))
        as_integers = np.clip(samples * 32768, -32768, 32767).astype(np.int16)
        return Utterance(as_integers, words, accents, f"recordings: {source}", voice="recorded")

    def _say(
        self, sentences: Sequence[str], speaker: Speaker, source: str, random: np.random.Generator
    ) -> Utterance:
        parts: list[NDArray] = [np.zeros(int(random.uniform(0.6, 1.2) * SAMPLE_RATE), dtype=np.int16)]
        words: list[Word] = []
        accents: list[float] = []
        for index, sentence in enumerate(sentences):
            at = sum(map(len, parts)) / SAMPLE_RATE
            stretch = speaker.stretch * float(random.uniform(0.95, 1.05))
            speech = self._voices.speak(speaker.voice, sentence, stretch)
            words += [Word(w.text, at + w.start, at + w.end, w.language) for w in speech.words]
            accents += [at + _middle(s) for s in speech.syllables if s.accented]
            loudness = float(np.clip(random.normal(0.8, 0.12), 0.45, 1.0))
            parts.append((speech.samples * loudness).astype(np.int16))
            long = index + 1 == len(sentences) or random.random() < self.config.long_pauses
            pause = random.uniform(0.9, 2.0) if long else random.uniform(0.05, 0.4)
            parts.append(np.zeros(int(pause * SAMPLE_RATE), dtype=np.int16))
        samples = np.concatenate(parts)
        hiss = random.normal(0, self.config.noise * 32768, len(samples))
        samples = np.clip(samples + hiss, -32768, 32767).astype(np.int16)
        return Utterance(samples, words, accents, source)


def _split_recordings(config: ComposeConfig) -> dict[str, list[list[Recording]]]:
    """Split → folders' recordings; of each folder every fifth sentence is kept for validation."""
    splits: dict[str, list[list[Recording]]] = {"train": [], "val": []}
    for folder in config.recordings if config.recorded > 0 else []:
        found = read_recordings(folder)
        for split, part in (("train", [r for i, r in enumerate(found) if i % 5 != 4]), ("val", found[4::5])):
            if part:
                splits[split].append(part)
    return splits


def _split_documents(documents: Sequence[Document], config: ComposeConfig) -> dict[str, list[Document]]:
    random = np.random.default_rng([0x646F6373, config.seed])
    n_val = min(max(1, round(config.hold_out * len(documents))), len(documents) - 1)
    val = set(random.choice(len(documents), size=n_val, replace=False).tolist()) if n_val > 0 else set()
    return {
        "train": [d for i, d in enumerate(documents) if i not in val] or list(documents),
        "val": [d for i, d in enumerate(documents) if i in val] or list(documents),
    }


def _some(sentences: Sequence[str], n_words: int, random: np.random.Generator) -> list[str]:
    chosen: list[str] = []
    for index in random.permutation(len(sentences)):
        chosen.append(sentences[int(index)])
        if sum(len(text.split()) for text in chosen) >= n_words:
            break
    return chosen


def _middle(syllable: Syllable) -> float:
    return (syllable.start + syllable.end) / 2
