# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of a whole request, on a tiny model with random weights."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.generation import Cancelled, generate
from aqgt.models import registry
from aqgt.models.registry import LoadedModel
from aqgt.motion import Motion
from aqgt.protocol.messages import GenerateRequest, GenerateResult, Progress
from aqgt.skeleton import HEAD_TOP, HUMAN_LENGTHS, NOSE
from aqgt.splice import fill, open_gap
from aqgt.words import spread
from tests.models.tiny import tiny_config, tiny_generator

RATE = 16_000
SECONDS = 7.3


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    folder: Path = tmp_path_factory.mktemp("models") / "tiny"
    generator = tiny_generator(seed=3)
    with torch.no_grad():  # so that a random network moves visibly and all its inputs show
        for parameter in generator.parameters():
            if parameter.ndim > 1:
                parameter.mul_(1.8)
    generator.pose_std.fill_(0.05)
    registry.save_model(folder, tiny_config(), generator)
    return registry.load_model(folder)


def voice(seconds: float = SECONDS) -> np.ndarray:
    """Bursts of noise at a syllable's pace."""
    t = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(0).standard_normal(len(t))
    return (0.1 * noise * np.clip(np.sin(2 * np.pi * 3 * t), 0, 1)).astype(np.float32)


def a_request(**changes: object) -> GenerateRequest:
    words = tuple(spread("this is a very large house over there and you know it", 0.3, 7.0))
    return replace(GenerateRequest(audio=voice(), words=words, model="tiny", seed=5), **changes)  # type: ignore[arg-type]


def vectors(result: GenerateResult, variant: int = 0) -> np.ndarray:
    return result.motions[variant].bone_vectors


def test_a_licence_that_forbids_commercial_use_is_noted(model: LoadedModel) -> None:
    request = a_request(audio=voice(1.0), words=())
    assert not any("commercial" in note for note in generate(request, model).notes)
    bound = model.config.model_copy(update={"licence": "CC-BY-NC-3.0", "commercial_use": False})
    result = generate(request, replace(model, config=bound))
    assert "The licence of tiny, CC-BY-NC-3.0, does not allow commercial use." in result.notes
    assert not result.provenance[0].commercial_use


def test_result_is_as_long_as_the_sound(model: LoadedModel) -> None:
    for seconds in (0.31, 2.0, 2.3, 7.3):
        result = generate(a_request(audio=voice(seconds), words=()), model)
        assert len(result.motions[0]) == round(seconds * 15)
        assert result.tracks[0].shape == (17, len(result.motions[0]))


def test_bones_have_the_models_lengths(model: LoadedModel) -> None:
    motion = generate(a_request(), model).motions[0]
    norms = np.linalg.norm(motion.bone_vectors, axis=-1)
    assert norms[:, 1:] == pytest.approx(np.broadcast_to(HUMAN_LENGTHS[1:], norms[:, 1:].shape), rel=1e-4)
    assert (motion.bone_vectors[:, 0] == 0).all()


def test_same_request_gives_the_same_bits(model: LoadedModel) -> None:
    torch.manual_seed(1)
    first = generate(a_request(variants=2), model)
    torch.manual_seed(2)
    second = generate(a_request(variants=2), model)
    for one, other in zip(first.motions, second.motions, strict=True):
        assert np.array_equal(one.bone_vectors, other.bone_vectors)


def test_variants_differ_and_equal_those_made_alone(model: LoadedModel) -> None:
    together = generate(a_request(variants=3), model)
    assert np.abs(vectors(together, 0) - vectors(together, 1)).max() > 1e-3
    for variant in range(3):
        alone = generate(a_request(seed=5 + variant), model)
        assert np.abs(vectors(together, variant) - vectors(alone)).max() <= 1e-5
        assert together.spans[variant] == alone.spans[0]
        assert together.provenance[variant].seed == 5 + variant


def test_streamed_frames_equal_the_whole(model: LoadedModel) -> None:
    pieces: list[Progress] = []
    result = generate(a_request(variants=2), model, on_progress=pieces.append)
    for variant in range(2):
        streamed = np.full_like(vectors(result), np.nan)
        for piece in pieces:
            if piece.variant == variant:
                streamed[piece.start_frame : piece.start_frame + len(piece.bone_vectors)] = piece.bone_vectors
        assert np.array_equal(streamed, vectors(result, variant))
    assert [piece.window for piece in pieces] == list(range(1, pieces[-1].windows + 1))


def test_all_but_the_last_four_frames_of_a_piece_are_final(model: LoadedModel) -> None:
    pieces: list[Progress] = []
    result = generate(a_request(), model, on_progress=pieces.append)
    for piece in pieces:
        settled = piece.bone_vectors[:-4]
        assert np.array_equal(settled, vectors(result)[piece.start_frame : piece.start_frame + len(settled)])


def test_cancelling_stops_before_the_next_window(model: LoadedModel) -> None:
    pieces: list[Progress] = []
    with pytest.raises(Cancelled):
        generate(a_request(), model, on_progress=pieces.append, is_cancelled=lambda: len(pieces) >= 2)
    assert len(pieces) == 2


def test_planner_annotates_only_a_clip_without_spans(model: LoadedModel) -> None:
    span = Span(2.0, 3.0, "right", {"phrase": "iconic", "extent": "large"})
    planned = generate(a_request(), model)
    assert planned.spans[0]
    assert all(each.source == "planner" for each in planned.spans[0])
    own = generate(a_request(spans=(span,)), model)
    assert [each.start for each in own.spans[0]] == [2.0]
    around = generate(a_request(spans=(span,), annotate="around"), model)
    assert len(around.spans[0]) > 1
    assert any(each.start == 2.0 and each.labels["extent"] == "large" for each in around.spans[0])
    bare = generate(a_request(annotate="none"), model)
    assert bare.spans[0] == ()
    assert (bare.tracks[0] == -1).all()
    assert any("annotations" in note.lower() for note in bare.notes)


def test_fill_completes_a_span_or_leaves_it(model: LoadedModel) -> None:
    span = Span(2.0, 3.0, "right", {"phrase": "iconic"})
    filled = generate(a_request(spans=(span,)), model).tracks[0]
    bare = generate(a_request(spans=(span,), fill="none"), model).tracks[0]
    frame, shape_right = round(2.2 * 15), 10
    assert bare[shape_right, frame] == -1
    assert filled[shape_right, frame] > 0
    assert filled[5, frame] == bare[5, frame] == 2


def test_no_gesture_worth_making_is_rest_not_ignorance(model: LoadedModel) -> None:
    track = generate(a_request(density=0.0), model).tracks[0]
    assert (track[2:6] == 0).all()


def test_given_matrix_takes_the_place_of_spans_and_planner(model: LoadedModel) -> None:
    planned = generate(a_request(), model)
    again = generate(a_request(track=planned.tracks[0], density=0.0), model)
    assert np.array_equal(again.tracks[0], planned.tracks[0])
    assert np.array_equal(vectors(again), vectors(planned))
    assert again.spans[0] == ()


def test_annotations_change_the_motion(model: LoadedModel) -> None:
    plain = generate(a_request(density=0.0), model)
    preset = generate(a_request(density=0.0, preset="always-iconic"), model)
    assert (preset.tracks[0][[4, 5]] == 2).all()
    assert np.abs(vectors(plain) - vectors(preset)).max() > 1e-4


def test_without_words_a_note_says_so(model: LoadedModel) -> None:
    notes = generate(a_request(words=()), model).notes
    assert any("sound alone" in note for note in notes)


def test_seed_pose_is_where_the_motion_starts_from(model: LoadedModel) -> None:
    rest = vectors(generate(a_request(), model))
    raised = np.array(rest[:4])
    raised[:, 6:8] = [0.0, -0.3, 0.0]
    start = Motion(15, raised, HUMAN_LENGTHS)
    assert np.abs(vectors(generate(a_request(seed_pose=start), model)) - rest).max() > 1e-4


def test_range_continues_what_was_before_and_becomes_what_follows(model: LoadedModel) -> None:
    whole = generate(a_request(seed=9), model).motions[0]
    before, after = whole.slice(0, 3.0), whole.slice(5.0, SECONDS)
    part = generate(a_request(start=3.0, end=5.0, before=before, after=after), model).motions[0]
    assert len(part) == 30 + 15
    joined = np.concatenate([before.bone_vectors, part.bone_vectors, after.bone_vectors[15:]])
    assert len(joined) == len(whole)
    jumps = np.linalg.norm(np.diff(joined, axis=0), axis=-1).max(axis=1)
    limit = np.percentile(np.linalg.norm(np.diff(whole.bone_vectors, axis=0), axis=-1).max(axis=1), 95)
    assert jumps[len(before) - 1] <= limit
    assert jumps[len(before) + len(part) - 1] <= limit


def test_range_streams_what_it_returns(model: LoadedModel) -> None:
    before = generate(a_request(), model).motions[0].slice(0, 3.0)
    pieces: list[Progress] = []
    part = generate(a_request(start=3.0, end=6.0, before=before), model, on_progress=pieces.append).motions[0]
    streamed = np.full_like(part.bone_vectors, np.nan)
    for piece in pieces:
        streamed[piece.start_frame : piece.start_frame + len(piece.bone_vectors)] = piece.bone_vectors
    assert np.array_equal(streamed, part.bone_vectors)


def steps(motion: np.ndarray) -> np.ndarray:
    """How far the joint that moves most goes from frame to frame, `[T - 1]`."""
    return np.linalg.norm(np.diff(motion, axis=0), axis=-1).max(axis=1)


@pytest.mark.parametrize("ends", [(2.0, 5.0), (3.0, 4.2), (2.5, 3.1)])
def test_a_gap_is_filled_and_nothing_outside_changes(model: LoadedModel, ends: tuple[float, float]) -> None:
    whole = generate(a_request(seed=9), model).motions[0]
    gap = open_gap(whole, 0.0, *ends)
    request = a_request(start=gap.start, end=gap.end, before=gap.before, after=gap.after)
    pieces: list[Progress] = []
    made = generate(request, model, on_progress=pieces.append).motions[0]
    new = fill(whole, gap, made).bone_vectors
    outside = np.r_[: gap.first, gap.last : len(whole)]
    assert np.array_equal(new[outside], whole.bone_vectors[outside])
    assert np.abs(new - whole.bone_vectors)[gap.first : gap.last].max() > 1e-3
    limit = np.percentile(steps(whole.bone_vectors), 95)
    assert steps(new)[gap.first - 1] <= limit
    assert steps(new)[gap.last - 1] <= limit
    streamed = np.full_like(made.bone_vectors, np.nan)
    for piece in pieces:
        streamed[piece.start_frame : piece.start_frame + len(piece.bone_vectors)] = piece.bone_vectors
    assert np.array_equal(streamed, made.bone_vectors)


def test_without_the_head_everything_else_is_as_it_would_be(model: LoadedModel) -> None:
    with_head = vectors(generate(a_request(), model))
    without = vectors(generate(a_request(head=False), model))
    head = [NOSE, HEAD_TOP]
    others = np.delete(np.arange(53), head)
    assert np.array_equal(without[:, others], with_head[:, others])
    assert np.ptp(without[:, head], axis=0).max() < 1e-6
    assert np.ptp(with_head[:, head], axis=0).max() > 1e-4


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"audio": np.zeros(0, np.float32)}, "no samples"),
        ({"audio": voice(0.2)}, "too short"),
        ({"audio": np.zeros(RATE, np.float32)}, "silen"),
        ({"speaker": 99}, "no speaker 99"),
        ({"start": 20.0}, "does not lie within"),
        ({"preset": "nosuch"}, "no preset"),
        ({"annotate": "maybe"}, "auto, around, none"),
        ({"variants": 0}, "at least one"),
        ({"seed": 10**20}, "The seed is"),
        ({"track": np.full((17, 110), 7, np.float32)}, "7 to 7 for Occurrence"),
    ],
)
def test_bad_requests_name_the_next_step(model: LoadedModel, changes: dict, said: str) -> None:
    with pytest.raises(AqgtError, match=said) as caught:
        generate(a_request(**changes), model)
    assert caught.value.next_step


def test_provenance_tells_inputs_apart(model: LoadedModel) -> None:
    one = generate(a_request(), model).provenance[0]
    other = generate(a_request(words=()), model).provenance[0]
    assert one.model_hash == model.model_hash
    assert one.inputs["audio"] == other.inputs["audio"]
    assert one.inputs["words"] != other.inputs["words"]
    assert one.settings == other.settings
    assert generate(a_request(speaker=1), model).provenance[0].settings["speaker"] == 1
    apart = {"model", "seed", "variants", "deterministic"}
    made_from = {field.name for field in fields(GenerateRequest)} - apart
    given = {"track", "seed_pose", "before", "after"}  # only where they are given
    assert {*one.inputs, *one.settings} == made_from - given, "everything that determines a motion is written"
    assert set(one.timings) == {"planning", "features", "network", "total"}
