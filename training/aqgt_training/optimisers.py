# SPDX-License-Identifier: GPL-3.0-or-later
"""Optimisers of the published training: RAdam with decoupled weight decay, and Lookahead around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, overload

import torch
from torch import Tensor, nn
from torch.optim import Optimizer, RAdam


def radamw(
    parameters: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
    *,
    learning_rate: float = 1e-5,
    weight_decay: float = 1e-4,
    betas: tuple[float, float] = (0.9, 0.999),
) -> RAdam:
    """RAdam (L. Liu et al., ICLR 2020) whose weight decay is that of AdamW: it never enters the gradient."""
    return RAdam(
        parameters, lr=learning_rate, betas=betas, weight_decay=weight_decay, decoupled_weight_decay=True
    )


class Lookahead(Optimizer):
    """Fast weights explore, slow weights follow (M. Zhang et al., "Lookahead Optimizer", NeurIPS 2019).

    Every k-th step each weight becomes slow + α (fast − slow), and the slow weight becomes the same. The
    inner optimiser's momentum is left as it is. Learning rates are the inner optimiser's: both share their
    parameter groups, so schedulers work on either.

    Args:
        inner: the optimiser that makes the fast steps; its weights of this moment are the first slow ones.
        steps: k.
        share: α.
    """

    def __init__(self, inner: Optimizer, *, steps: int = 6, share: float = 0.5) -> None:
        if steps < 1 or not 0 < share <= 1:
            raise ValueError(f"steps must be at least 1 and share in (0, 1]: {steps}, {share}")
        self.inner, self.steps, self.share = inner, steps, share
        self.done = 0
        super().__init__(inner.param_groups, {})
        self.param_groups = inner.param_groups
        self.slow = [parameter.detach().clone() for parameter in self._parameters()]

    def _parameters(self) -> list[nn.Parameter]:
        return [parameter for group in self.param_groups for parameter in group["params"]]

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One fast step; every k-th time the slow weights follow."""
        loss = self.inner.step(closure)  # type: ignore[arg-type]
        self.done += 1
        if self.done % self.steps == 0:
            with torch.no_grad():
                for slow, fast in zip(self.slow, self._parameters(), strict=True):
                    slow.lerp_(fast, self.share)
                    fast.copy_(slow)
        return loss

    @contextmanager
    def slow_weights(self) -> Iterator[None]:
        """Inside, the network has the slow weights, to judge or save them; afterwards the fast ones again."""
        fast = [parameter.detach().clone() for parameter in self._parameters()]
        self._set(self.slow)
        try:
            yield
        finally:
            self._set(fast)

    @torch.no_grad()
    def _set(self, values: list[Tensor]) -> None:
        for parameter, value in zip(self._parameters(), values, strict=True):
            parameter.copy_(value)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Refused once it is made: a late group would have no slow weights.

        Raises:
            ValueError: always, after construction.
        """
        if hasattr(self, "slow"):
            raise ValueError("give all parameter groups to the inner optimiser before Lookahead wraps it")
        super().add_param_group(param_group)

    def state_dict(self) -> dict[str, Any]:
        """Inner state, slow weights and the count of steps: tensors and plain values only."""
        return {
            "inner": self.inner.state_dict(),
            "slow": [value.clone() for value in self.slow],
            "done": self.done,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a `state_dict` of an optimiser over the same parameters.

        Raises:
            ValueError: it has other parameters.
        """
        shapes = [value.shape for value in state_dict["slow"]]
        if shapes != [value.shape for value in self.slow]:
            raise ValueError("the slow weights don't fit the parameters")
        self.inner.load_state_dict(state_dict["inner"])
        self.param_groups = self.inner.param_groups  # loading makes new ones
        with torch.no_grad():
            for slow, value in zip(self.slow, state_dict["slow"], strict=True):
                slow.copy_(value)
        self.done = state_dict["done"]
