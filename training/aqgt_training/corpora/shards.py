# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows that stream from WebDataset shards, on disk or behind http(s).

A corpus of shards is a folder or URL with ``manifest.json`` and ``train/``, ``val/``, ``test/`` full of tar
files. The published pipeline's shards (torch members, no manifest) are read as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from torch.utils.data import IterableDataset, get_worker_info
from webdataset import shardlists

from aqgt import skeleton
from aqgt.errors import AqgtError
from aqgt_training.corpora.places import below, is_url, read_place
from aqgt_training.corpora.shard_files import windows_of_shard
from aqgt_training.corpora.window_records import Window

MANIFEST = "manifest.json"
SHARD_FORMAT = 1
BUFFER = 1024


@dataclass(frozen=True)
class Shard:
    """One tar file; ``windows`` is None where no manifest tells."""

    place: str
    windows: int | None = None


@dataclass(frozen=True)
class ShardSource:
    """One split of one corpus of shards."""

    place: str
    shards: tuple[Shard, ...]
    manifest: Mapping[str, Any] = field(default_factory=dict)
    split: str = "train"

    @property
    def windows(self) -> int | None:
        """Windows of all shards, where they are known."""
        counts = [shard.windows for shard in self.shards]
        return None if None in counts else sum(count for count in counts if count is not None)

    @property
    def figures(self) -> Mapping[str, Any]:
        """What the manifest says of the split."""
        return self.manifest.get("splits", {}).get(self.split, {})


def open_shards(
    urls_or_dirs: str | Path | Sequence[str | Path],
    weights: Sequence[float] | None = None,
    *,
    split: str = "train",
    shuffle: bool = True,
    seed: int = 0,
    buffer: int = BUFFER,
    speakers: Mapping[str, int] | None = None,
) -> ShardStream:
    """The windows of one or more corpora of shards.

    Args:
        urls_or_dirs: folders or URLs of corpora, or single shards (``…/data_{000000..000012}.tar``).
        weights: how often each corpus is drawn from. None: every window of every corpus once per pass. Else a
            pass has as many windows as all corpora hold, each drawn from corpus i with the share
            ``weights[i] / sum(weights)``; a corpus that runs out begins anew, in another order.
        split: ``"train"``, ``"val"`` or ``"test"``; single shards have none.
        shuffle: the order of shards is drawn, and windows within ``buffer`` are mixed.
        seed: of the order; the same seed gives the same windows in the same order.
        buffer: windows held in memory for mixing.
        speakers: name → number, for the published shards, which hold names.

    Returns:
        An iterable dataset of windows: a dict of the features' arrays as stored (no batch dimension),
        ``"annotations"`` `[17, T]` float32, ``"bone_vectors"`` `[T, 53, 3]` float32, ``"speaker"``,
        ``"clip"``, ``"frame"`` (where the window begins in its clip).

    Raises:
        AqgtError: no shards there, or the weights do not fit.
    """
    places = [urls_or_dirs] if isinstance(urls_or_dirs, str | Path) else list(urls_or_dirs)
    sources = [_source(str(place), split) for place in places]
    if not sources:
        raise AqgtError("No shards were named.", "Name a folder or URL of shards.", "no-shards")
    if weights is not None:
        if len(weights) != len(sources) or min(weights) < 0 or sum(weights) <= 0:
            raise AqgtError(
                f"{len(weights)} weights were given for {len(sources)} corpora.",
                "Give each a weight of 0 or more, not all 0.",
                "bad-usage",
            )
        unknown = [source.place for source in sources if source.windows is None]
        if unknown:
            raise AqgtError(
                f"How many windows “{unknown[0]}” holds is not known, so it can't be weighted.",
                f"Name a folder with a {MANIFEST}.",
                "bad-usage",
            )
    return ShardStream(sources, weights, shuffle=shuffle, seed=seed, buffer=buffer, speakers=speakers)


class ShardStream(IterableDataset):
    """See `open_shards`. With a `torch` DataLoader each worker reads its own part."""

    def __init__(
        self,
        sources: Sequence[ShardSource],
        weights: Sequence[float] | None,
        *,
        shuffle: bool,
        seed: int,
        buffer: int,
        speakers: Mapping[str, int] | None,
    ) -> None:
        self.sources, self.weights = list(sources), None if weights is None else list(weights)
        self.shuffle, self.seed, self.buffer = shuffle, seed, buffer
        self.speakers = dict(speakers or {})

    @property
    def n_windows(self) -> int | None:
        """Windows of one pass; None where a source has no manifest."""
        counts = [source.windows for source in self.sources]
        return None if None in counts else sum(count for count in counts if count is not None)

    def statistics(self, *, keep_root: bool = False) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and standard deviation `[53, 3]` of the bone vectors, each corpus by its share of windows.

        Those of the root are 0 unless it is kept.
        """
        parts, shares = self._figures()
        mean = np.tensordot(shares, [part["mean"] for part in parts], 1)
        second = [np.square(part["std"]) + np.square(part["mean"]) for part in parts]
        variance = np.tensordot(shares, second, 1) - np.square(mean)
        std = np.sqrt(np.maximum(variance, 0))
        if not keep_root:
            mean[skeleton.PELVIS] = std[skeleton.PELVIS] = 0.0
        return mean.astype(np.float32), std.astype(np.float32)

    def rest_pose(self, *, keep_root: bool = False) -> NDArray[np.float32]:
        """Bone vectors `[53, 3]` of a resting speaker; of several corpora the mean."""
        parts, shares = self._figures()
        rest = np.tensordot(shares, [part["rest_pose"] for part in parts], 1)
        if not keep_root:
            rest[skeleton.PELVIS] = 0.0
        return rest.astype(np.float32)

    def _figures(self) -> tuple[list[dict[str, NDArray]], NDArray]:
        found = [source.figures.get("statistics") for source in self.sources]
        if any(each is None for each in found):
            raise AqgtError(
                "The shards come without statistics of their poses.",
                "Name folders of shards that `aqgt-train corpus shards` made.",
                "no-statistics",
            )
        shares = np.array(self.weights or [source.windows or 0 for source in self.sources], dtype=np.float64)
        parts = [{name: np.array(value) for name, value in each.items()} for each in found if each]
        return parts, shares / shares.sum()

    def __iter__(self) -> Iterator[Window]:
        worker = get_worker_info()
        part, parts = (worker.id, worker.num_workers) if worker else (0, 1)
        return self.windows(self.seed, part=part, parts=parts)

    def windows(
        self, seed: int, *, shuffle: bool | None = None, part: int = 0, parts: int = 1
    ) -> Iterator[Window]:
        """One pass, or one of several disjoint parts of it; with known counts all parts are equally long."""
        shuffle = self.shuffle if shuffle is None else shuffle
        rng = np.random.default_rng([seed, part, parts])
        if self.weights is None:
            stream = self._each_once(seed, shuffle, part, parts)
        else:
            stream = self._weighted(seed, rng, shuffle, part, parts)
        yield from _mixed(stream, self.buffer, rng) if shuffle else stream

    def _each_once(self, seed: int, shuffle: bool, part: int, parts: int) -> Iterator[Window]:
        shards = [shard for source in self.sources for shard in source.shards]
        yield from self._part_of(shards, seed, shuffle, part, parts)

    def _part_of(
        self, shards: Sequence[Shard], seed: int, shuffle: bool, part: int, parts: int
    ) -> Iterator[Window]:
        # Every part draws the same order, so that the parts are disjoint.
        order = np.random.default_rng(seed).permutation(len(shards)) if shuffle else np.arange(len(shards))
        ordered = [shards[i] for i in order]
        known = all(shard.windows is not None for shard in ordered)
        if parts > 1 and known and len(ordered) >= parts:
            counts = [sum(shard.windows or 0 for shard in ordered[p::parts]) for p in range(parts)]
            yield from islice(self._read(ordered[part::parts]), min(counts))
        else:
            limit = sum(shard.windows or 0 for shard in ordered) // parts if known else None
            yield from islice(self._read(ordered, part, parts), limit)

    def _weighted(self, seed: int, rng: Generator, shuffle: bool, part: int, parts: int) -> Iterator[Window]:
        assert self.weights is not None
        weights = np.array(self.weights) / sum(self.weights)
        streams = [
            self._endless(number, source, seed, shuffle, part, parts)
            for number, source in enumerate(self.sources)
        ]
        for number in rng.choice(len(streams), size=(self.n_windows or 0) // parts, p=weights):
            yield next(streams[number])

    def _endless(
        self, number: int, source: ShardSource, seed: int, shuffle: bool, part: int, parts: int
    ) -> Iterator[Window]:
        turn = 0
        while True:
            shuffled_by = int(np.random.SeedSequence([seed, number, turn]).generate_state(1)[0])
            empty = True
            for window in self._part_of(source.shards, shuffled_by, shuffle, part, parts):
                empty = False
                yield window
            if empty:
                raise AqgtError(
                    f"“{source.place}” holds too few windows for {parts} readers.",
                    "Use fewer processes, or leave it out.",
                    "small-corpus",
                )
            turn += 1

    def _read(self, shards: Sequence[Shard], first: int = 0, step: int = 1) -> Iterator[Window]:
        at = 0
        for shard in shards:
            # A tar must be read in order, but what another part takes need not be decoded.
            for window in windows_of_shard(shard.place, self.speakers, (first - at) % step, step):
                at += 1
                if window is not None:
                    yield window


def _mixed(windows: Iterator[Window], size: int, rng: Generator) -> Iterator[Window]:
    """The windows in another order: each leaves a buffer at a random moment."""
    held: list[Window] = []
    for window in windows:
        if len(held) < size:
            held.append(window)
            continue
        at = int(rng.integers(size))
        held[at], window = window, held[at]
        yield window
    for at in rng.permutation(len(held)):
        yield held[at]


def _source(place: str, split: str) -> ShardSource:
    if place.endswith(".tar"):
        return ShardSource(place, tuple(Shard(url) for url in shardlists.expand_urls(place)), {}, split)
    data = read_place(below(place, MANIFEST))
    if data is not None:
        manifest = _manifest(data, place)
        files = manifest["splits"].get(split, {}).get("shards", [])
        shards = tuple(Shard(below(place, file["name"]), file["windows"]) for file in files)
    else:
        manifest, found = {}, []
        if not is_url(place):
            found = sorted((Path(place) / split).glob("*.tar")) or sorted(Path(place).glob("*.tar"))
        shards = tuple(Shard(str(path)) for path in found)
    if not shards:
        raise AqgtError(
            f"“{place}” holds no shards of the split {split}.",
            f"Name a folder or URL with a {MANIFEST}, as `aqgt-train corpus shards` makes it.",
            "no-shards",
        )
    return ShardSource(place, shards, manifest, split)


def _manifest(data: bytes, place: str) -> dict[str, Any]:
    try:
        manifest = json.loads(data)
        version = manifest["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise AqgtError(
            f"The {MANIFEST} of “{place}” can't be read.", "Make the shards again.", "bad-shard"
        ) from error
    if manifest.get("kind") != "shards" or version != SHARD_FORMAT:
        raise AqgtError(
            f"“{place}” holds no shards of format {SHARD_FORMAT}.",
            "Make them with `aqgt-train corpus shards`.",
            "bad-shard",
        )
    return manifest
