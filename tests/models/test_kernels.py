# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways of computing that are chosen for speed give what the plain ways give."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from aqgt.models import kernels
from aqgt.models.gru_transformer import TransformerLayer
from aqgt.models.recurrent import NarrowGrus, PairedGru
from aqgt.models.vq import BOTTOM_SHAPE, VqVae, VqWidths
from aqgt.models.vq_rows import TOP_SHAPE
from tests.models.tiny import random_batch, tiny_config, tiny_generator


@pytest.fixture(autouse=True)
def _same_weights() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def randomised(module: nn.Module) -> nn.Module:
    """Biases and norms are plain at first; a test with those would miss a forgotten one."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return module.eval()


@pytest.mark.parametrize("rows", [1, 3, 40, 300])
@pytest.mark.parametrize("width", [20, 192, 256, 500])
@pytest.mark.parametrize("kernel", [kernels.Affine, kernels.PackedAffine, kernels.PiecewiseAffine])
def test_affine_layer(rows: int, width: int, kernel: type[kernels.Affine]) -> None:
    layer, x = kernel(width, 30), torch.randn(2, rows, width + 5)[..., 5:]
    wanted = x.double() @ layer.weight.double().t() + layer.bias.double()
    with torch.inference_mode():
        assert (layer(x) - wanted).abs().max() < 1e-5
        assert layer.double()(x.double()).sub(wanted).abs().max() < 1e-12


@pytest.mark.parametrize("stride", [1, 2])
def test_convolution(stride: int) -> None:
    layer, x = kernels.Convolution(3, 8, 4, stride=stride, padding=1), torch.randn(2, 3, 9, 12)
    plain = layer(x).detach()
    with torch.inference_mode():
        assert (layer(x) - plain).abs().max() < 1e-5
        assert (layer(x, relu=True) - plain.relu()).abs().max() < 1e-5


def test_convolution_of_single_positions() -> None:
    layer, x, plus = kernels.PointConvolution(3, 8), torch.randn(2, 3, 5, 4), torch.randn(2, 8, 5, 4)
    plain = layer(x).detach()
    with torch.inference_mode():
        assert (layer(x) - plain).abs().max() < 1e-5
        assert (layer(x, plus) - plain - plus).abs().max() < 1e-5


def test_kept_weights_follow_a_change() -> None:
    """Weights in another layout are made again after a step of training, a load and a copy."""
    layer, x = kernels.PackedAffine(16, 8), torch.randn(4, 16)
    with torch.inference_mode():
        before = layer(x)
    torch.optim.SGD(layer.parameters(), 0.1).zero_grad()
    layer(x).sum().backward()
    with torch.no_grad():
        layer.weight.add_(layer.weight.grad)
    for changed in (layer, copy.deepcopy(layer)):
        with torch.inference_mode():
            after = changed(x)
        assert (after - layer(x)).abs().max() < 1e-5
        assert (after - before).abs().max() > 1e-2


def test_gradients_flow() -> None:
    layer, x = kernels.PackedAffine(16, 8), torch.randn(4, 16)
    layer(x).square().sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.abs().min() > 0


def agree(found: Tensor, wanted: Tensor) -> bool:
    return bool((found - wanted).abs().max() < (1e-10 if found.dtype == torch.float64 else 1e-4))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("norm", ["pre", "post"])
def test_transformer_layer(norm: str, dtype: torch.dtype) -> None:
    layer = randomised(TransformerLayer(20, 4, 48, 0.2, norm)).to(dtype)
    x = torch.randn(3, 7, 20, dtype=dtype)
    wanted = layer(x).detach()
    with torch.inference_mode():
        assert agree(layer(x), wanted)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n_batch", [1, 3])
def test_both_directions_at_once(n_batch: int, dtype: torch.dtype) -> None:
    gru = nn.GRU(12, 256, 2, batch_first=True, bidirectional=True).eval().to(dtype)
    x = torch.randn(n_batch, 9, 12, dtype=dtype)
    wanted = gru(x)[0].detach()
    with torch.inference_mode():
        paired = PairedGru(gru)
        assert paired.usable(x)
        assert agree(paired.run(x), wanted)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n_batch", [1, 3])
def test_narrow_networks_at_once(n_batch: int, dtype: torch.dtype) -> None:
    grus = [nn.GRU(*widths, batch_first=True, bidirectional=True).to(dtype) for widths in ((12, 5), (7, 4))]
    sequences = [torch.randn(n_batch, 9, width, dtype=dtype) for width in (12, 7)]
    wanted = [gru(x)[0].detach() for gru, x in zip(grus, sequences, strict=True)]
    with torch.inference_mode():
        found = NarrowGrus(grus).run(sequences)
    assert all(agree(*pair) for pair in zip(found, wanted, strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_that_are_read_equal_the_whole(dtype: torch.dtype) -> None:
    vq = randomised(VqVae(VqWidths(16, 8, 2, 4, 16))).to(dtype)
    assert isinstance(vq, VqVae)
    top, bottom = (torch.randn(3, 4, *shape, dtype=dtype) for shape in (TOP_SHAPE, BOTTOM_SHAPE))
    whole = vq.decode(top, bottom).detach()
    assert whole.shape == (3, 1, 8, 160)
    with torch.inference_mode():
        assert agree(vq.decode_rows(top, bottom), whole[:, 0, :3])
    assert torch.equal(vq.decode_rows(top, bottom), whole[:, 0, :3])


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build of PyTorch without these operations makes the same motion."""
    config = tiny_config(pose_head={"kind": "vq", "hidden": 16})
    generator, batch = tiny_generator(config), random_batch(config, 2)
    with torch.inference_mode():
        fast = generator(batch).bone_vectors
        monkeypatch.setattr(kernels, "available", lambda: False)
        assert (generator(batch).bone_vectors - fast).abs().max() < 1e-4
