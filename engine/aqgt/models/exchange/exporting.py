# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports an imported model as files of the original's kind: its folder tree, its names, its shapes.

What the model's folder does not hold can't be written: the vocabulary of words, optimisers, settings of the
training. docs/official.md lists what each file has and has not.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aqgt.errors import AqgtError
from aqgt.formats.files import dump_json, write_bytes, write_text
from aqgt.models import official, registry
from aqgt.models.config import read_config
from aqgt.models.exchange import parts, vocabulary
from aqgt.models.exchange.staging import staged
from aqgt.models.generator import GestureGenerator
from aqgt.skeleton import N_JOINTS

_PLACES = {
    "audio_vq": "vqvae_audio/vqvae_audio.ckpt",
    "pose_vq": "pose_vq/pose_vq.bin",
    "annotation_model": "annotation_model/annotation_model.bin",
    "gesture_autoencoder": "gesture_autoencoder_checkpoint_best.bin",
}
_INSIDE_GENERATOR = {"pose_vq": "seq_pose_encoder.", "annotation_model": "anno_net."}
"""Networks the generator holds a copy of: it stands in where the model has none of its own."""

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class ExportedFile:
    """A file that was written, relative to the folder, and how many weights are in it."""

    path: str
    n_weights: int


def export_model(name_or_folder: str | Path, out: Path, *, safetensors: bool = False) -> list[ExportedFile]:
    """Writes a published model's weights under their published names and in their published shapes.

    Args:
        out: the folder to make; it must not exist or be empty.
        safetensors: one safetensors file per network instead of the original's folder tree.

    Raises:
        AqgtError: the model is none of the published ones, or the folder is in use or can't be written.
    """
    folder = registry.folder_of(name_or_folder)
    if folder is None or read_config(folder / registry.CONFIG).published is None:
        raise AqgtError(
            f"The model {name_or_folder} is none of the published ones.",
            "Name a model that was made by `aqgt models import`.",
            "wrong-model",
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise AqgtError(f"“{out}” is in use.", "Name a folder that does not exist or is empty.", "bad-output")
    networks = _networks(folder)
    out = out.absolute()
    with staged(out.parent, out.name, keep=False) as stage:
        return (_write_safetensors if safetensors else _write_tree)(folder, stage, networks)


def _networks(folder: Path) -> dict[str, Weights]:
    """All networks of a model under their published names."""
    generator = GestureGenerator(read_config(folder / registry.CONFIG))
    registry.load_weights(generator, folder / registry.WEIGHTS)
    networks: dict[str, Weights] = {"generator": _official("generator", generator)}
    for part in parts.NETWORK_PARTS:
        if parts.has_part(folder, part):
            networks[part] = _official(part, parts.load_part(folder, part))
        elif part in _INSIDE_GENERATOR:
            prefix = _INSIDE_GENERATOR[part]
            networks[part] = {
                name.removeprefix(prefix): value
                for name, value in networks["generator"].items()
                if name.startswith(prefix)
            }
    return networks


def _official(network: str, module: nn.Module) -> Weights:
    return official.state_under_official_names(network, module)


def _write_safetensors(folder: Path, out: Path, networks: Mapping[str, Weights]) -> list[ExportedFile]:
    written = []
    for network, weights in networks.items():
        written.append(ExportedFile(f"{network}.safetensors", len(weights)))
        write_bytes(out / written[-1].path, parts.as_safetensors(weights))
    if (folder / parts.MEANS).is_file():
        parts.save_means(out, *parts.read_saved_means(folder))
        written.append(ExportedFile(parts.MEANS, 2))
    speakers = parts.read_saved_speakers(folder)
    if speakers:
        write_text(out / parts.SPEAKERS, dump_json(speakers))
        written.append(ExportedFile(parts.SPEAKERS, len(speakers)))
    return written


def _write_tree(folder: Path, out: Path, networks: Mapping[str, Weights]) -> list[ExportedFile]:
    speakers = vocabulary.SpeakerVocabulary(parts.read_saved_speakers(folder))
    checkpoint = {
        "lang_model": None,  # nothing of it enters the networks, so that a model does not hold it
        "speaker_model": speakers,
        "pose_dim": N_JOINTS * 3,
        "gen_dict": _plain(networks["generator"]),
        "dis_dict": _plain(networks.get("discriminator", {})),
    }
    written = [
        _save(checkpoint, out, f"pretrained/{folder.name}_checkpoint.ckpt", len(networks["generator"]))
    ]
    for network, place in _PLACES.items():
        if network in networks:
            content = _content(network, _plain(networks[network]))
            written.append(_save(content, out, f"pretrained/{place}", len(networks[network])))
    if (folder / parts.MEANS).is_file():
        write_bytes(out / "means.p", vocabulary.dumps(parts.read_saved_means(folder), 3))
        written.append(ExportedFile("means.p", 2))
    if speakers.word2index:
        path = Path("combined_vocab", "dataset_train_speaker_model.pkl")
        (out / path.parent).mkdir()
        write_bytes(out / path, vocabulary.dumps(speakers))
        written.append(ExportedFile(path.as_posix(), len(speakers.word2index)))
    return written


def _content(network: str, weights: dict[str, Tensor]) -> dict[str, Any]:
    if network == "audio_vq":  # saved as a part of the module it was trained in
        return {"epoch": 0, "global_step": 0, "state_dict": _prefixed(weights), "hyper_parameters": {}}
    if network == "gesture_autoencoder":
        return {"args": None, "epoch": 0, "pose_dim": N_JOINTS * 3, "gen_dict": weights}
    return {"gen_dict": weights}


def _prefixed(weights: Weights) -> dict[str, Tensor]:
    return OrderedDict((f"generator.{name}", value) for name, value in weights.items())


def _plain(weights: Weights) -> dict[str, Tensor]:
    """Tensors that share no memory: torch writes whole storages."""
    return OrderedDict((name, value.detach().clone().contiguous()) for name, value in weights.items())


def _save(content: dict[str, Any], out: Path, place: str, n_weights: int) -> ExportedFile:
    blob = io.BytesIO()
    torch.save(content, blob, pickle_module=vocabulary)
    (out / place).parent.mkdir(parents=True, exist_ok=True)
    write_bytes(out / place, blob.getvalue())
    return ExportedFile(place, n_weights)
