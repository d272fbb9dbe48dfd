# SPDX-License-Identifier: GPL-3.0-or-later
"""From a finished training to a model's folder that an engine loads."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from torch import Tensor

from aqgt.errors import AqgtError
from aqgt.formats.files import read_text, write_bytes
from aqgt.models.config import ModelConfig, read_config
from aqgt.models.exchange.encoders import copy_encoder
from aqgt.models.generator import GestureGenerator
from aqgt.models.hand_table import HandTable
from aqgt.models.registry import (
    AUDIO_VQ,
    BERT,
    WAV2VEC2,
    folder_of,
    load_model,
    save_model,
    user_folder,
)
from aqgt.models.word_table import open_word_vectors
from aqgt.settings import check_settings
from aqgt.speech.features import ClipFeatures, CompactFeatures
from aqgt.speech.word_vectors import WordVectors
from aqgt_training.recorded_hands import collect_hand_table
from aqgt_training.stages.audio_vq import load_audio_vq
from aqgt_training.stages.build import published_features
from aqgt_training.stages.core import checkpoints
from aqgt_training.stages.core.inputs import Inputs


def features_of(config: ModelConfig, inputs: Inputs) -> ClipFeatures:
    """What computes a model's inputs, by the word vectors or encoders that the inputs name."""
    if config.published is not None:
        if inputs.init_from is not None and inputs.audio_vq is None:
            return load_model(inputs.init_from).features
        return published_features(config, inputs)
    return CompactFeatures(config.features, words_of(config, inputs), window=config.window)


def words_of(config: ModelConfig, inputs: Inputs) -> WordVectors | None:
    """The word vectors of a fresh model; of one that is fine-tuned, its own."""
    if config.text.vectors == "none":
        return None
    own = None if inputs.init_from is None else folder_of(inputs.init_from)
    folder = own or (inputs.model.resolve().parent if inputs.model else Path())
    fresh = inputs.init_from is None
    return open_word_vectors(config, folder, inputs.word_vectors, fresh=fresh)


def hands_of(config: ModelConfig, inputs: Inputs) -> HandTable | None:
    """The recorded hands of a fresh model; of one that is fine-tuned, its own.

    Raises:
        AqgtError: the model wants some, and the inputs name neither.
    """
    if config.annotation.recorded_hands == 0:
        return None
    own = None if inputs.init_from is None else load_model(inputs.init_from)
    if own is not None and own.hands is not None and own.config.annotation.forms == config.annotation.forms:
        return own.hands
    if inputs.corpus is None:
        raise AqgtError(
            "The recorded hands of this model come from a clip corpus, and none is named.",
            "Name one with --corpus, or set annotation.recorded_hands: 0 in the model's config.",
            "no-hands",
        )
    return collect_hand_table(inputs.corpus, config.annotation.forms)


def write_model(
    folder: Path, config: ModelConfig, state: Mapping[str, Tensor], inputs: Inputs, card: str
) -> None:
    """Writes all of a model: weights, config, card, and the word vectors, hands or encoders it needs."""
    folder.mkdir(parents=True, exist_ok=True)
    if config.published is not None:
        _write_encoders(folder, inputs)
    words, hands = words_of(config, inputs), hands_of(config, inputs)
    save_model(folder, config, state, words=words, hands=hands, card=card)


def _write_encoders(folder: Path, inputs: Inputs) -> None:
    """The audio VQ, and wav2vec2 and BERT where they lie in a folder; those of a model that is fine-tuned."""
    from safetensors.torch import save

    before = None if inputs.init_from is None else folder_of(inputs.init_from)
    if inputs.audio_vq is None and before is not None:
        shutil.copyfile(before / AUDIO_VQ, folder / AUDIO_VQ)
    else:
        vq, _ = load_audio_vq(inputs.needed("audio_vq"))
        write_bytes(folder / AUDIO_VQ, save({k: v.contiguous() for k, v in vq.state_dict().items()}))
    for part in (WAV2VEC2, BERT):
        for place in (inputs.encoders, before):
            if place is not None and (place / part).is_dir() and not (folder / part).exists():
                copy_encoder(part, place / part, folder / part)


def export_run(source: Path, name: str, *, target: Path | None = None, limits: Sequence[str] = ()) -> Path:
    """Makes a model of the output folder of a generator's training, or of one of its checkpoints.

    Args:
        source: the folder, or its checkpoint.pt or best.pt.
        name: of the model.
        target: the model's folder; None: ``name`` in the folder of a user's own models.
        limits: sentences for the card: what the model is not.

    Returns:
        The model's folder.

    Raises:
        AqgtError: there is no such training, or it has no weights yet.
    """
    run = source if source.is_dir() else source.parent
    if not (run / "model.yaml").is_file() or not (run / "stage.yaml").is_file():
        raise AqgtError(
            f"“{source}” is no training of a generator.",
            "Name the output folder of: aqgt-train stage generator",
            "no-training",
        )
    raw: dict[str, Any] = yaml.safe_load(read_text(run / "stage.yaml"))
    inputs = check_settings(raw["inputs"], Inputs, str(run / "stage.yaml"))
    path = source if source.is_file() else _weights_file(run, raw.get("export", "best"))
    state, facts = _weights(path, raw)
    config = read_config(run / "model.yaml").model_copy(update={"name": name})
    folder = target or user_folder() / name
    parameters = sum(each.numel() for each in GestureGenerator(config).parameters())
    write_model(folder, config, state, inputs, _card(config, parameters, facts, limits))
    return folder


def _weights_file(run: Path, chosen: str) -> Path:
    order = [checkpoints.BEST, checkpoints.CHECKPOINT]
    for name in order if chosen == "best" else reversed(order):
        if (run / name).is_file():
            return run / name
    raise AqgtError(f"“{run}” has no checkpoint yet.", "Train first.", "no-checkpoint")


def _weights(path: Path, settings: Mapping[str, Any]) -> tuple[dict[str, Tensor], str]:
    state = checkpoints.read_checkpoint(path)
    if "weights" in state:
        return state["weights"], f"best validation, step {state['step']}, score {state['score']:.4g}"
    step = state["position"]["step"]
    if "average" in state:
        return state["average"], f"averaged weights of step {step}"
    main = state["players"]["main"]
    return main["network"], f"step {step}"


def _card(config: ModelConfig, parameters: int, facts: str, limits: Sequence[str]) -> str:
    lines = [
        f"# {config.title}",
        "",
        f"- Licence of the weights: {config.licence}; commercial use:"
        f" {'yes' if config.commercial_use else 'no'}.",
        f"- Parameters: {parameters:,}; {config.fps:g} frames per second; {config.speaker.count} speakers.",
        f"- Training: {facts}.",
        *(f"- {limit}" for limit in limits),
        "",
    ]
    return "\n".join(lines)
