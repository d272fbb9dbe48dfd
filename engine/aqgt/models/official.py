# SPDX-License-Identifier: GPL-3.0-or-later
"""The published networks from weights under their published names, and their inputs and outputs by name."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aqgt import resources
from aqgt.errors import AqgtError
from aqgt.models import kernels, official_runs
from aqgt.models.annotation_network import AnnotationNetwork
from aqgt.models.config import ModelConfig, read_config
from aqgt.models.config_published import AnnotationNetworkConfig, AutoencoderConfig, SpeechDiscriminatorConfig
from aqgt.models.generator import GestureGenerator
from aqgt.models.gesture_autoencoder import GestureAutoencoder
from aqgt.models.gru_transformer import PositionEncoding
from aqgt.models.official_names import EMPTY, NETWORKS, current_name, official_names
from aqgt.models.speech_discriminator import SpeechDiscriminator
from aqgt.models.vq import VqVae, VqWidths

Arrays = Mapping[str, Any]
_SHOWN = 20
POSE_VQ = VqWidths(256, 128, 4, 4, 512, third_kernel=2)
AUDIO_VQ = VqWidths(256, 256, 2, 1, 512, third_kernel=3)


@cache
def generator_config() -> ModelConfig:
    """The config of the published generator (AQ-GT and AQ-GT-A have the same)."""
    return read_config(resources.data_path("configs", "models", "aqgt-a.yaml"))


def build(network: str) -> nn.Module:
    """A published network with fresh weights.

    Raises:
        AqgtError: no network of that name.
    """
    if network not in NETWORKS:
        raise AqgtError(
            f"There is no network “{network}”.", f"Use one of: {', '.join(NETWORKS)}.", "unknown-network"
        )
    match network:
        case "pose_vq":
            return VqVae(POSE_VQ)
        case "audio_vq":
            return VqVae(AUDIO_VQ)
        case "annotation_model":
            return AnnotationNetwork(AnnotationNetworkConfig())
        case "discriminator":
            return SpeechDiscriminator(SpeechDiscriminatorConfig())
        case "gesture_autoencoder":
            return GestureAutoencoder(AutoencoderConfig())
        case _:
            return _published_generator()


def _published_generator() -> GestureGenerator:
    generator = GestureGenerator(generator_config())
    generator.pose_std.fill_(1.0)  # published poses are shifted by their mean and not scaled
    return generator


def load(network: str, state_dict: Arrays) -> nn.Module:
    """A published network with the given weights, in eval mode.

    Args:
        network: one of `NETWORKS`.
        state_dict: weights (arrays or tensors) under their published names; the module is float64 if one of
            them is, else float32.

    Raises:
        AqgtError: weights are missing, unexpected, of another shape or not finite; the message lists them.
    """
    with torch.random.fork_rng(devices=[]):
        module = build(network)
    state = _read(network, state_dict)
    wanted = state_under_official_names(network, module)
    _check(network, state, wanted)
    dtype = torch.float64 if any(x.dtype == torch.float64 for x in state.values()) else torch.float32
    module.to(dtype)
    targets = state_under_official_names(network, module)
    with torch.no_grad():
        for name, target in targets.items():
            target.copy_(state[name].reshape(target.shape))
    # The weights keep asking for gradients: without, torch sums a GRU in another order than in the published
    # code, and the generator's transformers amplify that. `run` makes no gradients.
    return module.eval()


def state_under_official_names(network: str, module: nn.Module) -> dict[str, Tensor]:
    """All weights of a network under their published names and in their published shapes."""
    ours = dict(module.state_dict())
    for name, part in module.named_modules():
        if isinstance(part, PositionEncoding):
            ours[f"{name}.encoding"] = part.encoding.unsqueeze(0)
    result = {official: ours[name] for name, official in official_names(network, ours).items()}
    reference = next(module.parameters())
    return {**result, **{name: reference.new_zeros(0) for name in EMPTY.get(network, ())}}


def _read(network: str, state_dict: Arrays) -> dict[str, Tensor]:
    """The weights as tensors under today's published names."""
    state: dict[str, Tensor] = {}
    for name, value in state_dict.items():
        current = current_name(network, name)
        if current is not None:
            state[current] = _as_tensor(value)
    return state


def _check(network: str, state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    problems = [f"missing: {name}" for name in wanted if name not in state]
    problems += [f"unexpected: {name}" for name in state if name not in wanted]
    problems += [
        f"{name}: {list(state[name].shape)}, not {list(x.shape)}"
        for name, x in wanted.items()
        if name in state and state[name].shape != x.shape
    ]
    problems += [f"{name}: NaN or infinite" for name, x in state.items() if not torch.isfinite(x).all()]
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise AqgtError(
            f"The weights don't fit the published {network}: {'; '.join(problems[:_SHOWN])}{more}.",
            "Use the file that was published with this network.",
            "bad-weights",
        )


def run(network: str, module: nn.Module, inputs: Arrays) -> dict[str, NDArray[Any]]:
    """Runs a network that `load` gave.

    Inputs and outputs by network (B samples):

    * ``pose_vq``, ``audio_vq``: x `[B, 1, H, W]`, optionally free_t and free_b → quant_t, quant_b, diff,
      id_t, id_b, dec, code_dec; free_dec where free_t and free_b are given
    * ``annotation_model``: ids `[B, 100]` → emb, out `[B, 4, 188]`, occ
    * ``discriminator``: poses, text, vb, vt, optionally anno → out, out_noanno, pose_enc
    * ``gesture_autoencoder``: pre, poses → feat, mu, logvar, recon
    * ``generator``: pre_seq, beats, text, logits, vb, vt, vid, anno, optionally eps (rows of noise: the
      speakers', then each channel's, one for each value that is not below 0; without them nothing is random)
      → out, z, z_mu, z_logvar, arc_loss, arc_argmax

    Raises:
        AqgtError: an input is missing, or noise of another length is given.
    """
    reference = next(module.parameters())
    tensors = {
        name: _as_tensor(value).to(
            reference.device, torch.int64 if name in official_runs.INDICES else reference.dtype
        )
        for name, value in inputs.items()
    }
    missing = [name for name in official_runs.NEEDED[network] if name not in tensors]
    if missing:
        raise AqgtError(
            f"The inputs {', '.join(missing)} of {network} are missing.", "Give them too.", "missing-input"
        )
    # In single precision another order of summation decides near-ties of codes and is amplified; PyTorch's
    # own operations sum as the published code does.
    order = kernels.plain() if reference.dtype == torch.float32 else nullcontext()
    with torch.inference_mode(), order:
        outputs = official_runs.RUNS[network](module, tensors)
    return {name: value.cpu().numpy() for name, value in outputs.items()}


def _as_tensor(value: Any) -> Tensor:
    if isinstance(value, Tensor):
        return value.detach()
    array = np.asarray(value)
    # A tensor can't say that its memory must not be written to.
    return torch.from_numpy(array if array.flags.writeable else array.copy())
