# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech is encoded apart from the seed poses, for any number of windows at once."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.models.test_published import published_batch, published_config
from tests.models.tiny import random_batch, tiny_config, tiny_generator

KINDS = {"fresh": (tiny_config(), random_batch), "published": (published_config(), published_batch)}
OWN = ("annotations", "seed", "speaker")
"""What differs between variants of a window."""


def in_double(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: x.double() if x.is_floating_point() else x for name, x in batch.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_windows_together_or_alone(kind: str) -> None:
    config, make = KINDS[kind]
    generator, batch = tiny_generator(config).double(), in_double(make(config, 3))
    with torch.inference_mode():
        whole = generator(batch).bone_vectors
        speech = generator.encode_speech(batch)
        for k in range(3):
            own = {name: batch[name][k : k + 1] for name in ("seed", "speaker")}
            made = generator(own, {name: x[k : k + 1] for name, x in speech.items()}).bone_vectors
            assert (made - whole[k : k + 1]).abs().max() < 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_variants_share_their_sound(kind: str) -> None:
    """What is the same for all variants is encoded once; the rest comes once per variant."""
    config, make = KINDS[kind]
    generator, batch = tiny_generator(config).double(), in_double(make(config, 3))
    shared = {name: x if name in OWN else x[:1] for name, x in batch.items()}
    repeated = {name: x.expand(3, *x.shape[1:]) for name, x in shared.items()}
    with torch.inference_mode():
        speech = generator.encode_speech(shared)
        assert len(speech["annotations"]) == 3
        assert len(speech["text"]) == 1
        made = generator(shared, speech).bone_vectors
        assert (made - generator(repeated).bone_vectors).abs().max() < 1e-9


def test_speech_knows_nothing_of_the_seed() -> None:
    for config, make in KINDS.values():
        generator, batch = tiny_generator(config), make(config, 2)
        with torch.inference_mode():
            speech = generator.encode_speech({name: x for name, x in batch.items() if name != "seed"})
        assert all(len(x) == 2 for x in speech.values())
