# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints: all that a training needs to go on as if it had never stopped; nothing is unpickled."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from aqgt.errors import AqgtError
from aqgt_training.stages.core.average import WeightAverage
from aqgt_training.stages.core.devices import gathered
from aqgt_training.stages.core.feed import Position
from aqgt_training.stages.core.task import Task

CHECKPOINT, BEST = "checkpoint.pt", "best.pt"


def save_atomically(content: Any, path: Path) -> None:
    """Writes a file that is whole or not there, also when the power goes."""
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def save_checkpoint(
    path: Path, task: Task, position: Position, average: WeightAverage | None, fabric: Fabric
) -> None:
    """Weights, optimisers, averages, position and the random numbers of every process."""
    random = gathered(fabric, _random_state(task))
    if not fabric.is_global_zero:
        return
    state: dict[str, Any] = {
        "task": task.name,
        "players": {name: player.state_dict() for name, player in task.players.items()},
        "position": asdict(position),
        "random": random,
    }
    if average is not None:
        state["average"] = average.state
    save_atomically(state, path)


def load_checkpoint(path: Path, task: Task, average: WeightAverage | None, fabric: Fabric) -> Position:
    """Goes on from a checkpoint and returns the position.

    Raises:
        AqgtError: the file can't be read, or is another stage's or another network's.
    """
    state = read_checkpoint(path, fabric.device)
    if state.get("task") != task.name or set(state["players"]) != set(task.players):
        raise AqgtError(
            f"The checkpoint {path} is not one of the stage {task.name} with these settings.",
            "Give another output folder, or the settings it was begun with.",
            "wrong-checkpoint",
        )
    try:
        for name, player in task.players.items():
            player.load_state_dict(state["players"][name])
        if average is not None:  # one that was not kept so far begins at the weights of now
            average.load(state.get("average") or task.main.network.state_dict())
    except (RuntimeError, ValueError) as problem:
        raise AqgtError(
            f"The checkpoint {path} does not fit the networks of this config.",
            "Give another output folder, or the config it was begun with.",
            "wrong-checkpoint",
        ) from problem
    if len(state["random"]) == fabric.world_size:  # with other devices the numbers can't be the same
        _set_random_state(task, state["random"][fabric.global_rank])
    return Position(**state["position"])


def read_checkpoint(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """The content of a checkpoint; tensors and plain values alone are read.

    Raises:
        AqgtError: the file is missing or damaged, or holds anything else.
    """
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except Exception as problem:  # torch raises many kinds for a damaged file
        raise AqgtError(
            f"The checkpoint {path} can't be read.",
            "Delete it to begin anew, or copy it again.",
            "bad-checkpoint",
        ) from problem


def _random_state(task: Task) -> dict[str, Tensor]:
    state = {"torch": torch.get_rng_state(), "noise": task.noise.get_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def _set_random_state(task: Task, state: dict[str, Tensor]) -> None:
    torch.set_rng_state(state["torch"].cpu())
    task.noise.set_state(state["noise"].cpu())
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"].cpu())
