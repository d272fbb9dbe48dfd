# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of generation with published models, on reduced widths in double precision."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from aqgt.annotations import CHANNEL_BY_KEY, Span
from aqgt.errors import AqgtError
from aqgt.generation import generate, generate_many
from aqgt.generation.generate import open_jobs
from aqgt.generation.job import Job
from aqgt.generation.loop import run_windows
from aqgt.generation.noise import published_noise
from aqgt.generation.windows import published_starts
from aqgt.models import official
from aqgt.models.official_runs import noise_by_value
from aqgt.models.registry import LoadedModel
from aqgt.models.vq import VqVae, VqWidths
from aqgt.motion import Motion
from aqgt.protocol.messages import GenerateRequest, Progress
from aqgt.skeleton import OFFICIAL_LENGTHS
from aqgt.words import Word
from tests.generation.published.stubs import StubSentences, StubSound, loaded, with_features
from tests.models.official.conftest import Recording
from tests.models.test_published import PUBLISHED
from tests.models.tiny import tiny_config, tiny_generator

RATE = 16_000
TOLERANCE = 1e-9
# The sizes of what comes from sound and words are the published ones; everything else is small.
_SIZES = {
    "beat_samples": 30,
    "audio_codes_bottom": 2304,
    "audio_codes_top": 576,
    "logit_frames": 113,
    "logit_tokens": 32,
    "sentence_width": 768,
}
CONFIG = tiny_config(
    **{
        **PUBLISHED,
        "published": {**PUBLISHED["published"], **_SIZES},
        "speaker": {"count": 5, "default": 1, "style_width": 4},
    }
).model_copy(update={"lengths": "published", "fixed_lengths": False})


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    generator = tiny_generator(CONFIG, seed=3).double()
    with torch.no_grad():  # so that all inputs of a random network show
        for parameter in generator.parameters():
            if parameter.ndim > 1:
                parameter.mul_(1.5)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        vq = VqVae(VqWidths(8, 8, 1, 1, 64, third_kernel=3)).double().eval()
    built = loaded(CONFIG, generator, vq)
    generator.pose_mean.copy_(torch.linspace(-0.2, 0.2, 159).view(53, 3))
    return built


def voice(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    t = np.arange(round(seconds * RATE)) / RATE
    sound = np.random.default_rng(seed).standard_normal(len(t)) * np.clip(np.sin(6 * np.pi * t), 0, 1)
    return (0.1 * sound).astype(np.float32)


WORDS = (Word("this", 0.4, 0.7), Word("large", 2.1, 2.5), Word("house", 4.1, 4.6), Word("there", 6.0, 6.4))
CHURCH = Span(2.0, 3.0, "right", {"phrase": "iconic", "entity": "church"})


def a_request(**changes: Any) -> GenerateRequest:
    asked: dict[str, Any] = {
        "audio": voice(7.3), "words": WORDS, "spans": (CHURCH,), "fill": "none", "seed": 4,
    }  # fmt: skip
    return GenerateRequest(**{**asked, **changes})


def a_pose(seed: int = 0) -> Motion:
    vectors = 0.1 * np.random.default_rng(seed).standard_normal((4, 53, 3))
    return Motion(15, vectors.astype(np.float32), OFFICIAL_LENGTHS)


def made(requests: Sequence[GenerateRequest], model: LoadedModel, windows_at_once: int = 8) -> list[Job]:
    timings: dict[str, float] = {}
    jobs = open_jobs(requests, model, timings)
    run_windows(jobs, model.generator, timings, windows_at_once=windows_at_once)
    return jobs


def worst(one: NDArray, other: NDArray) -> float:
    assert one.shape == other.shape
    assert one.dtype == other.dtype == np.float64
    return float(np.abs(one - other).max())


def published_loop(model: LoadedModel, asked: GenerateRequest, annotations: NDArray) -> NDArray[np.float64]:
    """The published loop once more, as a description of it reads, one window after the other."""
    audio, features = asked.audio, model.features
    seconds = len(audio) / RATE
    n_windows = 1 if seconds < 34 / 15 else math.ceil((seconds - 34 / 15) / 2) + 1
    mean = model.generator.pose_mean.numpy().reshape(159)
    generator = torch.Generator().manual_seed(asked.seed)
    pre = np.zeros((34, 160))
    if asked.seed_pose is not None:
        pre[:4, :159] = asked.seed_pose.bone_vectors.astype(np.float64).reshape(4, 159) - mean
        pre[:4, 159] = 1
    joined = np.zeros((0, 159))
    for w in range(n_windows):
        start = math.floor(2 * w / seconds * len(audio))
        window = np.zeros(36266, np.float32)
        window[: len(audio[start : start + 36266])] = audio[start : start + 36266]
        heard = features.open(window, (), 34).windows([0])
        words = [word.text for word in WORDS if word.end > 2 * w and word.start < 2 * w + 34 / 15]
        values = annotations[:, [min(30 * w + t, annotations.shape[1] - 1) for t in range(34)]]
        noise = [torch.randn(1, 4, generator=generator)]
        for channel in range(17):
            known = int((values[channel] >= 0).sum())
            if channel != 1 and known:
                noise.append(torch.randn(known, 1, 4, generator=generator).squeeze(1))
        inputs = {
            "pre_seq": pre[None],
            "beats": heard["beats"],
            "text": StubSentences().vectors([" ".join(words)])[:, None],
            "logits": heard["logits"][:, None],
            "vb": heard["audio_bottom"],
            "vt": heard["audio_top"],
            "vid": np.array([1]),
            "anno": values[None],
            "eps": torch.cat(noise).numpy(),
        }
        out = official.run("generator", model.generator, inputs)["out"][0]
        pre = np.zeros((34, 160))
        pre[:4, :159], pre[:4, 159] = out[30:], 1
        if w:
            last, joined = joined[-4:], joined[:-4]
            for j in range(4):
                out[j] = last[j] * (4 - j) / 5 + out[j] * (j + 1) / 5
        joined = np.concatenate([joined, out])
    return joined + mean


@pytest.mark.parametrize("seconds", [1.25, 34 / 15, 34.4 / 15, 7.3])
@pytest.mark.parametrize("seed_pose", [None, a_pose()])
def test_the_loop_is_the_published_one(model: LoadedModel, seconds: float, seed_pose: Motion | None) -> None:
    asked = a_request(audio=voice(seconds), seed_pose=seed_pose, spans=(), annotate="none")
    asked = replace(asked, preset="always-iconic")
    (job,) = made([asked], model)
    annotations = np.full((17, 200), -1.0)
    annotations[2:6] = 2
    expected = published_loop(model, asked, annotations)
    found = job.stitched()[0].reshape(-1, 159)
    assert worst(found, expected) <= TOLERANCE
    motion = generate(asked, model).motions[0]
    n_frames = round(len(asked.audio) / RATE * 15)
    np.testing.assert_allclose(motion.bone_vectors.reshape(-1, 159), expected[:n_frames], atol=1e-6)


def test_a_clip_just_over_a_window_gets_a_second_one() -> None:
    assert published_starts(34.4 / 15, 34, 4, 15.0) == [0, 30]
    assert published_starts(34 / 15, 34, 4, 15.0) == [0]
    assert published_starts(7.3, 34, 4, 15.0) == [0, 30, 60, 90]


@pytest.mark.parametrize("windows_at_once", [1, 3])
def test_in_pieces_equals_the_whole(model: LoadedModel, windows_at_once: int) -> None:
    asked = a_request(audio=voice(13.0), variants=2)
    whole = made([asked], model, windows_at_once=100)[0].stitched()
    assert worst(made([asked], model, windows_at_once)[0].stitched(), whole) <= TOLERANCE


def test_no_more_than_a_few_windows_are_heard_at_once(model: LoadedModel) -> None:
    sound = StubSound()
    generate(a_request(audio=voice(40.0)), with_features(model, sound, StubSentences()))
    assert max(sound.calls) == 8
    assert sum(sound.calls) == len(published_starts(40.0, 34, 4, 15.0))


def test_clips_of_different_lengths_in_a_batch_equal_each_alone(model: LoadedModel) -> None:
    requests = [
        a_request(audio=voice(7.3), variants=2),
        a_request(audio=voice(1.0, 1), spans=(), annotate="none", seed=9),
        a_request(audio=voice(11.0, 2), seed_pose=a_pose(), speaker=3, sampling="off"),
        a_request(audio=voice(7.3), start=2.0, end=6.0),
    ]
    together = made(requests, model)
    for asked, job in zip(requests, together, strict=True):
        (alone,) = made([asked], model)
        assert worst(job.stitched(), alone.stitched()) <= TOLERANCE
        assert np.array_equal(job.tracks, alone.tracks)


def test_three_presets_as_one_batch_equal_each_alone_and_hear_once(model: LoadedModel) -> None:
    requests = [a_request(preset=name) for name in ("original", "always-iconic", "always-deictic")]
    # As a caller would do it: one array of samples for all.
    requests = [replace(each, audio=requests[0].audio) for each in requests]
    sound = StubSound()
    together = made(requests, with_features(model, sound, StubSentences()))
    assert sum(sound.calls) == 4
    alone = [made([asked], model)[0].stitched() for asked in requests]
    for job, expected in zip(together, alone, strict=True):
        assert worst(job.stitched(), expected) <= TOLERANCE
    assert np.abs(alone[0] - alone[1]).max() > 1e-3
    results = generate_many(requests, model)
    assert [result.provenance[0].settings["preset"] for result in results] == [r.preset for r in requests]


def test_variants_differ_and_equal_those_made_alone(model: LoadedModel) -> None:
    together = made([a_request(variants=3)], model)[0].stitched()
    assert np.abs(together[0] - together[1]).max() > 1e-4
    for variant in range(3):
        alone = made([a_request(seed=4 + variant)], model)[0].stitched()[0]
        assert worst(together[variant], alone) <= TOLERANCE


def test_without_sampling_the_seed_does_not_matter(model: LoadedModel) -> None:
    one, other = (generate(a_request(sampling="off", seed=seed), model).motions[0] for seed in (1, 2))
    assert np.array_equal(one.bone_vectors, other.bone_vectors)


def test_streamed_frames_equal_the_whole(model: LoadedModel) -> None:
    pieces: list[tuple[int, Progress]] = []
    requests = [a_request(variants=2), a_request(audio=voice(3.0, 1))]
    results = generate_many(requests, model, on_progress=lambda number, piece: pieces.append((number, piece)))
    for number, result in enumerate(results):
        for variant, motion in enumerate(result.motions):
            streamed = np.full_like(motion.bone_vectors, np.nan)
            for owner, piece in pieces:
                if (owner, piece.variant) == (number, variant):
                    stop = piece.start_frame + len(piece.bone_vectors)
                    streamed[piece.start_frame : stop] = piece.bone_vectors
            assert np.array_equal(streamed, motion.bone_vectors)


def test_the_root_is_part_of_the_motion(model: LoadedModel) -> None:
    motion = generate(a_request(), model).motions[0]
    assert np.abs(motion.bone_vectors[:, 0]).max() > 0.01
    assert motion.bone_vectors[:, 0].std() > 0


def test_bones_are_as_long_as_the_network_makes_them(model: LoadedModel) -> None:
    norms = np.linalg.norm(generate(a_request(), model).motions[0].bone_vectors, axis=-1)
    assert norms.std(axis=0).max() > 1e-3


def test_a_range_begins_where_it_is_asked_for(model: LoadedModel) -> None:
    audio = voice(9.0)
    rest = {"spans": (), "annotate": "none", "words": ()}
    part = generate(a_request(audio=audio, start=3.0, end=7.0, **rest), model).motions[0]
    assert len(part) == 60
    # Its sound begins there, and nothing before it counts.
    cut_off = generate(a_request(audio=audio[3 * RATE : 10 * RATE], **rest), model).motions[0]
    difference = np.abs(part.bone_vectors - cut_off.bone_vectors[:60])[:30]
    assert difference.max() <= 1e-5


def test_windows_cover_whatever_is_asked_for(model: LoadedModel) -> None:
    rng = np.random.default_rng(0)
    rest = {"audio": voice(12.0), "spans": (), "annotate": "none"}
    before = generate(a_request(**rest), model).motions[0]
    for _ in range(200):
        start = rng.uniform(0, 9)
        asked = a_request(
            **rest, start=start, end=start + rng.choice([1.0, 34 / 15, 64 / 15]) * rng.uniform(0.9, 1)
        )
        asked = replace(
            asked, before=before if rng.random() < 0.5 else None, end=min(asked.end or 12.0, 12.0)
        )
        (job,) = open_jobs([asked], model, {})
        n_frames = round((asked.end or 0.0) * 15) - round(start * 15)
        assert job.range.n_frames == max(1, n_frames)
        first = job.starts[0] - (-4 if asked.before is not None else 0)
        assert first == round(start * 15)
        assert job.starts[-1] + 34 >= job.range.start + job.range.n_frames


def test_a_range_continues_what_was_before_and_becomes_what_follows(model: LoadedModel) -> None:
    whole = generate(a_request(), model).motions[0]
    before, after = whole.slice(0, 3.0), whole.slice(5.0, 7.3)
    part = generate(a_request(start=3.0, end=5.0, before=before, after=after), model).motions[0]
    assert len(part) == 30 + 15
    joined = np.concatenate([before.bone_vectors, part.bone_vectors, after.bone_vectors[15:]])
    assert len(joined) == len(whole)
    jumps = np.linalg.norm(np.diff(joined, axis=0), axis=-1).max(axis=1)
    limit = np.percentile(np.linalg.norm(np.diff(whole.bone_vectors, axis=0), axis=-1).max(axis=1), 95)
    assert jumps[len(before) - 1] <= limit
    assert jumps[len(before) + len(part) - 1] <= limit


def test_a_seed_of_other_proportions_stands_on_the_models_own(model: LoadedModel) -> None:
    other = replace(a_pose(), lengths=2 * OFFICIAL_LENGTHS)
    (job,) = open_jobs([a_request(seed_pose=other)], model, {})
    assert job.seed is not None
    seed = model.generator.denormalise(job.seed)[0].numpy()
    np.testing.assert_allclose(np.linalg.norm(seed[:, 1:], axis=-1), [OFFICIAL_LENGTHS[1:]] * 4, atol=1e-6)
    np.testing.assert_allclose(seed[:, 0], [model.generator.pose_mean[0].numpy()] * 4, atol=1e-6)


def test_frames_without_a_span_are_unknown(model: LoadedModel) -> None:
    track = generate(a_request(), model).tracks[0]
    assert (track[:, :20] == -1).all()
    phrase = CHANNEL_BY_KEY["phrase_right"].index
    assert (track[phrase, 30:44] == 2).all()
    assert (track[CHANNEL_BY_KEY["phrase_left"].index] == -1).all()


def test_the_planner_annotates_a_clip_without_spans(model: LoadedModel) -> None:
    planned = generate(a_request(spans=()), model)
    assert planned.spans[0]
    assert (planned.tracks[0] >= 0).any()
    bare = generate(a_request(spans=(), annotate="none"), model)
    assert (bare.tracks[0] == -1).all()
    unlearned = replace(
        model,
        config=CONFIG.model_copy(
            update={"annotation": CONFIG.annotation.model_copy(update={"learned": False})}
        ),
    )
    result = generate(a_request(spans=()), unlearned)
    assert result.spans[0] == ()
    assert (result.tracks[0] == -1).all()


def test_occurrence_is_smoothed_within_a_window(model: LoadedModel) -> None:
    """A church in the second window's first half is nothing to a third window, and vice versa."""
    track = np.zeros((17, 110), np.float32)
    track[0, 36:44] = 5
    result = generate(a_request(track=track), model)
    occurrence = result.tracks[0][1]
    assert not occurrence[:30].any()
    assert occurrence[40] > 0.5
    assert not occurrence[60:].any()


def test_the_models_speaker_is_taken_where_none_is_named(model: LoadedModel) -> None:
    default = generate(a_request(), model)
    assert default.provenance[0].settings["speaker"] == 1
    first = generate(a_request(speaker=1), model).motions[0]
    assert np.array_equal(default.motions[0].bone_vectors, first.bone_vectors)
    other = generate(a_request(speaker=2), model).motions[0]
    assert np.abs(first.bone_vectors - other.bone_vectors).max() > 1e-4
    with pytest.raises(AqgtError, match="no speaker 5"):
        generate(a_request(speaker=5), model)


def test_no_words_and_no_sound(model: LoadedModel) -> None:
    sentences = StubSentences()
    generate(a_request(preset="no-text"), with_features(model, StubSound(), sentences))
    assert set(sentences.seen) == {""}
    silent = generate(a_request(preset="no-audio"), model).motions[0]
    assert np.isfinite(silent.bone_vectors).all()
    assert np.abs(silent.bone_vectors - generate(a_request(), model).motions[0].bone_vectors).max() > 1e-4


def test_noise_is_drawn_in_the_published_order(recording: Callable[[str], Recording]) -> None:
    recorded = {**recording("generator_aqgta_mixed"), **recording("generator_aqgta_noise")}
    annotations = torch.from_numpy(np.asarray(recorded["anno"]))
    sizes = official.generator_config().annotation.sizes
    found = published_noise(torch.Generator().manual_seed(0), annotations, sizes, 16)
    expected = noise_by_value(torch.from_numpy(np.asarray(recorded["eps"])), annotations, sizes, 16)
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one, other.to(one.dtype))
