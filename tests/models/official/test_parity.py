# SPDX-License-Identifier: GPL-3.0-or-later
"""The published networks give the recorded outputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from aqgt.models import official
from aqgt.models.generator import GestureGenerator
from tests.models.official.conftest import Recording
from tests.models.official.filled import filled

Read = Callable[[str], Recording]
INPUTS = ("pre_seq", "beats", "text", "logits", "vb", "vt", "vid", "anno", "eps")
# Recording → the recording that holds the inputs it doesn't hold itself.
GENERATOR = {
    "generator_aqgt": "generator_aqgt",
    "generator_aqgta_mixed": "generator_aqgta_mixed",
    "generator_aqgta_iconic": "generator_aqgt",
    "generator_aqgta_deictic": "generator_aqgt",
    "generator_aqgta_noise": "generator_aqgta_mixed",
}


@pytest.fixture(scope="module")
def generator_in_double() -> nn.Module:
    return official.load("generator", filled("generator", np.float64))


@pytest.fixture(scope="module")
def generator() -> nn.Module:
    return official.load("generator", filled("generator"))


def generator_inputs(read: Read, name: str) -> Recording:
    recorded = {**read(GENERATOR[name]), **read(name)}
    return {key: recorded[key] for key in INPUTS if key in recorded}


def worst(found: np.ndarray, recorded: np.ndarray) -> float:
    assert found.shape == recorded.shape
    return float(np.abs(found.astype(np.float64) - recorded.astype(np.float64)).max())


@pytest.mark.parametrize(
    ("network", "inputs", "outputs"),
    [
        (
            "pose_vq",
            ["x", "free_t", "free_b"],
            ["quant_t", "quant_b", "diff", "id_t", "id_b", "dec", "free_dec", "code_dec"],
        ),
        ("annotation_model", ["ids"], ["emb", "out", "occ"]),
        ("discriminator", ["poses", "text", "vb", "vt", "anno"], ["out", "out_noanno", "pose_enc"]),
        ("gesture_autoencoder", ["pre", "poses"], ["feat", "mu", "logvar", "recon"]),
    ],
)
def test_network(recording: Read, network: str, inputs: list[str], outputs: list[str]) -> None:
    recorded = recording(network)
    module = official.load(network, filled(network))
    found = official.run(network, module, {name: recorded[name] for name in inputs})
    for name in outputs:
        assert worst(found[name], recorded[name]) <= 1e-5, name


def test_audio_vq(recording: Read) -> None:
    """Its codes are single numbers, so that two of them may lie within a rounding error of one value.

    Which of the two is taken then depends on the order of summation, and so on the number of threads; the
    values are next to each other.
    """
    recorded = recording("audio_vq")
    module = official.load("audio_vq", filled("audio_vq"))
    inputs = {"x": recorded["x"], "free_t": recorded["quant_t"], "free_b": recorded["quant_b"]}
    found = official.run("audio_vq", module, inputs)
    for name in ("quant_t", "quant_b", "diff"):
        assert worst(found[name], recorded[name]) <= 1e-4, name
    for name in ("id_t", "id_b"):
        assert (found[name] != recorded[name]).sum() <= 2, name
    assert worst(found["free_dec"], recorded["dec"]) <= 1e-5
    assert worst(found["dec"], recorded["dec"]) <= 3e-4


def test_audio_vq_as_the_engine_runs_it(recording: Read) -> None:
    """Faster kernels sum in yet another order: of 640 codes a few are their neighbours.

    The recording's own single precision takes another one than double precision for 3 of them.
    """
    recorded = recording("audio_vq")
    module = official.load("audio_vq", filled("audio_vq"))
    with torch.inference_mode():
        codes = module.encode(torch.from_numpy(recorded["x"]))
    found = {"top": codes.top_codes.numpy(), "bottom": codes.bottom_codes.numpy()}
    assert worst(codes.bottom.numpy(), recorded["quant_b"]) <= 1e-3
    assert worst(codes.top.numpy(), recorded["quant_t"]) <= 1e-3
    for name, key in (("top", "id_t"), ("bottom", "id_b")):
        rank = module.get_submodule(f"quantise_{name}").embed[0].argsort().argsort().numpy()
        apart = np.abs(rank[found[name]] - rank[recorded[key]])
        assert apart.max() <= 1, name
        assert apart.sum() <= 4, name


@pytest.mark.parametrize("name", GENERATOR)
def test_generator_in_double(recording: Read, generator_in_double: nn.Module, name: str) -> None:
    recorded = recording(name)
    found = official.run("generator", generator_in_double, generator_inputs(recording, name))
    assert found["out"].dtype == np.float64
    assert worst(found["out"], recorded["out64"]) <= 1e-8
    for key in ("z", "z_mu", "z_logvar", "arc_loss"):
        if key in recorded:
            assert worst(found[key], recorded[key]) <= 1e-5, key
    if "arc_argmax" in recorded:
        assert worst(found["arc_argmax"], recorded["arc_argmax"]) == 0


@pytest.mark.parametrize("name", GENERATOR)
def test_generator_in_single(recording: Read, generator: nn.Module, name: str) -> None:
    """Rounding is amplified; how far, the published network's own single precision shows."""
    found = official.run("generator", generator, generator_inputs(recording, name))
    assert found["out"].dtype == np.float32
    assert worst(found["out"], recording(name)["out"]) <= 0.1


def test_seed_codes(recording: Read, generator: nn.Module) -> None:
    assert isinstance(generator, GestureGenerator)
    recorded = recording("generator_aqgt")
    codes = generator.seed_codes(torch.from_numpy(recorded["pre_seq"]))
    assert (codes.numpy() == recorded["mid_pose_ids"]).all()


def test_batched_equals_alone(recording: Read, generator_in_double: nn.Module) -> None:
    """But for rounding: a batch is summed in another order; the network amplifies 1e-16 to some 1e-9."""
    inputs = generator_inputs(recording, "generator_aqgta_mixed")
    together = official.run("generator", generator_in_double, inputs)["out"]
    alone = [
        official.run("generator", generator_in_double, {name: x[k : k + 1] for name, x in inputs.items()})
        for k in range(2)
    ]
    assert worst(np.concatenate([each["out"] for each in alone]), together) <= 1e-8


def test_any_kind_of_number_will_do(recording: Read, generator: nn.Module) -> None:
    inputs = generator_inputs(recording, "generator_aqgta_iconic")
    other: Recording = {
        **inputs,
        "anno": inputs["anno"].astype(np.int32),
        "vid": inputs["vid"].astype(np.int32),
        "beats": inputs["beats"].astype(np.float64),
    }
    for array in other.values():
        array.setflags(write=False)
    found = official.run("generator", generator, other)["out"]
    assert (found == official.run("generator", generator, inputs)["out"]).all()


def test_without_annotations_differs(recording: Read, generator: nn.Module) -> None:
    """Labels reach the output: the recordings with and without them are told apart."""
    plain = official.run("generator", generator, generator_inputs(recording, "generator_aqgt"))["out"]
    iconic = official.run("generator", generator, generator_inputs(recording, "generator_aqgta_iconic"))[
        "out"
    ]
    assert worst(plain, iconic) > 0.3
