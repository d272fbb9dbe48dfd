# SPDX-License-Identifier: GPL-3.0-or-later
"""Codebooks in training: the same on all devices, and how much of them is used."""

from __future__ import annotations

from torch import nn

from aqgt.models.vq import DEAD_BELOW, Quantiser
from aqgt_training.stages.core.devices import sum_over_devices


def over_all_devices(network: nn.Module) -> nn.Module:
    """The same network, whose codebooks count what every device saw."""
    for module in network.modules():
        if isinstance(module, Quantiser):
            module.gather = sum_over_devices
    return network


def used_codes(network: nn.Module) -> dict[str, float]:
    """Share of the codes of each codebook that are in use."""
    return {
        f"used_{name.rpartition('.')[2]}": float((module.cluster_size > DEAD_BELOW).float().mean())
        for name, module in network.named_modules()
        if isinstance(module, Quantiser)
    }
