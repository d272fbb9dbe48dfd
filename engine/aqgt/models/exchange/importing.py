# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports the published weights: the original's files in, a model's folder out, whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from aqgt import resources, skeleton
from aqgt.errors import AqgtError
from aqgt.models import official, registry
from aqgt.models.checkpoints import read_means, read_speakers
from aqgt.models.config import ModelConfig, read_config
from aqgt.models.exchange import parts
from aqgt.models.exchange.card import card_text
from aqgt.models.exchange.checks import check_name, check_sources
from aqgt.models.exchange.encoders import copy_encoder
from aqgt.models.exchange.hashes import source_of, write_hashes
from aqgt.models.exchange.reading import open_checkpoint, read_network
from aqgt.models.exchange.staging import staged
from aqgt.models.exchange.tree import Sources, check_variant
from aqgt.models.generator import GestureGenerator
from aqgt.models.inert_pickle import Shell
from aqgt.models.rest_pose import rest_pose
from aqgt.settings import check_settings

OnProgress = Callable[[float], None]
_NETWORK_OF = {
    "audio_vq": "audio_vq",
    "pose_vq": "pose_vq",
    "annotation": "annotation_model",
    "autoencoder": "gesture_autoencoder",
}
"""The network in each file that holds one beside the generator's."""


@dataclass(frozen=True)
class ImportedPart:
    """One part of an imported model.

    Attributes:
        part: what it is.
        file: where it lies in the model's folder.
        source: name of the file it came from.
        n_weights: number of its weights, or of its entries.
        n_values: number of values in them.
    """

    part: str
    file: str
    source: str
    n_weights: int
    n_values: int


@dataclass
class ImportReport:
    """What an import made; ``notes`` are sentences for the user."""

    folder: Path
    config: ModelConfig
    parts: list[ImportedPart] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def import_model(
    sources: Sources,
    name: str,
    *,
    variant: str = "aqgt-a",
    to: Path | None = None,
    replace: bool = False,
    on_progress: OnProgress = lambda share: None,
) -> ImportReport:
    """Makes a model's folder from the published files, or adds parts to one that was made before.

    Nothing in the files is run. Where anything is wrong, nothing is written.

    Args:
        sources: what to import; without a generator the model has to exist and gets the other parts.
        name: the model's name; its folder is called so.
        variant: which published generator it is, ``aqgt-a`` or ``aqgt``; it decides on title and card.
        to: the folder to put the model's folder into; the user's own where it is left out.
        replace: whether a model of that name may be replaced.
        on_progress: called with the finished share, 0 to 1.

    Raises:
        AqgtError: a file is missing, hostile, damaged or another network's, or the name is taken.
    """
    root = registry.user_folder() if to is None else to
    config = _config(name, variant)
    check_name(name, root, is_user_folder=to is None)
    check_sources(sources, root / name, replace)
    with staged(root, name, keep=sources.generator is None) as folder:
        if sources.generator is None:
            config = read_config(folder / registry.CONFIG)
        report = ImportReport(root / name, config)
        _Import(sources, folder, variant, report, on_progress).run()
    return report


class _Import:
    """The steps of one import into a folder that nobody sees yet."""

    def __init__(
        self, sources: Sources, folder: Path, variant: str, report: ImportReport, on_progress: OnProgress
    ) -> None:
        self._sources, self._folder, self._variant = sources, folder, variant
        self._report, self._on_progress = report, on_progress
        self._total = max(1, sum(_size(path) for path in sources.given().values()))
        self._done = 0

    def run(self) -> None:
        sources = self._sources
        for name in _NETWORK_OF:
            path = getattr(sources, name)
            if path is not None:
                self._network(name, path)
        for part in parts.ENCODER_PARTS:
            path = getattr(sources, part)
            if path is not None:
                self._encoder(part, path)
        if sources.generator is not None:
            self._generator(sources.generator)
        elif sources.speakers is not None:
            self._speakers(sources.speakers, sources.speakers.name)
        lines = [
            source_of(part, path)
            for part, given in sources.given().items()
            for path in ([given] if given.is_file() else _encoder_weights(given))
        ]
        write_hashes(self._folder, lines)
        self._on_progress(1.0)

    def _network(self, name: str, path: Path) -> None:
        network = _NETWORK_OF[name]
        module, left_out = read_network(open_checkpoint(path), network, path)
        self._save(network, module, path)
        if left_out:
            self._note(f"{path.name}: {left_out} entries of other networks were left out.")
        self._advance(path)

    def _save(self, network: str, module: nn.Module, path: Path) -> None:
        parts.save_part(self._folder, network, module)
        target = parts.part_path(self._folder, network)
        self._add(network, target, path, *_count(network, module))

    def _encoder(self, part: str, path: Path) -> None:
        target = parts.part_path(self._folder, part)
        if target.exists():
            shutil.rmtree(target)
        n_weights, n_values, left_out = copy_encoder(part, path, target)
        self._add(part, target, path, n_weights, n_values)
        if left_out:
            self._note(f"{path.name}: left out {', '.join(left_out[:8])}{'…' if len(left_out) > 8 else ''}.")
        self._advance(path)

    def _generator(self, path: Path) -> None:
        means = self._sources.means
        assert means is not None  # check_sources
        pose, directions = read_means(means)
        checkpoint = open_checkpoint(path)
        module, _ = read_network(checkpoint, "generator", path)
        assert isinstance(module, GestureGenerator)
        set_statistics(module, directions)
        parts.save_means(self._folder, pose, directions)
        self._add("means", self._folder / parts.MEANS, means, 2, pose.size + directions.size)
        self._advance(means)
        self._discriminator(checkpoint, path)
        self._speakers_of(checkpoint, path)
        card = card_text(self._variant, self._report.config, self._sources.given())
        registry.save_model(self._folder, self._report.config, module, card=card)
        self._add("generator", self._folder / registry.WEIGHTS, path, *_count("generator", module))
        self._advance(path)

    def _discriminator(self, checkpoint: dict[Any, Any], path: Path) -> None:
        """Only training on needs it, so that one of another kind is no reason to refuse the generator."""
        if not checkpoint.get("dis_dict"):
            self._note(f"{path.name} holds no discriminator; generating needs none.")
            return
        try:
            discriminator, _ = read_network(checkpoint, "discriminator", path)
        except AqgtError as error:
            self._note(f"The discriminator was left out; generating needs none. {error.sentence}")
        else:
            self._save("discriminator", discriminator, path)

    def _speakers_of(self, checkpoint: dict[Any, Any], path: Path) -> None:
        """The speakers the generator was trained with, unless others are given."""
        own = checkpoint.get("speaker_model")
        if self._sources.speakers is not None:
            self._speakers(self._sources.speakers, self._sources.speakers.name)
        elif isinstance(own, Shell):
            self._speakers(own, path.name)
        else:
            self._note("No names of speakers were given; the speakers have their numbers alone.")

    def _speakers(self, source: Path | Shell, name: str) -> None:
        speakers, count = read_speakers(source), self._report.config.speaker.count
        kept = {speaker: number for speaker, number in speakers.items() if number < count}
        if len(kept) < len(speakers):
            self._note(
                f"{len(speakers) - len(kept)} speakers have numbers above {count - 1} and were left out."
            )
        parts.save_speakers(self._folder, kept)
        path = self._folder / parts.SPEAKERS
        self._report.parts.append(ImportedPart("speakers", path.name, name, len(kept), len(kept)))

    def _add(self, part: str, target: Path, source: Path, n_weights: int, n_values: int) -> None:
        self._report.parts.append(ImportedPart(part, target.name, source.name, n_weights, n_values))

    def _note(self, sentence: str) -> None:
        self._report.notes.append(sentence)

    def _advance(self, path: Path) -> None:
        self._done += _size(path)
        self._on_progress(0.9 * self._done / self._total)


def _count(network: str, module: nn.Module) -> tuple[int, int]:
    """Published names of a network, and values under them."""
    state = official.state_under_official_names(network, module)
    return len(state), sum(value.numel() for value in state.values())


def set_statistics(generator: GestureGenerator, directions: Any) -> None:
    """Gives a published generator its mean directions `[53, 3]`; its rest pose has their directions."""
    mean = torch.from_numpy(directions)
    table = torch.from_numpy(skeleton.OFFICIAL_LENGTHS.copy())[:, None]
    norms = mean.norm(dim=-1, keepdim=True)
    neutral = torch.from_numpy(rest_pose(skeleton.OFFICIAL_LENGTHS))
    rest = torch.where(norms > 1e-9, mean / norms.clamp(min=1e-9) * table, neutral)
    rest[0] = 0.0  # the root stays at the origin
    generator.pose_mean.copy_(mean)
    generator.pose_std.fill_(1.0)  # published poses are shifted by their mean and not scaled
    generator.rest_pose.copy_(rest)


def _config(name: str, variant: str) -> ModelConfig:
    check_variant(variant)
    config = read_config(resources.data_path("configs", "models", f"{variant}.yaml"))
    return check_settings({**config.model_dump(), "name": name}, ModelConfig, f"--name {name}")


def _encoder_weights(folder: Path) -> Sequence[Path]:
    return [path for name in ("model.safetensors", "pytorch_model.bin") if (path := folder / name).is_file()][
        :1
    ]


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in _encoder_weights(path))
