# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights under published names: what goes in comes out, and what doesn't fit is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.models import official
from aqgt.models.config import read_config
from aqgt.models.official_names import NETWORKS
from aqgt.resources import data_path
from tests.models.official.filled import filled, shapes

N_NAMES = {
    "pose_vq": 96,
    "audio_vq": 64,
    "annotation_model": 113,
    "generator": 626,
    "discriminator": 87,
    "gesture_autoencoder": 88,
}


@pytest.mark.parametrize("network", NETWORKS)
def test_round_trip(network: str) -> None:
    weights = filled(network)
    assert len(weights) == N_NAMES[network]
    module = official.load(network, weights)
    assert not module.training
    back = official.state_under_official_names(network, module)
    assert {name: tuple(x.shape) for name, x in back.items()} == shapes(network)
    for name, value in weights.items():
        np.testing.assert_array_equal(back[name].numpy(), value, err_msg=name)


def test_every_weight_but_the_unused_is_somewhere() -> None:
    """No two published names share a weight: changing one changes no other."""
    module = official.load("annotation_model", filled("annotation_model"))
    back = official.state_under_official_names("annotation_model", module)
    assert len({x.data_ptr() for x in back.values()}) == len(back)


def test_tensors_and_double_precision() -> None:
    weights = {name: torch.from_numpy(x) for name, x in filled("annotation_model", np.float64).items()}
    module = official.load("annotation_model", weights)
    assert all(x.dtype == torch.float64 for x in module.parameters())


def changed(**changes: NDArray[np.generic] | None) -> dict[str, NDArray[np.generic]]:
    state: dict[str, NDArray[np.generic]] = dict(filled("annotation_model"))
    for name, value in changes.items():
        key = name.replace("__", ".")
        if value is None:
            del state[key]
        else:
            state[key] = value
    return state


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (changed(norm1__weight=None), "missing: norm1.weight"),
        (changed(extra__weight=np.zeros(3)), "unexpected: extra.weight"),
        (changed(norm1__bias=np.zeros(17, np.float32)), r"norm1.bias: \[17\], not \[16\]"),
        (changed(norm1__bias=np.full(16, np.nan, np.float32)), "norm1.bias: NaN or infinite"),
    ],
)
def test_misfits_are_listed(state: dict[str, NDArray[np.generic]], sentence: str) -> None:
    with pytest.raises(AqgtError, match=sentence) as caught:
        official.load("annotation_model", state)
    assert caught.value.next_step


def test_all_misfits_at_once_in_a_readable_number() -> None:
    with pytest.raises(AqgtError, match="and 93 more"):
        official.load("annotation_model", {})


def test_unknown_network() -> None:
    with pytest.raises(AqgtError, match="no network “vq”") as caught:
        official.load("vq", {})
    assert "pose_vq" in caught.value.next_step


def test_missing_input() -> None:
    module = official.load("annotation_model", filled("annotation_model"))
    with pytest.raises(AqgtError, match="inputs ids of annotation_model"):
        official.run("annotation_model", module, {})


def test_wrapped_audio_weights() -> None:
    wrapped = {f"generator.{name}": x for name, x in filled("audio_vq").items()}
    wrapped["LogVAE_loss.total"] = np.zeros(1)
    module = official.load("audio_vq", wrapped)
    back = official.state_under_official_names("audio_vq", module)
    assert set(back) == set(shapes("audio_vq"))


def test_older_names_of_the_generator() -> None:
    newer = {"transformer_1": "gru", "transformer_2": "gru2", "gru_2": "gru3"}
    weights = filled("generator")
    older = {}
    for name, value in weights.items():
        first, _, rest = name.partition(".")
        older[f"{newer[first]}.{rest}" if first in newer else name] = value
    assert "gru3.weight_ih_l0" in older
    back = official.state_under_official_names("generator", official.load("generator", older))
    np.testing.assert_array_equal(back["gru_2.weight_ih_l0"], weights["gru_2.weight_ih_l0"])


def test_configs_of_both_published_generators() -> None:
    """They are one network: one was trained with annotations, the other without."""
    with_annotations = read_config(data_path("configs", "models", "aqgt-a.yaml"))
    without = read_config(data_path("configs", "models", "aqgt.yaml"))
    assert with_annotations.annotation.learned
    assert not without.annotation.learned
    told_apart = {"name": "", "title": "", "annotation": with_annotations.annotation}
    assert with_annotations.model_copy(update=told_apart) == without.model_copy(update=told_apart)
    learned = without.annotation.model_copy(update={"learned": True})
    assert learned == with_annotations.annotation
    assert not with_annotations.commercial_use
    assert official.generator_config() == with_annotations
