# SPDX-License-Identifier: GPL-3.0-or-later
"""A network with its optimiser: one side of a training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from aqgt.errors import AqgtError
from aqgt_training.optimisers import Lookahead, radamw
from aqgt_training.stages.core.devices import average_gradients, share_state
from aqgt_training.stages.core.settings import StageSettings


class Player:
    """A network that learns.

    Args:
        network: its parameters that want gradients are trained, the others are frozen.
        settings: optimiser and clipping.
        fabric: devices and precision.
        learning_rate, betas, weight_decay: instead of the settings'.
        scheduled: whether the learning rate follows the schedule; ``clipped``: gradients are clipped.
    """

    def __init__(
        self,
        network: nn.Module,
        settings: StageSettings,
        fabric: Fabric,
        *,
        learning_rate: float | None = None,
        betas: tuple[float, float] | None = None,
        weight_decay: float | None = None,
        scheduled: bool = True,
        clipped: bool = True,
    ) -> None:
        self.network = fabric.to_device(network)
        share_state(fabric, network)
        self.parameters = [each for each in network.parameters() if each.requires_grad]
        self.learning_rate = settings.learning_rate if learning_rate is None else learning_rate
        self.weight_decay = settings.weight_decay if weight_decay is None else weight_decay
        self.settings, self.fabric = settings, fabric
        self.scheduled, self.clipped = scheduled, clipped
        self.own = self._optimiser(betas or settings.betas)
        self.optimiser: Any = fabric.setup_optimizers(self.own)

    def _optimiser(self, betas: tuple[float, float]) -> Optimizer:
        settings, rate = self.settings, self.learning_rate
        decay = self.weight_decay
        inner: Optimizer
        if settings.optimiser == "radamw":
            inner = radamw(self.parameters, learning_rate=rate, weight_decay=decay, betas=betas)
        else:
            inner = AdamW(self.parameters, lr=rate, weight_decay=decay, betas=betas)
        if not settings.lookahead_steps:
            return inner
        return Lookahead(inner, steps=settings.lookahead_steps, share=settings.lookahead_share)

    def learn(self, loss: Tensor) -> None:
        """One step down a loss; gradients are averaged over all devices and clipped."""
        self.optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        average_gradients(self.fabric, self.parameters)
        if self.clipped:
            self._clip()
        self.optimiser.step()
        share_state(self.fabric, self.network, buffers_only=True)

    def _clip(self) -> None:
        """Clips the norm of all gradients together.

        Raises:
            AqgtError: it is no number. In half precision that is expected now and then: the step is left out.
        """
        scaled = self.settings.precision == "16-mixed"
        try:
            self.fabric.clip_gradients(
                self.network, self.optimiser, max_norm=self.settings.clip_norm, error_if_nonfinite=not scaled
            )
        except RuntimeError as problem:
            if "non-finite" not in str(problem):
                raise
            raise diverged("its gradients are no longer numbers") from problem

    def scale_learning_rate(self, factor: float, least: float = 0.0) -> None:
        """The learning rate as a share of the first one, never below ``least``."""
        if not self.scheduled:
            return
        for group in self.own.param_groups:
            group["lr"] = max(self.learning_rate * factor, min(least, self.learning_rate))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Inside, nothing of this network asks for gradients: another one's turn."""
        for parameter in self.parameters:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in self.parameters:
                parameter.requires_grad_(True)

    @contextmanager
    def slow_weights(self) -> Iterator[None]:
        """Inside, the network has Lookahead's slow weights; without Lookahead its own."""
        with self.own.slow_weights() if isinstance(self.own, Lookahead) else nullcontext():
            yield

    def state_dict(self) -> dict[str, Any]:
        """Weights and optimiser."""
        return {"network": self.network.state_dict(), "optimiser": self.own.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a `state_dict`."""
        self.network.load_state_dict(state["network"])
        self.own.load_state_dict(state["optimiser"])


def diverged(what: str) -> AqgtError:
    """What ends a training that can't go on."""
    return AqgtError(
        f"The training has diverged: {what}.",
        "Go on from the last checkpoint with a smaller learning_rate or clip_norm, or in precision 32-true.",
        "diverged",
    )


def freeze(network: nn.Module) -> nn.Module:
    """The same network in eval mode for good: no gradients, no dropout, no moving codebooks or statistics.

    A call of `train` on a module that holds it does not wake it.
    """
    network.requires_grad_(False).eval()
    network.train = lambda mode=True: network  # type: ignore[method-assign, assignment]
    return network


def own_noise(seed: int, fabric: Fabric) -> torch.Generator:
    """Random numbers of what a stage adds to its batches, other ones for each device."""
    return torch.Generator().manual_seed(seed + fabric.global_rank)


def seed_everything(seed: int, fabric: Fabric) -> None:
    """Random numbers of dropout and noise, other ones for each device."""
    torch.manual_seed(seed + 1000 * fabric.global_rank)
