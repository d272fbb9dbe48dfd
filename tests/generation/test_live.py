# SPDX-License-Identifier: GPL-3.0-or-later
"""Live motion: that of the whole recording, however it is cut, and gestures from what was heard so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.generation import LiveMotion, generate
from aqgt.models import registry
from aqgt.models.registry import LoadedModel
from aqgt.protocol.messages import GenerateRequest, LiveChunk, LiveFrames, LiveRequest
from aqgt.speech.audio import read_audio
from aqgt.words import Word, spread
from tests.models.tiny import tiny_config, tiny_generator

RATE = 16_000
SPANS = (
    Span(0.9, 1.6, "right", {"phrase": "beat"}),
    Span(4.0, 4.8, "both", {"phrase": "iconic", "position": "left"}),
    Span(10.4, 11.5, "left", {"phrase": "deictic"}),
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    generator = tiny_generator(seed=3)
    with torch.no_grad():  # so that a random network moves visibly and all its inputs show
        for parameter in generator.parameters():
            if parameter.ndim > 1:
                parameter.mul_(1.8)
    generator.pose_std.fill_(0.05)
    registry.save_model(folder, tiny_config(), generator)
    return registry.load_model(folder)


@pytest.fixture(scope="module")
def voice(checkout: Path) -> np.ndarray:
    return read_audio(checkout / "examples" / "voice" / "sense_and_sensibility.wav")[: 25 * RATE]


def live(
    model: LoadedModel,
    audio: np.ndarray,
    sizes: Iterable[int] = (1600,),
    *,
    words: Sequence[Word] = (),
    spans: Sequence[Span] = (),
    **changes: Any,
) -> list[LiveFrames]:
    """All frames; the chunks have the sizes in turn, words and spans come with the first."""
    motion = LiveMotion(LiveRequest(**{"model": "tiny", "seed": 5, **changes}), model)
    frames: list[LiveFrames] = []
    sizes, at, number = list(sizes), 0, 0
    while at < len(audio):
        size = sizes[number % len(sizes)]
        known = (tuple(words), tuple(spans)) if number == 0 else ((), ())
        motion.feed(LiveChunk(number, audio[at : at + size], *known))
        frames += motion.windows()
        at, number = at + size, number + 1
    frames += motion.finish(number)
    assert motion.result().frames == sum(len(each.bone_vectors) for each in frames)
    return frames


def joined(frames: Sequence[LiveFrames]) -> np.ndarray:
    assert [each.start_frame for each in frames] == list(
        np.cumsum([0, *(len(each.bone_vectors) for each in frames[:-1])])
    )
    return np.concatenate([each.bone_vectors for each in frames])


@pytest.mark.parametrize("seconds", [0.4, 2.0, 34 / 15, 36 / 15, 4.4, 25.0])
def test_with_a_sample_of_the_voice_it_is_the_whole_recordings_motion(
    model: LoadedModel, voice: np.ndarray, seconds: float
) -> None:
    audio = voice[: round(seconds * RATE)]
    words = tuple(spread("the family of dashwood had long been settled in sussex", 0.3, 24.0))
    spans = tuple(span for span in SPANS if span.start < seconds)
    settings: dict[str, Any] = {"annotate": "none", "fill": "none", "idle": 0.0}
    whole = generate(GenerateRequest(audio, words, spans, model="tiny", seed=5, **settings), model)
    frames = live(model, audio, words=words, spans=spans, sample=audio, **settings)
    expected = whole.motions[0].bone_vectors
    assert joined(frames).shape == expected.shape
    assert np.abs(joined(frames) - expected).max() <= 1e-5


def test_the_chunks_do_not_matter(model: LoadedModel, voice: np.ndarray) -> None:
    audio = voice[: 9 * RATE]
    ways = [live(model, audio, sizes) for sizes in ((1600,), (1, 333, 70_000), (len(audio),))]
    assert np.array_equal(joined(ways[0]), joined(ways[1]))
    assert np.array_equal(joined(ways[0]), joined(ways[2]))
    assert [each.spans for each in ways[0]] == [each.spans for each in ways[1]]


def test_frames_come_as_soon_as_the_look_ahead_says(model: LoadedModel, voice: np.ndarray) -> None:
    motion = LiveMotion(LiveRequest(model="tiny"), model)
    started = motion.started
    assert 2.0 < started.look_ahead < 2.5
    for number in range(80):
        motion.feed(LiveChunk(number, voice[number * 1600 : (number + 1) * 1600]))
        heard = (number + 1) * 0.1
        for frames in motion.windows():
            first = frames.start_frame / started.fps
            assert heard - 0.1 < first + started.look_ahead <= heard + 1e-9
            assert len(frames.bone_vectors) == round(started.window_seconds * started.fps)


def test_memory_is_bounded_and_what_is_long_past_does_not_count(
    model: LoadedModel, voice: np.ndarray
) -> None:
    motion = LiveMotion(LiveRequest(model="tiny"), model)
    for number in range(90):
        motion.feed(LiveChunk(number, voice[:RATE], (Word("word", number + 0.2, number + 0.6),)))
        for _ in motion.windows():
            pass
    assert sum(map(len, motion._sound._parts)) <= 26 * RATE
    assert len(motion._sound._words) <= 26
    assert len(motion._planner._gestures) <= 20
    assert len(motion._own) == 0


def test_sound_alone_brings_gestures_and_a_quiet_room_does_not(model: LoadedModel, voice: np.ndarray) -> None:
    spans = [span for frames in live(model, voice) for span in frames.spans]
    assert 5 <= len(spans) <= 14
    assert all(span.source == "planner" for span in spans)
    starts = np.array([span.start for span in spans])
    assert np.diff(starts).min() >= 0.7
    room = 0.0005 * np.random.default_rng(0).standard_normal(12 * RATE).astype(np.float32)
    assert not any(frames.spans for frames in live(model, room))


def test_words_bring_their_kinds_of_gesture(model: LoadedModel, voice: np.ndarray) -> None:
    words = spread("no this is never a very large house over there and you know it was not me", 0.2, 9.8)
    spans = [s for frames in live(model, voice[: 10 * RATE], words=words) for s in frames.spans]
    phrases = {label for span in spans for key, label in span.labels.items() if key.startswith("phrase")}
    assert phrases - {"beat"}


def test_no_gesture_begins_in_frames_that_were_made_before_it_was_known(
    model: LoadedModel, voice: np.ndarray
) -> None:
    for frames in live(model, voice):
        for span in frames.spans:
            assert span.start >= frames.start_frame / 15


def test_a_users_span_stands_where_the_planner_keeps_away(model: LoadedModel, voice: np.ndarray) -> None:
    own = Span(6.0, 8.0, "right", {"phrase": "deictic"})
    spans = [span for frames in live(model, voice[: 12 * RATE], spans=[own]) for span in frames.spans]
    assert [span.start for span in spans if span.source == "user"] == [6.0]
    assert not [span for span in spans if span.source == "planner" and 5.0 < span.start < 8.0]


@pytest.mark.parametrize(
    ("chunk", "code"),
    [
        (LiveChunk(1, np.zeros(10, np.float32)), "chunk-missing"),
        (LiveChunk(0, np.array([np.nan], np.float32)), "bad-audio"),
        (LiveChunk(0, np.zeros((2, 10), np.float32)), "bad-audio"),
    ],
)
def test_what_is_no_next_chunk_is_refused(model: LoadedModel, chunk: LiveChunk, code: str) -> None:
    with pytest.raises(AqgtError) as caught:
        LiveMotion(LiveRequest(model="tiny"), model).feed(chunk)
    assert caught.value.code == code
    assert caught.value.next_step


def test_an_end_before_any_sound_or_without_all_of_it_is_an_error(model: LoadedModel) -> None:
    motion = LiveMotion(LiveRequest(model="tiny"), model)
    motion.feed(LiveChunk(0, np.zeros(160, np.float32)))
    for count, code in ((1, "short-audio"), (2, "chunk-missing")):
        with pytest.raises(AqgtError) as caught:
            list(motion.finish(count))
        assert caught.value.code == code


def test_a_published_model_is_refused(model: LoadedModel) -> None:
    published = registry.config_of("aqgt-a") if "aqgt-a" in registry.available() else None
    if published is None:
        published = model.config.model_copy(update={"published": object()})
    with pytest.raises(AqgtError) as caught:
        LiveMotion(LiveRequest(), replace(model, config=published))
    assert caught.value.code == "not-live"
