# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt.speech.alignment import align, estimate
from aqgt.speech.audio import read_audio
from aqgt.words import Word

pytest.importorskip("pocketsphinx")
Clip = tuple[np.ndarray, str]


@pytest.fixture(scope="module")
def voice(checkout: Path) -> Clip:
    """A reading of five sentences, and its text."""
    folder = checkout / "examples" / "voice"
    text = (folder / "sense_and_sensibility.txt").read_text()
    return read_audio(folder / "sense_and_sensibility.wav"), text


@pytest.fixture(scope="module")
def voice_words(voice: Clip) -> list[Word]:
    return align(*voice)


@pytest.fixture(scope="module")
def sentences(voice: Clip, voice_words: list[Word]) -> list[Clip]:
    """The reading cut into its sentences."""
    audio, text = voice
    lines, clips, at = text.strip().splitlines(), [], 0
    for line in lines:
        own = voice_words[at : at + len(line.split())]
        at += len(own)
        clips.append((audio[int((own[0].start - 0.2) * 16000) : int((own[-1].end + 0.2) * 16000)], line))
    assert at == len(voice_words)
    return clips


def test_every_written_word_gets_a_time(voice: Clip, voice_words: list[Word]) -> None:
    audio, text = voice
    assert [word.text for word in voice_words] == text.split()
    assert all(a.end <= b.start + 1e-9 and a.start < a.end for a, b in pairwise(voice_words))
    assert voice_words[-1].end <= len(audio) / 16000
    assert not any(word.estimated for word in voice_words)
    # The reading pauses between its sentences: no word reaches into the pause.
    ends = np.cumsum([len(line.split()) for line in text.strip().splitlines()])[:-1]
    assert all(voice_words[i].start - voice_words[i - 1].end >= 0.5 for i in ends)


def test_sentences_alone_have_the_same_times(sentences: list[Clip], voice_words: list[Word]) -> None:
    at, differences = 0, []
    for audio, text in sentences:
        alone = align(audio, text)
        whole = voice_words[at : at + len(alone)]
        at += len(alone)
        offset = whole[0].start - 0.2
        differences += [abs(a.end + offset - b.end) for a, b in zip(alone, whole, strict=True)]
    assert np.median(differences) <= 0.02
    assert np.percentile(differences, 90) <= 0.1


def test_transcripts_of_other_sentences_are_refused(sentences: list[Clip]) -> None:
    for i, (audio, _) in enumerate(sentences):
        for j, (_, text) in enumerate(sentences):
            if i != j:
                with pytest.raises(AqgtError) as caught:
                    align(audio, text)
                assert caught.value.code == "transcript-misfit"
                assert caught.value.next_step


def test_a_transcript_of_the_first_sentence_alone_is_refused(voice: Clip) -> None:
    with pytest.raises(AqgtError, match="does not fit"):
        align(voice[0], voice[1].splitlines()[0])


def ljspeech(checkout: Path) -> dict[str, Clip]:
    folder = checkout.parent / "shared" / "data" / "speech" / "ljspeech"
    if not folder.is_dir():
        pytest.skip(f"the LJ Speech clips are not at {folder}")
    rows = [line.split("|") for line in (folder / "metadata.csv").read_text().splitlines()]
    return {name: (read_audio(folder / f"{name}.wav"), text) for name, _, text in rows}


def test_another_speaker_fits_her_own_text_only(checkout: Path) -> None:
    clips = ljspeech(checkout)
    names = list(clips)
    for i, name in enumerate(names):
        audio, text = clips[name]
        assert len(align(audio, text)) == len(text.split())
        with pytest.raises(AqgtError, match="does not fit"):
            align(audio, clips[names[i - 1]][1])


@pytest.mark.slow
def test_ten_minutes_are_aligned_in_pieces(sentences: list[Clip]) -> None:
    rng = np.random.default_rng(4)
    singles = [align(*clip) for clip in sentences]
    audio, text, expected, seconds = [], [], [], 0.0
    while seconds < 600:
        i = int(rng.integers(len(sentences)))
        pause = np.zeros(int(rng.uniform(0.1, 1.0) * 16000))
        audio += [sentences[i][0], pause]
        text.append(sentences[i][1])
        expected += [(word.start + seconds, word.end + seconds) for word in singles[i]]
        seconds += (len(sentences[i][0]) + len(pause)) / 16000
    noise = 1e-4 * rng.standard_normal(sum(map(len, audio)))
    steps: list[float] = []
    words = align((np.concatenate(audio) + noise).astype(np.float32), " ".join(text), progress=steps.append)
    error = np.abs(np.array([(word.start, word.end) for word in words]) - np.array(expected))
    assert np.median(error) <= 0.02
    assert np.percentile(error, 95) <= 0.15
    assert steps == sorted(steps)
    assert len(steps) > 10
    assert steps[-1] == 1.0


def test_flite_voices_say_when_their_words_are(checkout: Path) -> None:
    flite = pytest.importorskip("aqgt_training.corpora.flite")
    text = "the large house over there has seven windows and we could hardly see the garden behind it"
    for name in ("slt", "rms"):
        try:
            voice = flite.Flite(name)
        except AqgtError as error:
            pytest.skip(error.sentence)
        speech = voice.speak(text)
        words = align((speech.samples / 32768).astype(np.float32), text)
        assert [word.text for word in words] == [word.text for word in speech.words]
        error = np.array([(a.start - b.start) for a, b in zip(words[1:], speech.words[1:], strict=True)])
        assert np.abs(error).mean() < 0.05
        assert np.abs(error).max() < 0.2


def test_unknown_words_numbers_and_signs_keep_their_writing(sentences: list[Clip]) -> None:
    audio, _ = sentences[1]
    words = align(audio, "“He was – not an ill-disposed yung mann!”")
    assert [word.text for word in words] == ["“He", "was –", "not", "an", "ill-disposed", "yung", "mann!”"]
    assert not any(word.estimated for word in words)


def test_words_without_a_latin_letter_fill_the_gap(sentences: list[Clip]) -> None:
    audio, _ = sentences[1]
    words = align(audio, "He was not an ill-disposed 若い man")
    assert [word.text for word in words if word.estimated] == ["若い"]
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(words))


def test_other_languages_are_spread_over_the_speech(voice: Clip) -> None:
    text = "Und Herr John Dashwood hatte nun Muße zu überlegen wie viel er klugerweise für sie tun könnte"
    words = align(voice[0], text, language="de-DE")
    assert [word.text for word in words] == text.split()
    assert all(word.estimated and word.language == "de-DE" for word in words)
    assert all(a.end <= b.start + 1e-6 for a, b in pairwise(words))


def test_estimated_words_leave_pauses_alone() -> None:
    rng = np.random.default_rng(0)
    burst = 0.2 * rng.standard_normal(16000)
    audio = np.concatenate([np.zeros(16000), burst, np.zeros(16000), burst, np.zeros(8000)]).astype(
        np.float32
    )
    words = estimate(audio, "one two three four")
    assert [(round(word.start, 1), round(word.end, 1)) for word in words][0::3] == [(1.0, 1.4), (3.5, 4.0)]
    assert all(word.end <= 2.05 or word.start >= 2.95 for word in words)


@pytest.mark.parametrize(
    ("audio", "text", "code"),
    [
        (np.zeros(0, np.float32), "hello", "empty-audio"),
        (np.zeros(32000, np.float32), "hello", "silent-audio"),
        (np.full(3200, 0.1, np.float32), "hello", "short-audio"),
        (np.full(32000, 0.1, np.float32), " \n", "empty-text"),
        (np.full(32000, 0.1, np.float32), "…!", "empty-text"),
    ],
)
def test_unusable_input_is_refused(audio: np.ndarray, text: str, code: str) -> None:
    with pytest.raises(AqgtError) as caught:
        align(audio, text)
    assert caught.value.code == code


def test_far_too_much_text_is_refused(sentences: list[Clip]) -> None:
    with pytest.raises(AqgtError, match=re.escape("does not fit")):
        align(sentences[1][0], "\n".join(text for _, text in sentences))
