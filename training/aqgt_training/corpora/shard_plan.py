# SPDX-License-Identifier: GPL-3.0-or-later
"""Which clips go into which shard."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from aqgt.errors import AqgtError
from aqgt.models.config import ModelConfig
from aqgt.speech.features import ClipFeatures
from aqgt_training.corpora.clip_lmdb import ClipReader
from aqgt_training.corpora.splits import SPLITS, SplitRule
from aqgt_training.corpora.windowing import Cutting


class Features(Protocol):
    """Where the features of a model come from, see `model_features.FeatureSpec`."""

    def config(self) -> ModelConfig: ...
    def dtype(self) -> Any: ...
    def open(self) -> ClipFeatures: ...
    def fingerprint(self) -> str: ...
    def audio_vq(self) -> str | None: ...


@dataclass(frozen=True)
class ShardPlan:
    """What is to be written.

    Attributes:
        corpora: folders of clip databases.
        features: of the model that will be trained.
        cutting: how clips become windows.
        splits: which clips go where.
        windows_per_shard: about how many windows a shard gets; clips are not divided.
        seed: of the order of the clips.
    """

    corpora: tuple[Path, ...]
    features: Features
    cutting: Cutting = field(default_factory=Cutting)
    splits: SplitRule = field(default_factory=SplitRule)
    windows_per_shard: int = 2048
    seed: int = 0

    def jobs(self) -> list[ShardJob]:
        """The shards to write, each with its clips; the same corpora and seed give the same jobs."""
        by_split: dict[str, list[tuple[int, str, int]]] = {name: [] for name in SPLITS}
        digests = []
        for number, folder in enumerate(self.corpora):
            with ClipReader(folder) as reader:
                digests.append(reader.manifest.get("sha256", ""))
                for name, entry in _entries(reader).items():
                    split = self.splits.split_of(entry["video"], entry["split"])
                    frames = round(entry["seconds"] * self.cutting.fps)
                    windows = max(0, (frames - self.cutting.window) // self.cutting.stride + 1)
                    by_split[split].append((number, name, windows))
        settings = [self.features.fingerprint(), digests, asdict(self.cutting), self.windows_per_shard]
        jobs: list[ShardJob] = []
        for split, clips in by_split.items():
            rng = np.random.default_rng([self.seed, SPLITS.index(split)])
            order = [clips[i] for i in rng.permutation(len(clips))]
            for at, group in enumerate(_groups(order, self.windows_per_shard)):
                stamp = hashlib.sha256(json.dumps([settings, split, group]).encode()).hexdigest()
                jobs.append(ShardJob(f"{split}/{at:06d}.tar", split, tuple(group), stamp))
        if not jobs:
            raise AqgtError("The corpora hold no clips.", "Compose or import some first.", "empty-corpus")
        return jobs


@dataclass(frozen=True)
class ShardJob:
    """One shard: its name, its clips as (corpus, name), and a hash of all that decides its bytes."""

    name: str
    split: str
    clips: tuple[tuple[int, str], ...]
    stamp: str


def _entries(reader: ClipReader) -> dict[str, dict[str, Any]]:
    """Seconds, split and video of each clip, from the manifest where it tells."""
    known = reader.manifest.get("entries", {})
    found = {}
    for name in reader.names:
        entry = known.get(name)
        if entry is None:
            clip = reader.read(name)
            entry = {"seconds": clip.duration, "split": clip.split, "video": clip.video}
        found[name] = {"video": name, **entry}
    return found


def _groups(clips: Sequence[tuple[int, str, int]], windows: int) -> Iterator[list[tuple[int, str]]]:
    group: list[tuple[int, str]] = []
    held = 0
    for corpus, name, count in clips:
        if group and held + count > windows:
            yield group
            group, held = [], 0
        group.append((corpus, name))
        held += count
    if group:
        yield group
