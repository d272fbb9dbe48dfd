# SPDX-License-Identifier: GPL-3.0-or-later
"""The weights a training begins with: drawn, or those of a model that is fine-tuned; and what is frozen."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aqgt.errors import AqgtError
from aqgt.models.config import ModelConfig
from aqgt.models.generator import GestureGenerator
from aqgt.models.registry import load_model
from aqgt_training.stages.config import FineTuning

_SPEAKERS = ("encoders.speaker.embedding.", "speaker_guess.embedding.", "speaker_guess.body.4.")
"""Parts with a row for each speaker."""


def start_from(name_or_folder: str, settings: FineTuning) -> GestureGenerator:
    """A model's generator with new speakers appended, ready to be trained further.

    A new speaker begins as the mean of those that were there. Normalisation stays the model's.

    Raises:
        AqgtError: no such model, or its weights are random by design.
    """
    loaded = load_model(name_or_folder)
    config = with_speakers(loaded.config, settings.new_speakers)
    generator = GestureGenerator(config)
    state = loaded.generator.state_dict()
    generator.load_state_dict(
        {name: _extended(name, state[name], value) for name, value in generator.state_dict().items()}
    )
    return generator.requires_grad_(True)


def with_speakers(config: ModelConfig, new: int) -> ModelConfig:
    """The config with more speakers."""
    speaker = config.speaker.model_copy(update={"count": config.speaker.count + new})
    return config.model_copy(update={"speaker": speaker})


def freeze_parts(network: nn.Module, names: tuple[str, ...]) -> list[str]:
    """Takes the gradients from all parameters whose names begin so; returns their names.

    Raises:
        AqgtError: no parameter's name begins like one of these, or none is left to train.
    """
    frozen = []
    for begin in names:
        found = [
            name
            for name, _ in network.named_parameters()
            if name == begin or name.startswith(begin.rstrip(".") + ".")
        ]
        if not found:
            parts = sorted({".".join(name.split(".")[:2]) for name, _ in network.named_parameters()})
            raise AqgtError(
                f"There is no part “{begin}” to freeze.", f"Use one of: {', '.join(parts)}.", "unknown-part"
            )
        frozen += found
    parameters = dict(network.named_parameters())
    for name in frozen:
        parameters[name].requires_grad_(False)
    if not any(parameter.requires_grad for parameter in parameters.values()):
        raise AqgtError("All parts are frozen.", "Leave one to be trained.", "nothing-to-train")
    return frozen


def _extended(name: str, old: Tensor, wanted: Tensor) -> Tensor:
    if old.shape == wanted.shape:
        return old.to(wanted.dtype)
    if not name.startswith(_SPEAKERS) or old.shape[1:] != wanted.shape[1:]:
        raise AqgtError(
            f"The weights {name} don't fit: {list(old.shape)}, not {list(wanted.shape)}.",
            "Fine-tune with the model's own config.",
            "bad-weights",
        )
    new = old.float().mean(dim=0, keepdim=True).expand(len(wanted) - len(old), *old.shape[1:])
    return torch.cat([old.to(wanted.dtype), new.to(wanted.dtype)])
