# SPDX-License-Identifier: GPL-3.0-or-later
"""The original's folder tree with files as they were published, made here; the weights are made by rule."""

from __future__ import annotations

import argparse
import io
import pickle
from collections import OrderedDict
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.models.checkpoints.published import SPEAKERS, a_class, tagged_as_cuda, vocabulary
from tests.models.official.filled import filled

GENERATOR = "pretrained/aqgt-a_checkpoint.ckpt"
AUDIO_VQ = "pretrained/vqvae_audio/vqvae_audio.ckpt"
POSE_VQ = "pretrained/pose_vq/pose_vq.bin"
ANNOTATION = "pretrained/annotation_model/annotation_model.bin"
AUTOENCODER = "pretrained/gesture_autoencoder_checkpoint_best.bin"
MEANS = "means.p"
SPEAKER_MODEL = "combined_vocab/dataset_train_speaker_model.pkl"
OLD_NAMES = {"transformer_1": "gru", "transformer_2": "gru2", "gru_2": "gru3"}

Weights = dict[str, Tensor]


def weights(network: str) -> Weights:
    """A network's weights under their published names, of the published types."""
    return OrderedDict(
        (
            name,
            torch.from_numpy(value).to(
                torch.int64 if name.endswith("num_batches_tracked") else torch.float32
            ),
        )
        for name, value in filled(network).items()
    )


def means() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A mean pose and mean directions `[53, 3]`; one bone has no length."""
    pose, directions = np.random.default_rng(0).normal(scale=0.05, size=(2, 53, 3))
    directions[20] = 0.0
    return pose, directions


def save(path: Path, content: Any, *, cuda: bool = True, zipped: bool = True) -> Path:
    """Writes a checkpoint as from a GPU."""
    path.parent.mkdir(parents=True, exist_ok=True)
    blob = io.BytesIO()
    with tagged_as_cuda() if cuda else nullcontext():
        torch.save(content, blob, _use_new_zipfile_serialization=zipped)
    path.write_bytes(blob.getvalue())
    return path


def save_generator(
    path: Path, generator: Weights, discriminator: Weights | None, *, pose_dim: int = 159, zipped: bool = True
) -> Path:
    """A generator's checkpoint with everything that was saved beside it."""
    with a_class("model.vocab", "Vocab") as vocab:
        content = {
            "args": argparse.Namespace(epochs=500, wandb_key="", mean_dir_vec=None, name=["multimodal"]),
            "epoch": 12,
            "lang_model": vocabulary(vocab, {"<PAD>": 0, "hi": 4}, np.ones((5, 300), np.float32)),
            "speaker_model": vocabulary(vocab, SPEAKERS),
            "pose_dim": pose_dim,
            "gen_dict": generator,
            "gen_opt_dict": {"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": 1e-5}]},
        }
        if discriminator is not None:
            content["dis_dict"] = discriminator
        return save(path, content, zipped=zipped)


def save_audio_vq(path: Path, network: Weights) -> Path:
    """A file of Lightning: the network is a part of the module that trained it."""
    with (
        a_class("pytorch_lightning.utilities.parsing", "AttributeDict", dict) as attributes,
        a_class("wandb.sdk.wandb_config", "Config") as config,
    ):
        state = {f"generator.{name}": value for name, value in network.items()}
        content = {
            "epoch": 3,
            "pytorch-lightning_version": "1.6.5",
            "state_dict": {
                **state,
                "LogVAE_mean.weight": torch.ones(2, 2),
                "LogVAE_mean.bias": torch.ones(2),
            },
            "hyper_parameters": attributes(config=config(), epochs=3, learning_rate=1e-4),
            "optimizer_states": [],
        }
        return save(path, content)


def save_single(path: Path, network: Weights, **more: Any) -> Path:
    return save(path, {"gen_dict": network, **more})


def save_means(path: Path) -> Path:
    """As numpy 1 wrote it."""
    path.write_bytes(pickle.dumps(means(), 3).replace(b"numpy._core", b"numpy.core"))
    return path


def save_speakers(path: Path, speakers: dict[str, int]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with a_class("model.vocab", "Vocab") as vocab:
        path.write_bytes(pickle.dumps(vocabulary(vocab, speakers), 4))
    return path


def save_tree(root: Path) -> Path:
    """The whole tree, full size."""
    save_generator(root / GENERATOR, weights("generator"), weights("discriminator"))
    save_audio_vq(root / AUDIO_VQ, weights("audio_vq"))
    save_single(root / POSE_VQ, weights("pose_vq"))
    pose_vq = {f"vq.{name}": value for name, value in list(weights("pose_vq").items())[:3]}
    save_single(root / ANNOTATION, {**weights("annotation_model"), **pose_vq})
    save_single(
        root / AUTOENCODER, weights("gesture_autoencoder"), args=argparse.Namespace(), epoch=3, pose_dim=159
    )
    save_means(root / MEANS)
    save_speakers(root / SPEAKER_MODEL, SPEAKERS)
    return root


def save_encoder(folder: Path, part: str, *, pickled: bool = False) -> Path:
    """A folder as the hub has them, with few and small weights, and with files that nobody needs."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    begin = "wav2vec2" if part == "wav2vec2" else "bert"
    state = {f"{begin}.encoder.weight": torch.randn(3, 4), f"{begin}.encoder.bias": torch.randn(4)}
    state |= {"lm_head.weight": torch.randn(2, 3)} if part == "wav2vec2" else {}
    state["tied"] = state[f"{begin}.encoder.weight"]
    (folder / "config.json").write_text(f'{{"model_type": "{part}"}}')
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n")
    (folder / "modeling_custom.py").write_text("raise SystemExit\n")
    (folder / "README.md").write_text("# A network\n")
    if pickled:
        torch.save(state, folder / "pytorch_model.bin")
    else:
        del state["tied"]
        save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    return folder
