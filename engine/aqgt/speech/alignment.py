# SPDX-License-Identifier: GPL-3.0-or-later
"""Word times for a recording whose text is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.speech.audio import SAMPLE_RATE, check_audio
from aqgt.speech.forced_alignment import DoesNotFitError, ForcedAligner, Placed
from aqgt.speech.spoken_text import Token, spoken_tokens
from aqgt.speech.voice_activity import speech_parts
from aqgt.words import Word, spread

# Score for each 10 ms, averaged over the words: fitting transcripts reach -8 to -23 (14 clips, 3 speakers),
# swapped ones -34 at best.
_WORST_SCORE = -30.0
# Share of the speech that words must cover: 0.93 and more in fitting transcripts without noise.
_SMALLEST_COVERAGE = 0.6

Progress = Callable[[float], None]


def align(
    audio: NDArray[np.float32], text: str, language: str = "en", progress: Progress | None = None
) -> list[Word]:
    """Times of a transcript's words.

    English is found in the sound. Another language has no acoustic model here: its words are laid over the
    speech by their lengths and marked as estimated, as are words that can't be found (no Latin letter, or
    lost in noise at the end).

    Args:
        audio: mono samples `[N]` at 16 kHz; ten minutes and more are fine.
        text: what is said; punctuation stays on the words.
        language: BCP-47 code.
        progress: is told the share that is done, 0…1.

    Returns:
        one Word for each written word, ascending, in seconds.

    Raises:
        AqgtError: unusable audio, a text without words, or a transcript that does not fit the recording.
    """
    audio = check_audio(audio)
    if not text.strip() or not any(letter.isalnum() for letter in text):
        raise AqgtError(
            "The transcript holds no words.", "Type or load what is said in the sound.", "empty-text"
        )
    if language.lower().split("-")[0] not in ("en", "eng", "english"):
        return estimate(audio, text, language)
    tokens = spoken_tokens(text)
    known, placed = _placed(audio, tokens, progress)
    if not placed:
        return estimate(audio, text, language)
    _check_fit([word for word in placed if word is not None], speech_parts(audio))
    return _written(tokens, known, placed, len(audio) / SAMPLE_RATE, language)


def _placed(
    audio: NDArray[np.float32], tokens: Sequence[Token], progress: Progress | None
) -> tuple[list[tuple[str, ...]], list[Placed | None]]:
    """The spoken words of each token that can be aligned, and where all of them lie."""
    aligner = ForcedAligner()
    known = [tuple(word for word in token.spoken if aligner.knows(word)) for token in tokens]
    spoken = [word for words in known for word in words]
    try:
        return known, aligner.align(audio, spoken, progress)
    except DoesNotFitError as error:
        raise _misfit(tokens, known, error.words) from error


def estimate(audio: NDArray[np.float32], text: str, language: str = "en") -> list[Word]:
    """The words laid over the parts where somebody speaks, by their number of letters, all marked estimated.

    Raises:
        AqgtError: no speech can be found.
    """
    parts = speech_parts(audio)
    if not parts:
        raise AqgtError(
            "No speech was found in the audio.", "Pick a sound with speech, or raise its level.", "no-speech"
        )
    # First over speech alone, with the pauses taken out; then the pauses are put back.
    lengths = np.array([end - start for start, end in parts])
    begins = np.concatenate([[0.0], np.cumsum(lengths)])
    words = spread(text, 0.0, float(begins[-1]), language)
    result = []
    for word in words:
        # A word belongs to the part that holds its middle.
        part = int(np.searchsorted(begins, (word.start + word.end) / 2, side="right")) - 1
        part = min(part, len(parts) - 1)
        offset = parts[part][0] - begins[part]
        start = max(word.start, begins[part]) + offset
        end = min(word.end, begins[part + 1]) + offset
        result.append(Word(word.text, float(start), float(end), language, estimated=True))
    return result


def _check_fit(placed: Sequence[Placed], parts: Sequence[tuple[float, float]]) -> None:
    lengths = np.array([word.end - word.start for word in placed])
    score = float(np.dot(lengths, [word.score for word in placed]) / max(1e-9, lengths.sum()))
    if score < _WORST_SCORE:
        raise AqgtError(
            "The transcript does not fit the audio: its words are not what is heard.",
            "Check that the text belongs to this sound, and its language.",
            "transcript-misfit",
        )
    speech = sum(end - start for start, end in parts)
    covered = sum(
        max(0.0, min(word.end, end) - max(word.start, start)) for start, end in parts for word in placed
    )
    if speech > 0 and covered / speech < _SMALLEST_COVERAGE:
        raise AqgtError(
            f"The transcript does not fit the audio: it covers {covered:.0f} s of {speech:.0f} s of speech.",
            "Complete the text, or trim the sound to it.",
            "transcript-misfit",
        )


def _misfit(tokens: Sequence[Token], known: Sequence[tuple[str, ...]], n_spoken: int) -> AqgtError:
    if n_spoken == 0:
        found = "it could not be followed from its beginning."
    else:
        count = np.cumsum([len(words) for words in known])
        found = f"it could be followed up to “{tokens[int(np.searchsorted(count, n_spoken))].text}”."
    return AqgtError(
        f"The transcript does not fit the audio: {found}",
        "Check that the text is what is said, from start to end.",
        "transcript-misfit",
    )


def _written(
    tokens: Sequence[Token],
    known: Sequence[tuple[str, ...]],
    placed: Sequence[Placed | None],
    seconds: float,
    language: str,
) -> list[Word]:
    words: list[Word | None] = []
    at = 0
    for token, spoken in zip(tokens, known, strict=True):
        own = [word for word in placed[at : at + len(spoken)] if word is not None]
        at += len(spoken)
        words.append(Word(token.text, own[0].start, own[-1].end, language) if own else None)
    return _filled(tokens, words, seconds, language)


def _filled(
    tokens: Sequence[Token], words: Sequence[Word | None], seconds: float, language: str
) -> list[Word]:
    """Words without a time get the gap between their neighbours."""
    result: list[Word] = []
    i = 0
    while i < len(words):
        word = words[i]
        if word is not None:
            result.append(word)
            i += 1
            continue
        stop = next((j for j in range(i, len(words)) if words[j] is not None), len(words))
        start = result[-1].end if result else 0.0
        after = words[stop].start if stop < len(words) else seconds  # type: ignore[union-attr]
        text = " ".join("".join(token.text.split()) for token in tokens[i:stop])
        result += spread(text, start, max(start, after), language)
        i = stop
    return result
