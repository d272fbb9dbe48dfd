# SPDX-License-Identifier: GPL-3.0-or-later
"""Times of known English words in a recording, by pocketsphinx and the acoustic model in its wheel."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.speech.audio import SAMPLE_RATE, to_int16
from aqgt.speech.pronunciation import pronounce
from aqgt.speech.voice_activity import levels, quietest

FRAME_RATE = 100
# Longer recordings are cut at pauses. Each piece is read against the words that may fit into it.
_LONGEST_PIECE, _SHORTEST_PIECE = 40.0, 20.0
_MOST_WORDS_PER_SECOND = 5.5
# Faint last words can drown in noise, and the decoder then ends before them.
_MOST_LOST = 2
_BREATH = 20  # silence around each piece, in 10 ms
_VARIANT = re.compile(r"\(\d+\)$")


@dataclass(frozen=True)
class Placed:
    """A spoken word in the recording.

    Attributes:
        start, end: seconds.
        score: acoustic score for each 10 ms; 0 is what the model likes best, fitting words have about -15.
    """

    start: float
    end: float
    score: float


class DoesNotFitError(Exception):
    """The words can't be found in the recording; `words` says how many could."""

    def __init__(self, words: int) -> None:
        super().__init__(f"only {words} words found")
        self.words = words


class ForcedAligner:
    """One pocketsphinx decoder; unknown words are added to its dictionary as they come."""

    def __init__(self) -> None:
        import pocketsphinx  # loads a library and 5 MB of model; only aligning needs it

        self._decoder: Any = pocketsphinx.Decoder(lm=None, loglevel="FATAL")

    def knows(self, word: str) -> bool:
        """Whether the word can be aligned: it is in the dictionary, or was added by its letters."""
        if self._decoder.lookup_word(word):
            return True
        phones = pronounce(word, self._decoder.lookup_word)
        if phones is None:
            return False
        self._decoder.add_word(word, phones, True)
        return True

    def align(
        self,
        audio: NDArray[np.float32],
        words: Sequence[str],
        progress: Callable[[float], None] | None = None,
    ) -> list[Placed | None]:
        """Places each word, or None where a last word is lost in noise.

        Args:
            audio: mono samples at 16 kHz.
            words: spoken words that `knows` accepts.
            progress: is told the share that is done, 0…1.

        Raises:
            DoesNotFitError: the recording does not hold these words.
        """
        tell = progress or _to_nobody
        placed: list[Placed | None] = []
        level = levels(audio)
        tell(0.0)
        at = 0  # in 10 ms
        while len(level) - at > _LONGEST_PIECE * FRAME_RATE and len(placed) < len(words):
            end = quietest(
                level, at + int(_SHORTEST_PIECE * FRAME_RATE), at + int(_LONGEST_PIECE * FRAME_RATE)
            )
            piece, seconds = _pcm(audio, at, end), at / FRAME_RATE
            rest = words[len(placed) :]
            n = self._count(piece, rest[: int((end - at) / FRAME_RATE * _MOST_WORDS_PER_SECOND)])
            if n is None:
                raise DoesNotFitError(len(placed))
            tell((at + (end - at) / 3) / len(level))
            placed += self._place(piece, rest[:n], seconds, len(placed))
            at = end
            tell(at / len(level))
        if len(placed) < len(words):
            tell((at + (len(level) - at) / 3) / len(level))
            placed += self._place(
                _pcm(audio, at, len(level)), words[len(placed) :], at / FRAME_RATE, len(placed)
            )
        tell(1.0)
        return placed

    def _count(self, pcm: bytes, words: Sequence[str]) -> int | None:
        """How many of the words the piece holds, from the first on; None if it does not begin with them."""
        n = len(words)
        transitions: list[tuple[Any, ...]] = [(i, i + 1, 1.0, word) for i, word in enumerate(words)]
        transitions += [(i, n + 1, 1.0) for i in range(n + 1)]  # the piece may end after any word
        self._decoder.add_fsg("piece", self._decoder.create_fsg("piece", 0, n + 1, transitions))
        self._decoder.activate_search("piece")
        self._hear(pcm)
        if self._decoder.hyp() is None:
            return None
        return len(_spoken(self._decoder.seg()))

    def _place(self, pcm: bytes, words: Sequence[str], seconds: float, before: int) -> list[Placed | None]:
        if not words:
            return []
        try:
            self._decoder.set_align_text(" ".join(words))
            self._hear(pcm)
            # The second pass knows the words and finds their sounds: finer times, and scores.
            self._decoder.set_alignment()
            self._hear(pcm)
            found = [word for word in self._decoder.get_alignment() or () if _is_spoken(word.name)]
        except RuntimeError as error:  # no path through the recording
            raise DoesNotFitError(before) from error
        lost = len(words) - len(found)
        if [_VARIANT.sub("", word.name) for word in found] != list(words[: len(found)]):
            raise DoesNotFitError(before)
        if not found or lost > _MOST_LOST:
            raise DoesNotFitError(before + len(found))
        longest = (len(pcm) // 2) / SAMPLE_RATE - 2 * _BREATH / FRAME_RATE
        placed: list[Placed | None] = []
        for word in found:
            start = (word.start - _BREATH) / FRAME_RATE
            times = np.clip([start, start + word.duration / FRAME_RATE], 0.0, longest) + seconds
            placed.append(Placed(float(times[0]), float(times[1]), word.score / max(1, word.duration)))
        return placed + [None] * lost

    def _hear(self, pcm: bytes) -> None:
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, full_utt=True)
        self._decoder.end_utt()


def _to_nobody(_share: float) -> None:
    """Nobody wants to know."""


def _spoken(segments: Any) -> list[str]:
    return [segment.word for segment in segments or () if _is_spoken(segment.word)]


def _is_spoken(word: str) -> bool:
    return not word.startswith(("<", "[", "++", "(NULL)"))


def _pcm(audio: NDArray[np.float32], first: int, stop: int) -> bytes:
    """A piece as the decoder hears it: with a breath of silence (noise of one bit) before and after.

    Its second pass fails where a recording ends within a word and leaves no room for the final silence.
    """
    hop = SAMPLE_RATE // FRAME_RATE
    breath = np.random.default_rng(0).integers(-1, 2, _BREATH * hop, dtype=np.int16)
    return np.concatenate([breath, to_int16(audio[first * hop : stop * hop]), breath]).tobytes()
