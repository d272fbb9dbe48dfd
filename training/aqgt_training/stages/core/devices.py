# SPDX-License-Identifier: GPL-3.0-or-later
"""One device, several of one computer, or several computers: set up, and what they tell each other."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from aqgt.errors import AqgtError


def make_fabric(accelerator: str, devices: int | str, precision: str) -> Fabric:
    """Devices and precision of a training; under `torchrun` its processes are joined.

    Args:
        accelerator: ``cpu``, ``cuda``, ``mps`` or ``auto``.
        devices: how many of this computer, or ``auto``; under torchrun its own count is used.
        precision: as `StageSettings.precision`.
    """
    options: dict[str, Any] = {"accelerator": accelerator, "devices": devices, "precision": precision}
    if "TORCHELASTIC_RUN_ID" in os.environ:
        here, all_of_them = int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["WORLD_SIZE"])
        options |= {"devices": here, "num_nodes": all_of_them // here, "strategy": "ddp"}
    fabric = Fabric(**options)
    # With several devices this starts the same command once for each of the others, which join here.
    fabric.launch()
    return fabric


def device_count(text: str) -> int | str:
    """How many devices a command line asks for: a number, or ``auto``.

    Raises:
        AqgtError: it is neither.
    """
    if text == "auto":
        return text
    if not text.isdecimal() or int(text) == 0:
        raise AqgtError(
            f"“{text}” is no number of devices.", "Give --devices 1, 2, …, or --devices auto.", "bad-usage"
        )
    return int(text)


def average_gradients(fabric: Fabric, parameters: Iterable[nn.Parameter]) -> None:
    """Gives every process the mean gradient of all.

    Not `DistributedDataParallel`: it refuses second derivatives and parameters that a step leaves out, and
    the adversarial stages have both.
    """
    if fabric.world_size == 1:
        return
    wanted = [parameter for parameter in parameters if parameter.requires_grad]
    given = torch.tensor([float(each.grad is not None) for each in wanted], device=fabric.device)
    torch.distributed.all_reduce(given)
    used = [each for each, count in zip(wanted, given.tolist(), strict=True) if count]
    for each in used:
        if each.grad is None:
            each.grad = torch.zeros_like(each)
    for gradients in _by_type([each.grad for each in used if each.grad is not None]):
        joined = torch.cat([gradient.flatten() for gradient in gradients])
        torch.distributed.all_reduce(joined)
        joined /= fabric.world_size
        for gradient, mean in zip(gradients, joined.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))


def share_state(fabric: Fabric, network: nn.Module, *, buffers_only: bool = False) -> None:
    """Gives every process the weights and buffers, or the buffers alone, of the first one."""
    if fabric.world_size == 1:
        return
    tensors = [buffer.data for buffer in network.buffers()]
    if not buffers_only:
        tensors += [parameter.data for parameter in network.parameters()]
    for tensor in tensors:
        if tensor.numel():
            torch.distributed.broadcast(tensor, 0)


def sum_over_devices(values: Tensor) -> Tensor:
    """The sum of a tensor over all processes of a training; itself where there is only one."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.all_reduce(values)
    return values


def gathered(fabric: Fabric, value: Any) -> list[Any]:
    """A plain value of every process, in their order."""
    if fabric.world_size == 1:
        return [value]
    found: list[Any] = [None] * fabric.world_size
    torch.distributed.all_gather_object(found, value)
    return found


def _by_type(tensors: list[Tensor]) -> list[list[Tensor]]:
    kinds: dict[torch.dtype, list[Tensor]] = {}
    for tensor in tensors:
        kinds.setdefault(tensor.dtype, []).append(tensor)
    return list(kinds.values())
