# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes clips as shards of windows, in several processes; a shard that is there is not made again."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from webdataset import TarWriter

from aqgt import __version__
from aqgt.errors import AqgtError
from aqgt.speech.features import ClipFeatures
from aqgt.speech.published.features import PublishedFeatures
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipRecord
from aqgt_training.corpora.pose_figures import PoseFigures, statistics_of
from aqgt_training.corpora.published.windows import FPS, STRIDE, WINDOW, original_windows
from aqgt_training.corpora.resampling import clip_at
from aqgt_training.corpora.shard_plan import ShardJob, ShardPlan
from aqgt_training.corpora.shards import MANIFEST, SHARD_FORMAT
from aqgt_training.corpora.splits import SPLITS
from aqgt_training.corpora.window_records import Window, encode_window
from aqgt_training.corpora.windowing import Cutting, windows_of


def write_shards(
    plan: ShardPlan,
    output: Path,
    *,
    processes: int = 1,
    resume: bool = False,
    progress: Callable[[Iterable[dict], int], Iterable[dict]] = lambda figures, total: figures,
) -> dict[str, Any]:
    """Write all shards and the manifest; returns the manifest.

    Args:
        output: folder for them; must be empty, or hold what ``resume`` goes on from.
        processes: processes that compute features.
        progress: wraps the figures of the shards as they come (a progress bar).

    Raises:
        AqgtError: the folder holds something else, or a clip can't be read.
    """
    if not resume and output.is_dir() and any(output.iterdir()):
        raise AqgtError(
            f"The folder “{output}” is not empty.",
            "Name another one, or go on with --resume.",
            "not-empty",
        )
    jobs = plan.jobs()
    for split in {job.split for job in jobs}:
        (output / split).mkdir(parents=True, exist_ok=True)
    (output / MANIFEST).unlink(missing_ok=True)
    figures = {job.name: found for job in jobs if (found := _made(output, job)) is not None}
    missing = [job for job in jobs if job.name not in figures]
    for found in progress(_run(plan, output, missing, processes), len(missing)):
        figures[found["name"]] = found
    manifest = _manifest(plan, [figures[job.name] for job in jobs])
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (output / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return manifest


def _made(output: Path, job: ShardJob) -> dict[str, Any] | None:
    """The figures of a shard that is there from the same settings."""
    sidecar = (output / job.name).with_suffix(".json")
    if not sidecar.is_file() or not (output / job.name).is_file():
        return None
    figures = json.loads(sidecar.read_text(encoding="utf-8"))
    return figures if figures["stamp"] == job.stamp else None


def _run(plan: ShardPlan, output: Path, jobs: Sequence[ShardJob], processes: int) -> Iterator[dict[str, Any]]:
    if processes == 1 or len(jobs) < 2:
        maker = _Maker(plan, output)
        yield from map(maker.make, jobs)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(processes, len(jobs)), initializer=_start, initargs=(plan, output)) as pool:
        yield from pool.imap_unordered(_make, jobs)


class _Maker:
    """Makes shards in one process, with one set of features."""

    def __init__(self, plan: ShardPlan, output: Path) -> None:
        self.plan, self.output = plan, output
        self.features = plan.features.open()
        self.dtype = plan.features.dtype()
        self.lengths = plan.features.config().length_table
        self.forms = plan.features.config().annotation.forms
        self.readers = [ClipReader(folder) for folder in plan.corpora]
        if plan.cutting.as_original:
            _check_original(self.features, plan.cutting)

    def make(self, job: ShardJob) -> dict[str, Any]:
        """Write one shard; returns its figures, which lie beside it as well."""
        path = self.output / job.name
        unfinished = path.with_suffix(".part")
        pose = PoseFigures()
        windows, key = 0, Path(job.name).stem
        with unfinished.open("wb") as file:
            writer = TarWriter(file, encoder=False, mtime=0.0)
            for corpus, name in job.clips:
                clip = self.readers[corpus].read(name)
                pose.add(clip_at(clip, self.plan.cutting.fps, self.lengths))
                for window in self._windows(clip):
                    writer.write({"__key__": f"{key}-{windows:06d}", **encode_window(window)})
                    windows += 1
            writer.close()
        figures = {
            "name": job.name,
            "split": job.split,
            "stamp": job.stamp,
            "windows": windows,
            "clips": len(job.clips),
            "bytes": unfinished.stat().st_size,
            "sha256": _file_digest(unfinished),
            **pose.figures(),
        }
        unfinished.replace(path)
        path.with_suffix(".json").write_text(json.dumps(figures), encoding="utf-8")
        return figures

    def _windows(self, clip: ClipRecord) -> Iterator[Window]:
        if self.plan.cutting.as_original:
            assert isinstance(self.features, PublishedFeatures)
            return original_windows(clip, self.features)
        return windows_of(
            clip,
            self.features,
            self.plan.cutting,
            lengths=self.lengths,
            dtype=self.dtype,
            forms=self.forms,
        )


_maker: _Maker | None = None


def _start(plan: ShardPlan, output: Path) -> None:
    global _maker
    _maker = _Maker(plan, output)


def _make(job: ShardJob) -> dict[str, Any]:
    assert _maker is not None
    return _maker.make(job)


def _manifest(plan: ShardPlan, figures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    splits = {}
    for split in sorted({each["split"] for each in figures}, key=SPLITS.index):
        mine = [each for each in figures if each["split"] == split]
        splits[split] = {
            "windows": sum(each["windows"] for each in mine),
            "clips": sum(each["clips"] for each in mine),
            "seconds": round(sum(each["frames"] for each in mine) / plan.cutting.fps, 3),
            "statistics": statistics_of(mine),
            "shards": [{k: each[k] for k in ("name", "windows", "bytes", "sha256")} for each in mine],
        }
    config = plan.features.config()
    return {
        "kind": "shards",
        "format": SHARD_FORMAT,
        "made_with": f"aqgt {__version__}",
        "model": config.name,
        "features": plan.features.fingerprint(),
        "audio_vq": plan.features.audio_vq(),
        "cutting": asdict(plan.cutting),
        "split_rule": asdict(plan.splits),
        "seed": plan.seed,
        "corpora": [ClipReader(folder).manifest.get("sha256", "") for folder in plan.corpora],
        "lengths": config.length_table.tolist(),
        "splits": splits,
    }


def _check_original(features: ClipFeatures, cutting: Cutting) -> None:
    usual = (cutting.fps, cutting.window, cutting.stride) == (FPS, WINDOW, STRIDE)
    if not isinstance(features, PublishedFeatures) or not usual:
        raise AqgtError(
            "The published pipeline's windows are those of its own networks, 34 frames at 15 fps every 8.",
            "Name the folder of a published model and leave the stride as it is.",
            "bad-usage",
        )


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
