# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of the generator's networks, on tiny widths."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import torch

from aqgt.models.aligner import context_plan
from aqgt.models.discriminator import Discriminator
from aqgt.models.encoders import AnnotationEmbedding
from aqgt.models.gru_transformer import head_count, position_encoding
from aqgt.models.pose_head import VqPoseHead
from aqgt.models.rest_pose import rest_pose
from aqgt.models.vq import MlpVqVae, VqVae, VqWidths
from aqgt.skeleton import HUMAN_LENGTHS, JOINT_INDEX, MIRROR, OFFICIAL_LENGTHS, positions_from_bone_vectors
from tests.models.tiny import random_batch, tiny_config, tiny_generator

CONTEXTS = ["previous", "lagged", "published"]


def test_output_shapes() -> None:
    config = tiny_config()
    output = tiny_generator(config)(random_batch(config, 2))
    assert output.bone_vectors.shape == (2, 34, 159)
    assert output.mu.shape == output.logvar.shape == (2, config.speaker.style_width)


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("head", ["mlp", "mlp_vq", "vq"])
def test_grouped_steps_equal_single_steps(context: str, head: str) -> None:
    config = tiny_config(aligner={"context": context}, pose_head={"kind": head, "hidden": 16})
    generator = tiny_generator(config).double()
    batch = {name: x.double() if x.is_floating_point() else x for name, x in random_batch(config, 2).items()}
    with torch.inference_mode():
        grouped = generator(batch).bone_vectors
        generator.aligner.grouped = False
        single = generator(batch).bone_vectors
    assert (grouped - single).abs().max() < 1e-12


def test_groups_of_the_published_order() -> None:
    groups = context_plan("published", 34).groups
    assert groups[:4] == ((0, 4), (1, 5), (2, 6), (3, 7))
    assert groups[4:] == (*(tuple(range(k, k + 5)) for k in range(8, 33, 5)), (33,))
    # Positions in "four zeros, then blocks": step 3 sees block 2 and zeros, step 20 sees blocks 12 to 15.
    plan = context_plan("published", 34)
    assert plan.indices[3] == (6, 0, 1, 2)
    assert plan.indices[20] == (16, 17, 18, 19)


def test_lagged_context_runs_five_steps_at_once() -> None:
    assert [len(group) for group in context_plan("lagged", 34).groups] == [5] * 6 + [4]
    assert [len(group) for group in context_plan("previous", 34).groups] == [1] * 34


@pytest.mark.parametrize("context", ["previous", "lagged"])
def test_aligner_steps_never_see_later_blocks(context: str) -> None:
    plan = context_plan(context, 34)
    for step, positions in enumerate(plan.indices):
        assert max(positions) - plan.n_initial < step


def test_batched_equals_alone() -> None:
    config = tiny_config()
    generator = tiny_generator(config)
    batch = random_batch(config, 5)
    with torch.inference_mode():
        together = generator(batch).bone_vectors
        alone = torch.cat(
            [generator({name: x[k : k + 1] for name, x in batch.items()}).bone_vectors for k in range(5)]
        )
    assert (together - alone).abs().max() <= 1e-5


@pytest.mark.parametrize("name", ["mel", "beats", "words", "annotations", "seed"])
def test_every_input_reaches_every_frame(name: str) -> None:
    config = tiny_config()
    generator = tiny_generator(config)
    batch = random_batch(config, 1)
    changed = dict(batch)
    changed[name] = random_batch(config, 1, seed=1)[name]
    with torch.inference_mode():
        difference = (generator(batch).bone_vectors - generator(changed).bone_vectors).abs().amax(dim=(0, 2))
    assert (difference > 0).all()


def test_every_weight_has_a_gradient() -> None:
    config = tiny_config()
    generator = tiny_generator(config).train()
    batch = random_batch(config, 64)
    generator(batch).bone_vectors.square().sum().backward()
    dead = [name for name, p in generator.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert dead == []


def test_unknown_annotation_is_exactly_zero() -> None:
    for size in (1, 6):
        channel = AnnotationEmbedding(size, 4)
        values = torch.tensor([[-1.0, 0.0, 0.5 if size == 1 else 3.0]])
        embedded = channel(values)
        assert (embedded[0, 0] == 0).all()
        assert (embedded[0, 1:].abs().sum(-1) > 0).all()


def test_label_table_equals_running_every_frame() -> None:
    channel = AnnotationEmbedding(9, 4)
    assert channel.embedding is not None
    values = torch.randint(0, 9, (3, 34))
    slow = channel.body(channel.embedding(values))
    assert torch.allclose(channel(values.float()), slow, atol=1e-6)


def test_label_beyond_the_table_is_an_error() -> None:
    with pytest.raises(IndexError):
        AnnotationEmbedding(6, 4)(torch.tensor([[6.0]]))


def test_style_noise_is_drawn_in_training_only() -> None:
    config = tiny_config()
    generator = tiny_generator(config)
    batch = random_batch(config, 1)
    assert torch.equal(generator(batch).style, generator(batch).mu)
    noisy = generator({**batch, "style_noise": torch.ones(1, config.speaker.style_width)})
    assert not torch.equal(noisy.style, noisy.mu)
    generator.train()
    assert not torch.equal(generator(batch).style, generator(batch).style)


def test_normalisation_round_trip() -> None:
    generator = tiny_generator()
    vectors = torch.randn(2, 5, 53, 3)
    vectors[..., 0, :] = 0
    back = generator.denormalise(generator.normalise(vectors))
    assert torch.allclose(back, vectors, atol=1e-6)


def test_deviation_has_a_floor() -> None:
    generator = tiny_generator()
    generator.set_pose_statistics(torch.zeros(53, 3), torch.zeros(53, 3), torch.zeros(53, 3))
    assert (generator.pose_std == 0.004).all()


def test_position_encodings() -> None:
    standard, published = position_encoding(34, 8, "standard"), position_encoding(34, 8, "published")
    p = torch.tensor(5.0, dtype=torch.float64)
    assert standard[5, 2] == pytest.approx(float(torch.sin(p / 10000 ** (2 / 8))), abs=1e-6)
    assert published[5, 2] == pytest.approx(float(torch.sin(p / 10000 ** (4 / 8))), abs=1e-6)
    assert published[5, 3] == pytest.approx(float(torch.cos(p / 10000 ** (6 / 8))), abs=1e-6)


def test_head_counts_of_the_published_widths() -> None:
    assert [head_count(width, 8) for width in (1064, 532, 500)] == [8, 7, 5]


def test_discriminator_scores_windows() -> None:
    config = tiny_config()
    batch = random_batch(config, 3)
    score = Discriminator(config)(torch.randn(3, 34, 159), batch["annotations"])
    assert score.shape == (3, 1)


@pytest.mark.parametrize("make", [VqVae, partial(MlpVqVae, 159)], ids=["conv", "mlp"])
def test_vq_decodes_its_codes_to_the_same_block(make: Callable[[VqWidths], VqVae | MlpVqVae]) -> None:
    vq = make(VqWidths(16, 8, 1, 4, 32)).eval()
    encoded = vq.encode(torch.randn(2, 1, 4, 159))
    assert encoded.bottom.shape == (2, 4, 2, 40)
    assert encoded.top.shape == (2, 4, 1, 20)
    decoded = vq.decode(encoded.top, encoded.bottom)
    assert decoded.shape == ((2, 1, 8, 160) if isinstance(vq, VqVae) else (2, 1, 4, 159))
    assert torch.allclose(vq.decode_codes(encoded.top_codes, encoded.bottom_codes), decoded, atol=1e-5)


@pytest.mark.parametrize("kind", ["mlp_vq", "vq"])
def test_vq_learns_to_reconstruct_a_block(kind: str) -> None:
    torch.manual_seed(0)
    config = tiny_config(pose_head={"kind": kind, "hidden": 32, "residual_hidden": 16, "codes": 64})
    head = VqPoseHead(config.pose_head).train()
    blocks = torch.randn(8, 1, 1).expand(-1, 4, 159)
    optimiser = torch.optim.Adam(head.parameters(), 3e-3)
    errors = []
    for _ in range(60):
        made, commitment = head.reconstruct(blocks)
        error = (made - blocks).square().mean()
        errors.append(error.item())
        optimiser.zero_grad()
        (error + 0.25 * commitment).backward()
        optimiser.step()
    assert made.shape == (8, 4, 159)
    assert errors[-1] < 0.5 * errors[0]


def test_codebook_moves_in_training_only() -> None:
    vq = VqVae(VqWidths(16, 8, 1, 4, 32)).eval()
    blocks = torch.randn(2, 1, 4, 159)
    before = vq.quantise_top.embed.clone()
    vq(blocks)
    assert torch.equal(vq.quantise_top.embed, before)
    vq.train()
    vq(blocks)
    assert not torch.equal(vq.quantise_top.embed, before)


@pytest.mark.parametrize("lengths", [HUMAN_LENGTHS, OFFICIAL_LENGTHS], ids=["human", "published"])
def test_rest_pose_is_a_person_at_rest(lengths: torch.Tensor) -> None:
    vectors = rest_pose(lengths)
    positions = positions_from_bone_vectors(vectors)
    norms = (vectors**2).sum(-1) ** 0.5
    assert norms[1:] == pytest.approx(lengths[1:])
    mirrored = vectors[list(MIRROR)] * [-1, 1, 1]
    if lengths is HUMAN_LENGTHS:
        assert vectors == pytest.approx(mirrored, abs=1e-9)
        for side, sign in (("left", 1), ("right", -1)):
            shoulder, elbow, wrist, tip, knuckle = (
                positions[JOINT_INDEX[f"{side}_{name}"]]
                for name in ("shoulder", "elbow", "wrist", "index_4", "index_1")
            )
            assert elbow[1] > shoulder[1], "elbow below the shoulder (y points down)"
            assert wrist[2] < elbow[2], "hand in front of the elbow"
            assert sign * tip[0] < sign * knuckle[0], "fingers curl towards the body's middle"
