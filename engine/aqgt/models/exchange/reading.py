# SPDX-License-Identifier: GPL-3.0-or-later
"""Published checkpoints as checked networks; what is wrong is said with the file's name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aqgt.errors import AqgtError
from aqgt.models import official
from aqgt.models.checkpoints import read_checkpoint, state_dict_of
from aqgt.models.gru_transformer import PositionEncoding, position_encoding
from aqgt.models.official_names import current_name
from aqgt.skeleton import N_JOINTS

_CLOSE = 1e-6


def open_checkpoint(path: Path) -> dict[Any, Any]:
    """The entries of a checkpoint of poses with 159 numbers.

    Raises:
        AqgtError: the file can't be read safely, or is of another pose representation.
    """
    checkpoint = read_checkpoint(path)
    dimensions = checkpoint.get("pose_dim", N_JOINTS * 3)
    if dimensions != N_JOINTS * 3:
        raise AqgtError(
            f"The checkpoint {path} is of poses with {dimensions!r} numbers, not {N_JOINTS * 3}.",
            "Give the checkpoint that was published for AQ-GT or AQ-GT-A.",
            "wrong-checkpoint",
        )
    return checkpoint


def read_network(checkpoint: Mapping[Any, Any], network: str, path: Path) -> tuple[nn.Module, int]:
    """One network of a checkpoint, and how many of its entries belong to nothing we hold.

    The weights are copied, so that the file may go away, and brought to single precision.

    Raises:
        AqgtError: the checkpoint doesn't hold that network, or weights are missing, unexpected, of another
            shape or not finite; the message lists them, or names the network it holds instead.
    """
    try:
        state = state_dict_of(checkpoint, network)
    except AqgtError as error:
        raise AqgtError(f"{path.name}: {error.sentence}", error.next_step, error.code) from error
    kept = {name: _single(value) for name, value in state.items() if current_name(network, name) is not None}
    try:
        module = official.load(network, kept)
    except AqgtError as error:
        other = _network_in(checkpoint, network)
        if other is not None:
            raise AqgtError(
                f"The file {path.name} holds the published {other}, not the {network}.",
                "Give each file by the option of its own network.",
                "wrong-network",
            ) from error
        raise AqgtError(f"{path.name}: {error.sentence}", error.next_step, error.code) from error
    _check_positions(module, path)
    return module, _entries(checkpoint, network) - len(kept)


def _entries(checkpoint: Mapping[Any, Any], network: str) -> int:
    weights = checkpoint.get("dis_dict" if network == "discriminator" else "gen_dict")
    return len(checkpoint["state_dict"] if weights is None else weights)


def _single(value: Tensor) -> Tensor:
    return value.to(torch.float32) if value.is_floating_point() else value


def _network_in(checkpoint: Mapping[Any, Any], wanted: str) -> str | None:
    """The other network whose weights a checkpoint holds, if there is one."""
    for network in official.NETWORKS:
        if network == wanted:
            continue
        try:
            state = state_dict_of(checkpoint, network)
        except AqgtError:
            continue
        with torch.device("meta"):  # shapes alone
            module = official.build(network)
        names = official.state_under_official_names(network, module)
        if {name: x.shape for name, x in names.items()} == {name: x.shape for name, x in state.items()}:
            return network
    return None


def _check_positions(module: nn.Module, path: Path) -> None:
    """They are computed and not stored by us, so a file with others would change when it is imported."""
    exponent = official.generator_config().backbone.position.exponent
    for part in module.modules():
        if isinstance(part, PositionEncoding):
            n_frames, width = part.encoding.shape
            if (part.encoding - position_encoding(n_frames, width, exponent)).abs().max() > _CLOSE:
                raise AqgtError(
                    f"{path.name}: its position encodings are not those of the published generator.",
                    "Give the checkpoint that was published for AQ-GT or AQ-GT-A.",
                    "wrong-checkpoint",
                )
