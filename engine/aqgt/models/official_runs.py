# SPDX-License-Identifier: GPL-3.0-or-later
"""One function per published network: inputs and outputs under their published names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from aqgt.errors import AqgtError
from aqgt.models.annotation_network import AnnotationNetwork
from aqgt.models.generator import GestureGenerator
from aqgt.models.gesture_autoencoder import GestureAutoencoder
from aqgt.models.speech_discriminator import SpeechDiscriminator
from aqgt.models.vq import VqVae

Tensors = dict[str, Tensor]


def _vq(module: VqVae, inputs: Tensors) -> Tensors:
    codes = module.encode(inputs["x"])
    outputs = {
        "quant_t": codes.top,
        "quant_b": codes.bottom,
        "diff": codes.loss.reshape(1),
        "id_t": codes.top_codes,
        "id_b": codes.bottom_codes,
        "dec": module.decode(codes.top, codes.bottom),
        "code_dec": module.decode_codes(codes.top_codes, codes.bottom_codes),
    }
    if "free_t" in inputs and "free_b" in inputs:
        outputs["free_dec"] = module.decode(inputs["free_t"], inputs["free_b"])
    return outputs


def _annotation_model(module: AnnotationNetwork, inputs: Tensors) -> Tensors:
    encoded = module.encode(inputs["ids"])
    return {"emb": encoded, "out": module.predict(encoded), "occ": module.occurrence(encoded)}


def _discriminator(module: SpeechDiscriminator, inputs: Tensors) -> Tensors:
    poses = inputs["poses"]
    speech = (_sentence(inputs["text"]), inputs["vb"], inputs["vt"])
    unannotated = module(poses, *speech)
    annotations = inputs.get("anno")
    return {
        "out": unannotated if annotations is None else module(poses, *speech, annotations),
        "out_noanno": unannotated,
        "pose_enc": module.poses(poses),
    }


def _gesture_autoencoder(module: GestureAutoencoder, inputs: Tensors) -> Tensors:
    poses, mean, log_variance = module(inputs["pre"], inputs["poses"])
    return {"feat": mean, "mu": mean, "logvar": log_variance, "recon": poses}


def _generator(module: GestureGenerator, inputs: Tensors) -> Tensors:
    batch = generator_batch(inputs, module.config.annotation.sizes, module.config.annotation.channel_width)
    output = module(batch)
    if output.guess is None:
        raise TypeError("the generator is not the published one")
    return {
        "out": output.bone_vectors,
        "z": output.style,
        "z_mu": output.mu,
        "z_logvar": output.logvar,
        "arc_loss": output.guess.loss,
        "arc_argmax": output.guess.index,
    }


def generator_batch(inputs: Tensors, sizes: tuple[int, ...], width: int) -> Tensors:
    """The generator's batch, of inputs under their published names."""
    logits = inputs["logits"]
    batch = {
        "seed": inputs["pre_seq"],
        "beats": inputs["beats"],
        "sentence": _sentence(inputs["text"]),
        "logits": logits.squeeze(1) if logits.ndim == 4 else logits,
        "audio_bottom": inputs["vb"],
        "audio_top": inputs["vt"],
        "annotations": inputs["anno"],
        "speaker": inputs["vid"],
    }
    if "eps" in inputs:
        style, annotations = noise_by_value(inputs["eps"], inputs["anno"], sizes, width)
        batch |= {"style_noise": style, "annotation_noise": annotations}
    return batch


def noise_by_value(
    rows: Tensor, annotations: Tensor, sizes: tuple[int, ...], width: int
) -> tuple[Tensor, Tensor]:
    """Rows of noise `[N, C]` as they were drawn → noise of speakers `[B, C]` and of values `[B, 17, T, C]`.

    First comes a row for each speaker, then channel after channel one for each value that is not below 0; the
    channel that holds a number has none.
    """
    n_batch, n_channels, n_frames = annotations.shape
    rows = rows.reshape(-1, width)
    placed = rows.new_zeros(n_batch, n_channels, n_frames, width)
    labels, at = annotations.long(), n_batch
    drawn = [index for index, size in enumerate(sizes) if size > 1]
    n_needed = n_batch + int((labels[:, drawn] >= 0).sum())
    if len(rows) != n_needed:
        raise AqgtError(
            f"There are {len(rows)} rows of noise, and the annotations need {n_needed}.",
            "Give one row for each speaker and for each value that is not below 0.",
            "bad-noise",
        )
    for index in drawn:
        known = labels[:, index] >= 0
        n_known = int(known.sum())
        placed[:, index][known] = rows[at : at + n_known]
        at += n_known
    return rows[:n_batch], placed


def _sentence(text: Tensor) -> Tensor:
    return text.squeeze(1) if text.ndim == 3 else text


RUNS: dict[str, Callable[[Any, Tensors], Tensors]] = {
    "pose_vq": _vq,
    "audio_vq": _vq,
    "annotation_model": _annotation_model,
    "discriminator": _discriminator,
    "gesture_autoencoder": _gesture_autoencoder,
    "generator": _generator,
}
INDICES = ("vid", "ids")
"""Inputs that count; all others are measured."""
NEEDED = {
    "pose_vq": ("x",),
    "audio_vq": ("x",),
    "annotation_model": ("ids",),
    "discriminator": ("poses", "text", "vb", "vt"),
    "gesture_autoencoder": ("pre", "poses"),
    "generator": ("pre_seq", "beats", "text", "logits", "vb", "vt", "vid", "anno"),
}
"""Inputs that each network can't do without."""
