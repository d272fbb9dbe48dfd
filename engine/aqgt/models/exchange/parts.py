# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies in the folder of a published model beside config, weights and card.

Networks are stored under our names; `official.state_under_official_names` gives the published ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aqgt.errors import AqgtError
from aqgt.formats.files import dump_json, read_bytes, read_json, write_bytes, write_text
from aqgt.models import official, registry

NETWORK_PARTS = ("audio_vq", "pose_vq", "annotation_model", "gesture_autoencoder", "discriminator")
"""Networks beside the generator, each in a file of its own; generating needs the audio VQ alone."""
ENCODER_PARTS = ("wav2vec2", "bert")
"""Sub-folders with a speech recogniser and a language model in the format of `transformers`."""
MEANS, SPEAKERS = "means.safetensors", "speakers.json"


def part_path(folder: Path, part: str) -> Path:
    """Where one of `NETWORK_PARTS` or `ENCODER_PARTS` lies in a model's folder, if it is there."""
    return folder / part if part in ENCODER_PARTS else folder / f"{part}.safetensors"


def has_part(folder: Path, part: str) -> bool:
    """Whether a model's folder holds a part."""
    path = part_path(folder, part)
    return (path / "config.json").is_file() if part in ENCODER_PARTS else path.is_file()


def save_part(folder: Path, part: str, network: nn.Module) -> None:
    """Writes one of `NETWORK_PARTS`."""
    write_bytes(part_path(folder, part), as_safetensors(network.state_dict()))


def load_part(folder: Path, part: str) -> nn.Module:
    """One of `NETWORK_PARTS` from a model's folder, in eval mode.

    Raises:
        AqgtError: the model has no such part, or its weights don't fit it.
    """
    path = part_path(folder, part)
    if not path.is_file():
        raise AqgtError(f"The model in {folder} has no {part}.", add_command(folder.name, part), "no-part")
    with torch.random.fork_rng(devices=[]):
        network = official.build(part)
    registry.load_weights(network, path)
    return network.eval()


def add_command(name: str, part: str) -> str:
    """The sentence that says how a missing part comes into a model."""
    if part in ENCODER_PARTS:
        source = {"wav2vec2": "wav2vec2-base-960h", "bert": "bert-base-uncased"}[part]
        return f"Add it: aqgt models fetch {source} --into {name}"
    option = {"audio_vq": "audio-vq", "annotation_model": "annotation", "gesture_autoencoder": "autoencoder"}
    return f"Add it: aqgt models import --name {name} --{option.get(part, part.replace('_', '-'))} FILE"


def save_means(folder: Path, pose: NDArray[np.float64], directions: NDArray[np.float64]) -> None:
    """Keeps the published mean pose and mean directions, both `[53, 3]`, in double precision."""
    from safetensors.numpy import save

    write_bytes(folder / MEANS, save({"mean_pose": pose, "mean_directions": directions}))


def read_saved_means(folder: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What `save_means` kept.

    Raises:
        AqgtError: they are not there or can't be read.
    """
    state = read_safetensors(folder / MEANS)
    return state["mean_pose"].numpy(), state["mean_directions"].numpy()


def save_speakers(folder: Path, speakers: Mapping[str, int]) -> None:
    """Keeps the names of the speakers and their numbers, in the order of the numbers."""
    ordered = dict(sorted(speakers.items(), key=lambda entry: entry[1]))
    write_text(folder / SPEAKERS, dump_json(ordered))


def read_saved_speakers(folder: Path) -> dict[str, int]:
    """Names and numbers of a model's speakers; empty where they have no names.

    Raises:
        AqgtError: the file is there and is not such a list.
    """
    path = folder / SPEAKERS
    if not path.is_file():
        return {}
    speakers = read_json(path)
    if not isinstance(speakers, dict) or not all(type(number) is int for number in speakers.values()):
        raise AqgtError(f"“{path}” is no list of speakers.", "Import the model again.", "bad-speakers")
    return speakers


def as_safetensors(state: Mapping[str, Tensor]) -> bytes:
    """Tensors as the content of a safetensors file; shared memory and odd strides are undone."""
    from safetensors.torch import save

    copies = {name: value.detach().cpu().clone().contiguous() for name, value in state.items()}
    return save(copies, metadata={"format": "pt"})


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises:
        AqgtError: there is no such file, or it is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    blob = read_bytes(path)
    try:
        return load(blob)
    except SafetensorError as problem:
        raise AqgtError(
            f"The file {path} can't be read ({problem}).", "Import or fetch it again.", "bad-weights"
        ) from problem


def header_of(path: Path) -> tuple[list[str], int]:
    """Names of the tensors in a safetensors file, and the number of values in them; nothing is loaded.

    Raises:
        AqgtError: the file is damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            return names, sum(math.prod(file.get_slice(name).get_shape()) for name in names)
    except SafetensorError as problem:
        raise AqgtError(
            f"The file {path} can't be read ({problem}).", "Import or fetch it again.", "bad-weights"
        ) from problem


def weight_files(folder: Path) -> dict[str, Path]:
    """The files with weights in a model's folder, by part."""
    files = {"generator": folder / registry.WEIGHTS}
    files |= {part: part_path(folder, part) for part in NETWORK_PARTS}
    files |= {part: part_path(folder, part) / "model.safetensors" for part in ENCODER_PARTS}
    return {part: path for part, path in files.items() if path.is_file()}
