# SPDX-License-Identifier: GPL-3.0-or-later
"""Trained models by name or folder.

A model's folder holds ``config.yaml``, ``model.safetensors``, ``words.safetensors`` (word vectors, where the
config asks for them), ``hands.safetensors`` (the same of recorded hands) and ``card.md``, and is all that is
needed but for the fastText .bin of a training. That of a published model also has ``audio_vq.safetensors``,
and ``wav2vec2`` and ``bert`` if not from the hub.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import importlib.util
import os
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from aqgt import resources
from aqgt.errors import AqgtError
from aqgt.formats.files import write_bytes
from aqgt.models.config import ModelConfig, read_config, write_config
from aqgt.models.config_published import PublishedConfig
from aqgt.models.frozen import Precision
from aqgt.models.generator import GestureGenerator
from aqgt.models.hand_table import HandTable, open_hand_table
from aqgt.models.vq import VqVae
from aqgt.models.word_table import WORDS, open_word_vectors
from aqgt.protocol.messages import ModelInfo
from aqgt.speech.features import ClipFeatures, CompactFeatures
from aqgt.speech.published.audio_codes import AudioCodes
from aqgt.speech.published.features import PublishedFeatures
from aqgt.speech.published.pretrained import Bert, Wav2Vec2, source_of
from aqgt.speech.word_vectors import FastTextVectors, WordVectors

CONFIG, WEIGHTS, CARD = "config.yaml", "model.safetensors", "card.md"
AUDIO_VQ, WAV2VEC2, BERT = "audio_vq.safetensors", "wav2vec2", "bert"
DEBUG = "debug"
_DEBUG_CARD = "Random weights for tests. Its motion means nothing."
_PACKAGE_PREFIX = "aqgt_model_"
# Initial weights damp what passes through them; with this factor sound, words, annotations and seed all show.
_SEEDED_GAIN = 1.8
# Pose statistics stay exact: half precision would move every frame by the same error.
_FULL_PRECISION = ("pose_mean", "pose_std", "rest_pose")


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to run.

    Attributes:
        config: what it is made of.
        generator: the network, in eval mode on its device, float32.
        features: what turns sound and words into the network's inputs.
        info: what an engine says of it; ``info.name`` is the name it was asked for by.
        model_hash: SHA-256 of its weights; with those of its audio VQ or its recorded hands where it has any.
        hands: its recorded hands; None: it has none.
    """

    config: ModelConfig
    generator: GestureGenerator
    features: ClipFeatures
    info: ModelInfo
    model_hash: str
    hands: HandTable | None = None


def available() -> list[str]:
    """Names of all models that `load_model` finds; the debug model is always the last."""
    names = {
        folder.name for root in _roots() if root.is_dir() for folder in root.iterdir() if _is_model(folder)
    }
    names |= {name for name in _installed_names() if _installed_folder(name) is not None}
    return [*sorted(names - {DEBUG}), DEBUG]


def describe(name_or_folder: str | Path) -> ModelInfo:
    """What a model is, from its config and card alone: nothing is loaded.

    Raises:
        AqgtError: no such model, or its config is not valid.
    """
    folder, config = folder_of(name_or_folder), config_of(name_or_folder)
    return _info(_name_of(name_or_folder, config), config, folder)


def config_of(name_or_folder: str | Path) -> ModelConfig:
    """A model's config; nothing else of it is read.

    Raises:
        AqgtError: no such model, or its config is not valid.
    """
    folder = folder_of(name_or_folder)
    return read_config(_debug_config() if folder is None else folder / CONFIG)


def load_model(
    name_or_folder: str | Path,
    device: str = "cpu",
    *,
    word_vectors: Path | None = None,
    precision: Precision = "exact",
) -> LoadedModel:
    """Loads a model by name, or from a folder.

    A name is looked for in the checkout's ``models``, then as the installed package
    ``aqgt_model_NAME``, then in `user_folder`.

    Args:
        word_vectors: the fastText .bin of a model that was trained with one, see `open_word_vectors`.

    Raises:
        AqgtError: no such model, or its files don't fit together; the message lists what is wrong.
    """
    folder = folder_of(name_or_folder)
    config = read_config(_debug_config() if folder is None else folder / CONFIG)
    features: ClipFeatures
    hands: HandTable | None = None
    if folder is None or config.weights == "seeded":
        generator, features = _seeded(config), CompactFeatures(config.features, window=config.window)
        model_hash = _hash(generator)
    else:
        generator = GestureGenerator(config)
        model_hash = load_weights(generator, folder / WEIGHTS)
        if config.published is None:
            features = _compact_features(config, folder, word_vectors)
        else:
            features, codes_hash = _published_features(config, config.published, folder, device, precision)
            model_hash = hashlib.sha256((model_hash + codes_hash).encode()).hexdigest()
        found = open_hand_table(config, folder)
        if found is not None:
            hands, hands_hash = found
            model_hash = hashlib.sha256((model_hash + hands_hash).encode()).hexdigest()
    if config.published is not None and device.startswith("cuda"):
        # cuDNN would round the inputs of convolutions and GRUs to ten bits; not run by us yet.
        torch.backends.cudnn.allow_tf32 = False
    # Weights that want no gradients make torch sum a GRU in another order, which published networks amplify.
    generator.to(device).eval().requires_grad_(config.published is not None)
    info = _info(_name_of(name_or_folder, config), config, folder)
    return LoadedModel(config, generator, features, info, model_hash, hands)


def save_model(
    folder: Path,
    config: ModelConfig,
    weights: GestureGenerator | Mapping[str, Tensor],
    *,
    words: WordVectors | None = None,
    hands: HandTable | None = None,
    card: str = "",
) -> None:
    """Writes a model's folder: weights in half precision, pose statistics and published networks in full.

    Args:
        weights: the generator or its state dict.
        words: the word vectors of its training; needed unless ``config.text.vectors`` is ``"none"``. Those of
            a fastText .bin are not copied: the config gets the file's name and SHA-256.
        hands: the recorded hands; needed where ``config.annotation.recorded_hands`` is above 0.
        card: Markdown: what the model is, what it was trained on, what it is not.

    Raises:
        AqgtError: the weights don't fit the config, or the word vectors or recorded hands are missing.
    """
    from safetensors.torch import save

    if config.text.vectors != "none" and words is None:
        raise AqgtError(
            "The model needs word vectors and none were given.",
            "Save it with those of its training.",
            "no-words",
        )
    if config.annotation.recorded_hands and hands is None:
        raise AqgtError(
            "The model needs recorded hands and none were given.",
            "Save it with those of its training, or set annotation.recorded_hands: 0.",
            "no-hands",
        )
    if words is not None and config.text.vectors == "fasttext":
        config, words = _naming_its_vectors(config, words), None
    state = weights.state_dict() if isinstance(weights, GestureGenerator) else dict(weights)
    _check_state(state, GestureGenerator(config), str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    stored = {
        name: value.detach().cpu().to(_stored_dtype(name, value, config)).contiguous()
        for name, value in state.items()
    }
    # safetensors' own save_file makes a file that nobody but its owner may read.
    write_bytes(folder / WEIGHTS, save(stored, metadata={"format": "pt"}))
    if words is not None:
        words.save(folder / WORDS)
    if hands is not None:
        hands.save(folder)
    (folder / CARD).write_text(card, encoding="utf-8")
    # The config comes last: a folder without one is no model, so a save that was cut off is none.
    write_config(config.model_copy(update={"weights": "file"}), folder / CONFIG)


def _naming_its_vectors(config: ModelConfig, words: WordVectors) -> ModelConfig:
    """The config with a fastText .bin's name and SHA-256; where it lies is this machine's business."""
    right = isinstance(words, FastTextVectors) and words.dimension == config.features.word_dimension
    if words.origin is None or not right:
        raise AqgtError(
            f"Word vectors of {words.dimension} numbers were given, not the fastText .bin of the config.",
            "Save the model with those of its training.",
            "wrong-word-vectors",
        )
    text = config.text.model_copy(update={"path": words.origin.name, "sha256": words.digest})
    return config.model_copy(update={"text": text})


def user_folder() -> Path:
    """Where a user's own models lie: ``$AQGT_MODELS``, else the system's place for application data."""
    own = os.environ.get("AQGT_MODELS")
    if own:
        return Path(own)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", str(Path.home() / "AppData" / "Local")))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "aqgt" / "models"


def folder_of(name_or_folder: str | Path) -> Path | None:
    """The folder of a model, by name or folder; None for the debug model, which needs none.

    Raises:
        AqgtError: no such model.
    """
    text = str(name_or_folder)
    if not _is_name(name_or_folder):
        if not _is_model(Path(text)):
            raise AqgtError(
                f"The folder {text} holds no model.",
                f"Name one with {CONFIG} and {WEIGHTS}.",
                "no-model",
            )
        return Path(text)
    checkout, user = _roots()
    for folder in (checkout / text, _installed_folder(text), user / text):
        if folder is not None and _is_model(folder):
            return folder
    if text == DEBUG:
        return None
    raise AqgtError(
        f"There is no model “{text}”.",
        f"Use one of: {', '.join(available())}; or install aqgt-model-{text}.",
        "unknown-model",
    )


def _is_model(folder: Path) -> bool:
    return (folder / CONFIG).is_file()


def _roots() -> tuple[Path, Path]:
    return Path(__file__).resolve().parents[3] / "models", user_folder()


def _installed_names() -> Iterator[str]:
    """Names of the installed packages that hold a model."""
    for entry in sys.path:
        folder = Path(entry or ".")
        if folder.is_dir():
            for found in folder.glob(f"{_PACKAGE_PREFIX}*"):
                if found.is_dir() and found.suffix == "":
                    yield found.name.removeprefix(_PACKAGE_PREFIX).replace("_", "-")


def _installed_folder(name: str) -> Path | None:
    package = _PACKAGE_PREFIX + name.replace("-", "_")
    if not package.isidentifier() or importlib.util.find_spec(package) is None:
        return None
    folder = Path(str(importlib.resources.files(package)))
    return folder if _is_model(folder) else None


def _debug_config() -> Path:
    return resources.data_path("configs", "models", f"{DEBUG}.yaml")


def _name_of(name_or_folder: str | Path, config: ModelConfig) -> str:
    """The name a model is asked for by; the config's own where it was given as a folder."""
    return str(name_or_folder) if _is_name(name_or_folder) else config.name


def _is_name(name_or_folder: str | Path) -> bool:
    return isinstance(name_or_folder, str) and "/" not in name_or_folder and "\\" not in name_or_folder


def _info(name: str, config: ModelConfig, folder: Path | None) -> ModelInfo:
    card = _DEBUG_CARD
    if folder is not None:
        path = folder / CARD
        card = path.read_text("utf-8", errors="replace") if path.is_file() else ""
    return ModelInfo(
        name=name,
        title=config.title,
        fps=config.fps,
        licence=config.licence,
        commercial_use=config.commercial_use,
        speakers=config.speaker.count,
        speaker_names=config.speaker.names,
        lengths=config.length_table,
        card=card,
        forms=config.annotation.forms,
    )


def _compact_features(config: ModelConfig, folder: Path, word_vectors: Path | None) -> CompactFeatures:
    return CompactFeatures(
        config.features, open_word_vectors(config, folder, word_vectors), window=config.window
    )


def _published_features(
    config: ModelConfig, published: PublishedConfig, folder: Path, device: str, precision: Precision
) -> tuple[PublishedFeatures, str]:
    """What computes a published model's inputs, and the SHA-256 of the audio VQ's weights."""
    if not (folder / AUDIO_VQ).is_file():
        raise AqgtError(
            f"The sound encoder's weights {folder / AUDIO_VQ} are missing.",
            f"Add it: aqgt models import --name {config.name} --audio-vq FILE",
            "no-weights",
        )
    vq = VqVae(published.audio_vq.widths)
    codes_hash = load_weights(vq, folder / AUDIO_VQ)
    vq.keep_encoder()
    features = PublishedFeatures(
        AudioCodes(vq.to(device).eval()),
        Wav2Vec2(source_of(folder, WAV2VEC2, published.wav2vec2), device, published.logit_tokens, precision),
        Bert(source_of(folder, BERT, published.bert), device, published.sentence_width, precision),
        fps=config.fps,
        window=config.window,
    )
    return features, codes_hash


def load_weights(network: nn.Module, path: Path) -> str:
    """Fills a network from a safetensors file and returns the file's SHA-256.

    Raises:
        AqgtError: the file is missing or damaged, or its weights don't fit; the message lists what differs.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        sentence, step = f"The model's weights {path} are missing.", "Copy or install the model again."
        raise AqgtError(sentence, step, "no-weights")
    try:
        state = load_file(path)  # maps the file, so that no second copy of it is in memory
    except SafetensorError as problem:
        raise AqgtError(
            f"The model's weights {path} can't be read ({problem}).",
            "Copy or install the model again.",
            "bad-weights",
        ) from problem
    _check_state(state, network, str(path))
    network.load_state_dict({name: value.to(torch.float32) for name, value in state.items()})
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_state(state: Mapping[str, Tensor], network: nn.Module, origin: str) -> None:
    wanted = network.state_dict()
    problems = [f"missing: {name}" for name in wanted if name not in state]
    problems += [f"unexpected: {name}" for name in state if name not in wanted]
    problems += [
        f"{name}: {list(state[name].shape)}, not {list(wanted[name].shape)}"
        for name in wanted
        if name in state and state[name].shape != wanted[name].shape
    ]
    problems += [
        f"{name}: NaN or infinite"
        for name, value in state.items()
        if value.is_floating_point() and not torch.isfinite(value).all()
    ]
    if problems:
        shown = "; ".join(problems[:20]) + (f"; and {len(problems) - 20} more" if len(problems) > 20 else "")
        raise AqgtError(
            f"The weights of {origin} don't fit the config: {shown}.",
            "Use the config the weights were made with.",
            "bad-weights",
        )


def _stored_dtype(name: str, value: Tensor, config: ModelConfig) -> torch.dtype:
    # The published transformers amplify rounding; their weights stay as they are.
    if name in _FULL_PRECISION or config.published is not None or not value.is_floating_point():
        return value.dtype
    return torch.float16


def _seeded(config: ModelConfig) -> GestureGenerator:
    """A generator of random weights; the seed is the model's name, so that it is the same everywhere."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(zlib.crc32(config.name.encode()))
        generator = GestureGenerator(config)
    with torch.no_grad():
        for parameter in generator.parameters():
            if parameter.ndim > 1:
                parameter.mul_(_SEEDED_GAIN)
    return generator


def _hash(generator: GestureGenerator) -> str:
    digest = hashlib.sha256()
    for name, value in generator.state_dict().items():
        digest.update(name.encode() + value.numpy().tobytes())
    return digest.hexdigest()
