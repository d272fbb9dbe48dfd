# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookahead and RAdamW."""

from __future__ import annotations

import io

import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from aqgt_training.optimisers import Lookahead, radamw


def _weights(seed: int = 0) -> list[nn.Parameter]:
    rng = torch.Generator().manual_seed(seed)
    return [nn.Parameter(torch.randn(3, 2, generator=rng)), nn.Parameter(torch.randn(4, generator=rng))]


def _step(optimiser: torch.optim.Optimizer, weights: list[nn.Parameter]) -> None:
    optimiser.zero_grad()
    loss = sum(((weight - 1) ** 2).sum() for weight in weights)
    assert isinstance(loss, Tensor)
    loss.backward()
    optimiser.step()


def test_slow_weights_follow_every_sixth_step_only() -> None:
    weights = _weights()
    start = [weight.detach().clone() for weight in weights]
    # Plain descent on (w - 1)² has a closed form, so the whole rule can be written down.
    optimiser = Lookahead(torch.optim.SGD(weights, lr=0.1), steps=6, share=0.5)
    slow, fast = start, start
    for step in range(1, 15):
        _step(optimiser, weights)
        fast = [1 + 0.8 * (value - 1) for value in fast]
        if step % 6 == 0:
            slow = [0.5 * a + 0.5 * b for a, b in zip(slow, fast, strict=True)]
            fast = slow
        for weight, wanted in zip(weights, fast, strict=True):
            torch.testing.assert_close(weight.detach(), wanted)
        for kept, wanted in zip(optimiser.slow, slow, strict=True):
            torch.testing.assert_close(kept, wanted)


def test_momentum_is_not_pulled_back() -> None:
    weights = _weights()
    inner = torch.optim.SGD(weights, lr=0.1, momentum=0.9)
    optimiser = Lookahead(inner, steps=3)
    for _ in range(2):
        _step(optimiser, weights)
    plain = [p.detach().clone().requires_grad_() for p in weights]
    other = torch.optim.SGD(plain, lr=0.1, momentum=0.9)
    other.load_state_dict(inner.state_dict())
    _step(optimiser, weights)
    _step(other, plain)  # type: ignore[arg-type]
    for ours, theirs in zip(weights, plain, strict=True):
        torch.testing.assert_close(
            inner.state[ours]["momentum_buffer"], other.state[theirs]["momentum_buffer"]
        )
        assert not torch.equal(ours, theirs), "the third step pulled the weights themselves"


def test_it_goes_on_where_it_was_saved() -> None:
    whole, halves = _weights(), _weights()
    straight = Lookahead(radamw(whole, learning_rate=0.05), steps=4)
    first = Lookahead(radamw(halves, learning_rate=0.05), steps=4)
    for _ in range(12):
        _step(straight, whole)
    for _ in range(6):
        _step(first, halves)
    file = io.BytesIO()
    torch.save({"optimiser": first.state_dict(), "weights": [w.detach() for w in halves]}, file)
    file.seek(0)
    saved = torch.load(file, weights_only=True)
    again = [nn.Parameter(value) for value in saved["weights"]]
    second = Lookahead(radamw(again, learning_rate=0.9), steps=4)
    second.load_state_dict(saved["optimiser"])
    assert second.param_groups[0]["lr"] == 0.05
    for _ in range(6):
        _step(second, again)
    for ours, theirs in zip(again, whole, strict=True):
        assert torch.equal(ours, theirs)
    with pytest.raises(ValueError, match="don't fit"):
        Lookahead(radamw(_weights()[:1])).load_state_dict(saved["optimiser"])


def test_slow_weights_can_be_looked_at_and_the_fast_ones_come_back() -> None:
    weights = _weights()
    start = [weight.detach().clone() for weight in weights]
    optimiser = Lookahead(torch.optim.SGD(weights, lr=0.1))
    _step(optimiser, weights)
    fast = [weight.detach().clone() for weight in weights]

    def fail_inside() -> None:
        with optimiser.slow_weights():
            assert all(torch.equal(a, b) for a, b in zip(weights, start, strict=True))
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fail_inside()
    assert all(torch.equal(a, b) for a, b in zip(weights, fast, strict=True))


def test_a_learning_rate_scheduler_reaches_the_inner_optimiser() -> None:
    weights = _weights()
    inner = radamw(weights, learning_rate=0.1)
    optimiser = Lookahead(inner)
    scheduler = torch.optim.lr_scheduler.StepLR(optimiser, step_size=1, gamma=0.5)
    _step(optimiser, weights)
    scheduler.step()
    assert inner.param_groups[0]["lr"] == 0.05


def test_it_runs_under_fabric() -> None:
    torch.manual_seed(0)
    network = nn.Linear(3, 2)
    fabric = Fabric(accelerator="cpu", devices=1)
    wrapped, optimiser = fabric.setup(
        network, Lookahead(radamw(network.parameters(), learning_rate=0.1), steps=2)
    )
    before = network.weight.detach().clone()
    for _ in range(2):
        optimiser.zero_grad()
        fabric.backward(wrapped(torch.ones(4, 3)).square().sum())
        fabric.clip_gradients(wrapped, optimiser, max_norm=0.5)
        optimiser.step()
    assert not torch.equal(network.weight, before)
    assert optimiser.optimizer.done == 2
    assert torch.equal(optimiser.optimizer.slow[0], network.weight)


def test_weight_decay_is_decoupled() -> None:
    weight = nn.Parameter(torch.full((3,), 2.0))
    optimiser = radamw([weight], learning_rate=0.1, weight_decay=0.5)
    weight.grad = torch.zeros(3)
    optimiser.step()
    # Without any gradient an L2 penalty would have moved by the optimiser's own step instead.
    torch.testing.assert_close(weight.detach(), torch.full((3,), 2.0 * (1 - 0.1 * 0.5)))


def test_nonsense_and_late_groups_are_refused() -> None:
    weights = _weights()
    with pytest.raises(ValueError, match="at least 1"):
        Lookahead(radamw(weights), steps=0)
    with pytest.raises(ValueError, match="share"):
        Lookahead(radamw(weights), share=0.0)
    with pytest.raises(ValueError, match="before Lookahead"):
        Lookahead(radamw(weights[:1])).add_param_group({"params": weights[1:]})
