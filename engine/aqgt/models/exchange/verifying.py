# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a model is whole: its files as they were written, its weights fit, nothing it needs is missing."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from aqgt.errors import AqgtError
from aqgt.models import registry
from aqgt.models.config import ModelConfig, read_config
from aqgt.models.exchange import parts
from aqgt.models.exchange.encoders import check_encoder
from aqgt.models.exchange.hashes import differences
from aqgt.models.generator import GestureGenerator


@dataclass(frozen=True)
class Lack:
    """Something a model needs and has not: what, and the sentence that says how it comes there."""

    sentence: str
    remedy: str


@dataclass(frozen=True)
class Verified:
    """What was checked.

    Attributes:
        sha256: of the weights.
        n_tensors: number of tensors of the generator.
        n_values: number of values in them.
        parts: what else of a published model was checked.
        hashed: whether all files were compared with ``hashes.json``.
    """

    sha256: str
    n_tensors: int
    n_values: int
    parts: tuple[str, ...]
    hashed: bool


def lacks(folder: Path, config: ModelConfig) -> list[Lack]:
    """What a model needs for generating and has not, on this machine; nothing is loaded.

    Only the published models need more than their own weights.
    """
    if config.published is None:
        return []
    found = []
    if not parts.has_part(folder, "audio_vq"):
        found.append(Lack("The audio VQ is missing.", parts.add_command(folder.name, "audio_vq")))
    for part, name in (("wav2vec2", config.published.wav2vec2), ("bert", config.published.bert)):
        if not (
            parts.has_part(folder, part) or (folder / name / "config.json").is_file() or _is_cached(name)
        ):
            sentence = (
                f"{part} is not on this machine; it would be loaded from the Hugging Face hub ({name})."
            )
            found.append(Lack(sentence, parts.add_command(folder.name, part)))
    if importlib.util.find_spec("transformers") is None:
        found.append(Lack("The package transformers is missing.", "Add it: pip install 'aqgt[published]'"))
    return found


def verify(name_or_folder: str | Path, sha256: str | None = None) -> Verified:
    """Checks a model: its files against ``hashes.json``, its weights against its config, what it needs.

    Args:
        sha256: checksum that its weights should have, as hexadecimal digits.

    Raises:
        AqgtError: a file is missing or was changed, weights don't fit, or something it needs is not there.
    """
    folder = registry.folder_of(name_or_folder)
    changed = None if folder is None else differences(folder)
    if changed:
        raise AqgtError(
            f"The model {name_or_folder} is not as it was imported: {', '.join(changed)}.",
            "Import it again, with --replace.",
            "wrong-hash",
        )
    config = None if folder is None else read_config(folder / registry.CONFIG)
    if folder is None or config is None or config.published is None:
        model = registry.load_model(
            name_or_folder
        )  # refuses what is missing, unexpected, mis-shaped, not finite
        weights, own_hash, checked = model.generator.state_dict(), model.model_hash, []
    else:
        generator = GestureGenerator(config)
        own_hash = registry.load_weights(generator, folder / registry.WEIGHTS)
        weights, checked = generator.state_dict(), _check_parts(folder)
    if sha256 is not None and sha256.strip().lower() != own_hash:
        raise AqgtError(
            f"The weights of {name_or_folder} have the SHA-256 {own_hash}, not {sha256.strip().lower()}.",
            "Copy or install the model again.",
            "wrong-hash",
        )
    missing = [] if folder is None or config is None else lacks(folder, config)
    if missing:
        raise AqgtError(
            f"The model {name_or_folder} is not complete. {' '.join(lack.sentence for lack in missing)}",
            "\n".join(lack.remedy for lack in missing),
            "incomplete",
        )
    n_values = sum(value.numel() for value in weights.values())
    return Verified(own_hash, len(weights), n_values, tuple(checked), changed is not None)


def _check_parts(folder: Path) -> list[str]:
    """Loads or looks into every part that is there, and gives their names."""
    checked = []
    for part in parts.NETWORK_PARTS:
        if parts.has_part(folder, part):
            parts.load_part(folder, part)
            checked.append(part)
    for part in parts.ENCODER_PARTS:
        if parts.has_part(folder, part):
            check_encoder(part, parts.part_path(folder, part))
            checked.append(part)
    return checked


def _is_cached(name: str) -> bool:
    """Whether a network of the hub was loaded from it before."""
    if importlib.util.find_spec("huggingface_hub") is None:
        return False
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return isinstance(try_to_load_from_cache(name, "config.json"), str)
    except HFValidationError:  # the name of a folder
        return False
