# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stage hands to the next one: a folder with weights, the config they belong to, and their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from torch import Tensor

from aqgt.errors import AqgtError
from aqgt.formats.files import read_text, write_bytes

WEIGHTS, CONFIG = "network.safetensors", "network.yaml"


def save_network(folder: Path, kind: str, config: Mapping[str, Any], state: Mapping[str, Tensor]) -> str:
    """Writes a network in full precision and returns the SHA-256 of its weights.

    Args:
        folder: made where it is not there; what it holds of an earlier network is replaced.
        kind: what sort of network it is, e.g. ``pose-vq``.
        config: plain values that rebuild the network.
        state: its weights.
    """
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    data = save({name: value.detach().cpu().contiguous().clone() for name, value in state.items()})
    digest = hashlib.sha256(data).hexdigest()
    write_bytes(folder / WEIGHTS, data)
    text = yaml.safe_dump({"kind": kind, "sha256": digest, "config": dict(config)}, sort_keys=False)
    write_bytes(folder / CONFIG, text.encode())  # last: a folder without it is no network
    return digest


def load_network(folder: Path, kind: str) -> tuple[dict[str, Any], dict[str, Tensor], str]:
    """Config, weights and SHA-256 of a network that `save_network` wrote.

    Raises:
        AqgtError: there is none, it is of another kind, or its weights are not those that were written.
    """
    from safetensors.torch import load

    if not (folder / CONFIG).is_file() or not (folder / WEIGHTS).is_file():
        raise AqgtError(
            f"The folder {folder} holds no network {kind}.",
            f"Make one: aqgt-train stage {kind} --config FILE --output FOLDER",
            "no-network",
        )
    described = yaml.safe_load(read_text(folder / CONFIG))
    if not isinstance(described, dict) or described.get("kind") != kind:
        found = described.get("kind") if isinstance(described, dict) else None
        raise AqgtError(
            f"The folder {folder} holds a network of the kind {found}, not {kind}.",
            f"Name the output folder of the stage {kind}.",
            "wrong-network",
        )
    data = (folder / WEIGHTS).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != described.get("sha256"):
        raise AqgtError(
            f"The weights {folder / WEIGHTS} are not those that {CONFIG} was written for.",
            "Copy the whole folder again.",
            "bad-weights",
        )
    return dict(described["config"]), load(data), digest
