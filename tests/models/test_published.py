# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of the published composition of the generator, on tiny widths."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from aqgt.errors import AqgtError
from aqgt.models.config import ModelConfig
from aqgt.models.official_runs import noise_by_value
from aqgt.models.published_encoders import NumberEmbedding, PublishedEncoders, SampledAnnotationEmbedding
from aqgt.models.speech_discriminator import ConcreteDropout
from tests.models.tiny import tiny_config, tiny_generator

PUBLISHED: dict[str, dict[str, Any]] = {
    "sound": {"kind": "codes_logits_beats"},
    "text": {"kind": "sentence"},
    "annotation": {"sampled": True, "seed_branch": True},
    "aligner": {"context": "published"},
    "pose_head": {"kind": "vq", "hidden": 16},
    "published": {
        "hidden": 8,
        "beat_samples": 3,
        "audio_codes_bottom": 12,
        "audio_codes_top": 6,
        "audio_width": 4,
        "logit_frames": 7,
        "logit_tokens": 5,
        "sentence_width": 6,
        "sentence_hidden": 8,
        "seed_code_width": 4,
        "seed_annotation_width": 2,
        "speaker_guess_hidden": 6,
        "unused_layers": [],
        "annotation_network": {"codes": 16, "code_width": 4, "state_width": 3, "hidden": 6},
    },
}


def published_config() -> ModelConfig:
    return tiny_config(**PUBLISHED)


def published_batch(config: ModelConfig, n: int, *, seed: int = 0) -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(n, *shape, generator=rng)

    poses = normal(34, 160)
    poses[:, 4:] = 0.0
    poses[..., 159] = poses[..., 159] != 0
    sizes = torch.tensor(config.annotation.sizes).view(1, -1, 1)
    return {
        "seed": poses,
        "beats": normal(2, 102),
        "sentence": normal(6),
        "logits": normal(7, 5),
        "audio_bottom": normal(12),
        "audio_top": normal(6),
        "annotations": (torch.rand(n, 17, 34, generator=rng) * (sizes + 1)).floor() - 1,
        "speaker": torch.arange(n) % config.speaker.count,
    }


@pytest.mark.parametrize(
    "name", ["seed", "beats", "sentence", "logits", "audio_bottom", "audio_top", "annotations", "speaker"]
)
def test_every_input_reaches_the_output(name: str) -> None:
    config = published_config()
    generator, batch = tiny_generator(config), published_batch(config, 2)
    other = {**batch, name: published_batch(config, 2, seed=1)[name]}
    if name == "speaker":
        other["speaker"] = (batch["speaker"] + 1) % config.speaker.count
    with torch.inference_mode():
        difference = generator(batch).bone_vectors - generator(other).bone_vectors
    assert (difference.abs().amax(dim=(1, 2)) > 1e-7).all()


def test_given_seed_codes_are_taken() -> None:
    config = published_config()
    generator, batch = tiny_generator(config), published_batch(config, 2)
    with torch.inference_mode():
        codes = generator.seed_codes(batch["seed"])
        assert codes.shape == (2, 100)
        found = generator({**batch, "seed_codes": codes}).bone_vectors
        assert torch.equal(found, generator(batch).bone_vectors)
        other = generator({**batch, "seed_codes": (codes + 1) % 16}).bone_vectors
    assert not torch.equal(found, other)


def test_frozen_networks_stay_as_they_are_in_training() -> None:
    config = published_config()
    generator, batch = tiny_generator(config).train(), published_batch(config, 3)
    before = {name: x.clone() for name, x in generator.named_buffers()}
    output = generator(batch)
    assert output.guess is not None
    (output.bone_vectors.square().mean() + output.guess.loss).backward()
    for name, x in generator.named_buffers():
        assert torch.equal(x, before[name]), name
    assert isinstance(generator.encoders, PublishedEncoders)
    assert not generator.encoders.seed_annotations.network.training
    assert not generator.aligner.head.training
    assert generator.backbone.training
    gradients = {name: x.grad for name, x in generator.named_parameters() if x.grad is not None}
    assert gradients["encoders.text.body.0.weight"].abs().max() > 0
    assert gradients["encoders.seed_annotations.gru.weight_ih_l0"].abs().max() > 0


def test_beats_around_each_frame() -> None:
    config = published_config()
    encoders = tiny_generator(config).encoders
    assert isinstance(encoders, PublishedEncoders)
    rows = torch.arange(1.0, 103.0).expand(1, 2, -1)
    framed = encoders._around_each_frame(rows)
    assert framed.shape == (1, 34, 2, 9)
    assert framed[0, 0, 0].tolist() == [0, 0, 0, 1, 2, 3, 4, 5, 6]
    assert framed[0, 1, 1].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert framed[0, 33, 0].tolist() == [97, 98, 99, 100, 101, 102, 0, 0, 0]


def test_a_label_that_is_not_known_gives_zero() -> None:
    embedding = SampledAnnotationEmbedding(5, 3, 0.2).eval()
    values, noise = torch.tensor([[-1.0, -0.5, 0.0, 4.0]]), torch.ones(1, 4, 3)
    for drawn in (embedding(values, None), embedding(values, noise)):
        assert not drawn[0, 0].any()
        # The value loses its fraction first, so that -0.5 is the label 0.
        assert torch.equal(drawn[0, 1], drawn[0, 2])
        assert drawn[0, 3].abs().min() > 0
    assert not torch.equal(embedding(values, None), embedding(values, noise))


def test_an_unknown_number() -> None:
    values = torch.tensor([[-1.0, 0.0, 1.0]])
    embedding = NumberEmbedding(3, "number").eval()
    assert embedding(values, None)[0, 0].abs().max() > 0
    embedding.unknown = "zero"
    assert not embedding(values, None)[0, 0].any()


def test_noise_goes_to_known_values_in_order() -> None:
    annotations = torch.tensor(
        [[[-1.0, 2.0], [0.5, 0.5], [0.0, 1.0]], [[3.0, -1.0], [0.0, 0.0], [-1.0, 0.0]]]
    )
    rows = torch.arange(7.0).unsqueeze(1)
    style, placed = noise_by_value(rows, annotations, (4, 1, 2), 1)
    assert style.flatten().tolist() == [0, 1]
    assert placed[..., 0].tolist() == [[[0, 2], [0, 0], [4, 5]], [[3, 0], [0, 0], [0, 6]]]
    with pytest.raises(AqgtError, match="6 rows of noise, and the annotations need 7"):
        noise_by_value(rows[:6], annotations, (4, 1, 2), 1)


@pytest.mark.parametrize("section", ["sound", "text", "annotation", "published"])
def test_published_parts_go_together(section: str) -> None:
    others = {name: values for name, values in PUBLISHED.items() if name != section}
    with pytest.raises(AqgtError, match="go together"):
        tiny_config(**others)


def test_concrete_dropout_drops_at_its_rate() -> None:
    dropout = ConcreteDropout().train()
    x = torch.ones(200, 200)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        kept = dropout(x)
    assert abs(float((kept < 0.5).float().mean()) - 0.1) < 0.02
    assert abs(float(kept.mean()) - 1.0) < 0.02
    assert torch.equal(dropout.eval()(x), x)
