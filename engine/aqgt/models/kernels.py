# SPDX-License-Identifier: GPL-3.0-or-later
"""Affine layers and convolutions by oneDNN, for inference in float32 on a processor.

PyTorch multiplies float32 matrices with MKL, which runs at less than half of its speed on processors that are
not Intel's, and lays a convolution's weights out anew in every call. oneDNN comes with PyTorch as well; its
operations are those that `torch.compile` uses. They are no public interface, so `available` tries them first.
Everywhere else (training, graphics cards, float64, builds without oneDNN) PyTorch's own functions run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from math import ceil
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_FEW_ROWS = 256
"""Up to this many rows the weights' layout decides over the speed, so that a second copy of them pays."""
_PIECE = 256
"""oneDNN adds up all products of a row in one go; in pieces, as MKL does, less than half is rounded away."""


_EXACT = {"none": "", "relu": "", "gelu": "none"}
"""What may follow a product in the same operation, and the approximation it is made by."""

_plain = False


@contextmanager
def plain() -> Iterator[None]:
    """Inside, networks compute as PyTorch's own modules do: for comparisons of speed and of results."""
    global _plain
    before, _plain = _plain, True
    try:
        yield
    finally:
        _plain = before


def own_ways(x: Tensor) -> bool:
    """Whether networks may compute ``x`` in ways of their own: on a processor, without gradients."""
    return x.device.type == "cpu" and not torch.is_grad_enabled() and not _plain


class Derived:
    """Something made from weights, kept until one of them changes; never part of a module's state.

    Args:
        make: makes it from the weights; importable by name, so that copies of a module can make their own.
    """

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make
        self._key: tuple[Any, ...] | None = None
        self._value: Any = None

    def of(self, *weights: Tensor | None) -> Any:
        if any(x is not None and x.is_inference() for x in weights):
            return self._make(*weights)  # such tensors count no changes
        key = tuple(None if x is None else (x.data_ptr(), x._version, x.dtype, x.device) for x in weights)
        if key != self._key:
            # What is made in inference mode counts no changes: nothing could be derived from it in turn.
            with torch.inference_mode(False), torch.no_grad():
                self._key, self._value = key, self._make(*weights)
        return self._value

    def __reduce__(self) -> tuple[Any, ...]:
        return Derived, (self._make,)


@cache
def available() -> bool:
    """Whether this build of PyTorch has the operations and they give what PyTorch's own functions give."""
    if not torch.backends.mkldnn.is_available():
        return False
    x, weight, bias = torch.linspace(-1, 1, 32).view(2, 16), torch.linspace(-1, 1, 128).view(8, 16), None
    image, kernel = x.view(1, 2, 4, 4), weight[:4].reshape(4, 2, 2, 4)[..., :2].contiguous()
    try:
        pairs = [
            (_multiply(x, _pack(weight), bias), F.linear(x, weight)),
            (_multiply(x, weight, bias, "gelu"), F.gelu(F.linear(x, weight))),
            (_multiply_add(x, _pack(weight), bias, x[:, :8]), F.linear(x, weight) + x[:, :8]),
            (
                _convolve(image, pack_kernel(kernel), bias, (0, 0), (1, 1), "relu"),
                F.conv2d(image, kernel).relu(),
            ),
        ]
    except (AttributeError, RuntimeError):  # also where an operation is not implemented
        return False
    return all(torch.allclose(found, wanted, atol=1e-5) for found, wanted in pairs)


def usable(x: Tensor, weight: Tensor) -> bool:
    """Whether oneDNN takes these: float32 on a processor, without gradients."""
    return (
        x.dtype == weight.dtype == torch.float32
        and own_ways(x)
        and not torch.is_autocast_enabled("cpu")
        and bool(torch.backends.mkldnn.enabled)
        and available()
    )


def pack_matrix(weight: Tensor) -> tuple[Tensor, ...]:
    """A weight matrix in oneDNN's own layout."""
    return (_pack(weight),)


def pack_pieces(weight: Tensor) -> tuple[Tensor, ...]:
    """A weight matrix as equal pieces of at most `_PIECE` columns, in oneDNN's own layout."""
    return tuple(_pack(piece) for piece in weight.split(_piece(weight.shape[1]), dim=1))


def _piece(width: int) -> int:
    """Columns of each piece but the last, which has what is left."""
    return ceil(width / ceil(width / _PIECE))


def pack_point(weight: Tensor) -> Tensor:
    """Weights `[out, in, 1, 1]` of a convolution that sees one position at a time, as a matrix."""
    return _pack(weight.flatten(1))


def _pack(weight: Tensor) -> Tensor:
    return torch.ops.mkldnn._reorder_linear_weight(weight.detach().contiguous(), 34)


def pack_kernel(weight: Tensor, groups: int = 1) -> Tensor:
    """Convolution weights in oneDNN's own layout."""
    plain = [1, 1]
    return torch.ops.mkldnn._reorder_convolution_weight(weight.detach(), [0, 0], plain, plain, groups, None)


def pack_row_kernel(weight: Tensor, groups: int = 1) -> Tensor:
    """Weights of a convolution over time in oneDNN's own layout for pictures of one row."""
    return pack_kernel(weight.unsqueeze(2), groups)


def _multiply(x: Tensor, weight: Tensor, bias: Tensor | None, after: str = "none") -> Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, after, [], _EXACT[after])


def _multiply_add(x: Tensor, weight: Tensor, bias: Tensor | None, other: Tensor) -> Tensor:
    return torch.ops.mkldnn._linear_pointwise.binary(x, other, weight, bias, "add")


def _convolve(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    padding: tuple[int, ...],
    stride: tuple[int, ...],
    after: str,
    groups: int = 1,
) -> Tensor:
    return torch.ops.mkldnn._convolution_pointwise(
        x, weight, bias, list(padding), list(stride), [1, 1], groups, after, [], _EXACT[after]
    )


def convolve_row(
    x: Tensor, packed: Tensor, bias: Tensor | None, stride: int, padding: int, groups: int, *, gelu: bool
) -> Tensor:
    """Convolution over time of `[B, C, T]` by weights of `pack_row_kernel`, then a GELU if asked for."""
    image = x.unsqueeze(2).contiguous(memory_format=torch.channels_last)
    after = "gelu" if gelu else "none"
    return _convolve(image, packed, bias, (0, padding), (1, stride), after, groups).squeeze(2)


def affine_gelu(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """`F.gelu` of `F.linear` of `[..., C]`, in one operation where that can be."""
    if not usable(x, weight):
        return F.gelu(F.linear(x, weight, bias))
    return _multiply(x, weight, bias, "gelu")


def affine(x: Tensor, weight: Tensor, bias: Tensor | None, packed: Derived | None) -> Tensor:
    """`F.linear` of `[..., C]`.

    Args:
        packed: keeps the weights in another layout for small batches, by `pack_matrix` or `pack_pieces`; None
            takes the weights as they are, without a second copy.
    """
    if not usable(x, weight):
        return F.linear(x, weight, bias)
    if packed is None or x.numel() > _FEW_ROWS * x.shape[-1]:
        return _multiply(x, weight, bias)
    first, *others = packed.of(weight)
    if not others:
        return _multiply(x, first, bias)
    head, *parts = x.split(_piece(x.shape[-1]), dim=-1)
    result = _multiply(head.contiguous(), first, bias)
    for part, piece in zip(parts, others, strict=True):
        result += _multiply(part.contiguous(), piece, None)
    return result


class Affine(nn.Linear):
    """`nn.Linear` whose inference is `affine`, on the weights as they are."""

    packed: Derived | None = None

    def forward(self, x: Tensor) -> Tensor:
        return affine(x, self.weight, self.bias, self.packed)


class PackedAffine(Affine):
    """The same on a second copy of the weights: faster with few rows."""

    def __init__(self, width_in: int, width_out: int, bias: bool = True) -> None:
        super().__init__(width_in, width_out, bias)
        self.packed = Derived(pack_matrix)


class PiecewiseAffine(Affine):
    """The same on a second copy in pieces: less fast, and rounding less."""

    def __init__(self, width_in: int, width_out: int, bias: bool = True) -> None:
        super().__init__(width_in, width_out, bias)
        self.packed = Derived(pack_pieces)


def convolve(
    x: Tensor, weight: Tensor, bias: Tensor, packed: Derived, *, padding: tuple[int, int], relu: bool
) -> Tensor:
    """Convolution of `[B, C, H, W]` with stride 1, followed by a ReLU where asked for.

    Args:
        packed: keeps the weights in oneDNN's layout, by `pack_kernel`.
    """
    if usable(x, weight):
        x = x.contiguous(memory_format=torch.channels_last)
        return _convolve(x, packed.of(weight), bias, padding, (1, 1), "relu" if relu else "none")
    found = F.conv2d(x, weight, bias, padding=padding)
    return found.relu_() if relu else found


class Convolution(nn.Conv2d):
    """`nn.Conv2d` with plain padding and stride, whose inference runs channels last on kept weights."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, *, stride: int = 1, padding: int = 0
    ) -> None:
        super().__init__(channels_in, channels_out, kernel, stride=stride, padding=padding)
        self.packed = Derived(pack_kernel)

    def forward(self, x: Tensor, *, relu: bool = False) -> Tensor:
        """The convolution of `[B, C, H, W]`, followed by a ReLU where asked for."""
        if usable(x, self.weight):
            x = x.contiguous(memory_format=torch.channels_last)
            weight, padding = self.packed.of(self.weight), self.padding
            assert not isinstance(padding, str)
            return _convolve(x, weight, self.bias, padding, self.stride, "relu" if relu else "none")
        found = super().forward(x)
        return found.relu() if relu else found


class PointConvolution(nn.Conv2d):
    """`nn.Conv2d` of one position at a time, whose inference is a matrix product with kept weights."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(channels_in, channels_out, 1)
        self.packed = Derived(pack_point)

    def forward(self, x: Tensor, plus: Tensor | None = None) -> Tensor:
        """The convolution of `[B, C, H, W]`, added to ``plus`` where given."""
        if usable(x, self.weight):
            positions, weight = _positions(x), self.packed.of(self.weight)
            if plus is None:
                return _multiply(positions, weight, self.bias).permute(0, 3, 1, 2)
            return _multiply_add(positions, weight, self.bias, _positions(plus)).permute(0, 3, 1, 2)
        found = super().forward(x)
        return found if plus is None else plus + found


def _positions(x: Tensor) -> Tensor:
    """`[B, C, H, W]` → `[B, H, W, C]`, laid out so."""
    return x.permute(0, 2, 3, 1).contiguous()
