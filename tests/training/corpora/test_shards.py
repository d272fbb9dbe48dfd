# SPDX-License-Identifier: GPL-3.0-or-later
"""Shards of windows: written once, read from disk or over http, mixed, shared out, refused when damaged."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch

from aqgt import resources, skeleton
from aqgt.errors import AqgtError
from aqgt_training.corpora.model_features import FeatureSpec
from aqgt_training.corpora.shard_batches import ShardSampler
from aqgt_training.corpora.shard_plan import ShardPlan
from aqgt_training.corpora.shard_writer import write_shards
from aqgt_training.corpora.shards import open_shards
from aqgt_training.corpora.splits import SplitRule
from aqgt_training.corpora.windowing import Cutting
from aqgt_training.corpora.windows import WindowSampler, load_clips
from tests.training.tiny_corpus import write_tiny_corpus

FEATURES = FeatureSpec(str(resources.data_path("configs", "models", "debug.yaml")))


def plan_of(*corpora: Path, per_shard: int = 12, **options: object) -> ShardPlan:
    return ShardPlan(corpora, FEATURES, windows_per_shard=per_shard, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_corpus(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def shards(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards") / "made"
    write_shards(plan_of(corpus), folder)
    return folder


def test_features_of_a_corpus_made_anew_are_not_the_old_ones(tmp_path: Path) -> None:
    features = FEATURES.open()
    write_tiny_corpus(tmp_path, train_clips=1, val_clips=0, seconds=4)
    assert list(load_clips(tmp_path, "train", features, fingerprint="").length) == [60]  # type: ignore[arg-type]
    write_tiny_corpus(tmp_path, train_clips=1, val_clips=0, seconds=5)
    again = load_clips(tmp_path, "train", features, fingerprint="", lengths=skeleton.OFFICIAL_LENGTHS)  # type: ignore[arg-type]
    assert list(again.length) == [75]
    norms = np.linalg.norm(again.bone_vectors[:, 1:], axis=-1)
    np.testing.assert_allclose(norms, np.tile(skeleton.OFFICIAL_LENGTHS[1:], (75, 1)), atol=1e-4)


class Unsteady(SimpleHTTPRequestHandler):
    """Serves files without ranges, and breaks off once in each."""

    broken: set[str] = set()

    def log_message(self, *_: object) -> None:
        pass

    def copyfile(self, source, target) -> None:  # type: ignore[no-untyped-def, override]
        if self.path.endswith(".tar") and self.path not in self.broken:
            self.broken.add(self.path)
            target.write(source.read(100_000))
            self.close_connection = True
        else:
            super().copyfile(source, target)


@pytest.fixture
def address(shards: Path) -> Iterator[str]:
    Unsteady.broken = set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Unsteady, directory=str(shards)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def names(windows: Iterator[dict]) -> list[tuple[str, int]]:
    return [(window["clip"], window["frame"]) for window in windows]


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[key], b[key]) for key in a)


def test_windows_equal_those_cut_from_memory(corpus: Path, shards: Path) -> None:
    config = FEATURES.config()
    clips = load_clips(corpus, "train", FEATURES.open(), fingerprint="")  # type: ignore[arg-type]
    mean, std = clips.statistics()
    floor = np.maximum(std, 0.01)
    options = {"batch_size": 8, "seed_frames": config.seed_frames}
    stream = open_shards(shards, shuffle=False)
    ours = ShardSampler(stream, mean, floor, **options)
    theirs = WindowSampler(clips, mean, floor, stride=8, window=config.window, **options)

    def rows(sampler: ShardSampler | WindowSampler) -> dict[str, torch.Tensor]:
        batches = list(sampler.epoch(0, shuffle=False))
        whole = {name: torch.cat([batch[name] for batch in batches]) for name in batches[0]}
        order = np.lexsort(whole["mel"].flatten(1)[:, -3:].numpy().T)  # noise, so no two are alike
        return {name: value[order] for name, value in whole.items()}

    wanted, found = rows(theirs), rows(ours)
    assert wanted.keys() == found.keys()
    for name, value in wanted.items():
        assert value.shape == found[name].shape
        torch.testing.assert_close(found[name], value, rtol=0, atol=1e-6)
    found_mean, found_std = stream.statistics()
    np.testing.assert_allclose(found_mean, mean, atol=1e-6)
    np.testing.assert_allclose(found_std, std, atol=1e-5)
    np.testing.assert_allclose(stream.rest_pose(), clips.rest_pose(), atol=5e-3)


def test_http_gives_what_the_disk_gives(shards: Path, address: str) -> None:
    from_disk = list(open_shards(shards, seed=4, buffer=16))
    over_http = list(open_shards(address, seed=4, buffer=16))
    assert len(from_disk) == open_shards(shards).n_windows
    assert len(Unsteady.broken) >= 2
    assert all(same(a, b) for a, b in zip(from_disk, over_http, strict=True))


def test_a_seed_is_an_order_of_the_same_windows(shards: Path) -> None:
    first, again, other = (names(iter(open_shards(shards, seed=s, buffer=8))) for s in (1, 1, 2))
    assert first == again != other
    assert sorted(first) == sorted(other) == sorted(names(iter(open_shards(shards, shuffle=False))))


@pytest.mark.parametrize("parts", [2, 3, 40])
def test_parts_are_disjoint_and_equal(shards: Path, parts: int) -> None:
    stream = open_shards(shards, buffer=8)
    found = [names(stream.windows(5, part=part, parts=parts)) for part in range(parts)]
    assert len({len(part) for part in found}) == 1
    assert len(found[0]) > 0
    together = [name for part in found for name in part]
    assert len(together) == len(set(together))


def test_reading_processes_change_the_order_alone(shards: Path) -> None:
    stream = open_shards(shards, buffer=8)
    mean, std = np.zeros((53, 3)), np.ones((53, 3))
    sampler = ShardSampler(stream, mean, std, batch_size=4, seed_frames=4, workers=2)
    before = torch.get_rng_state()
    batches = list(sampler.epoch(0, shuffle=False))
    assert torch.equal(torch.get_rng_state(), before), "a training that goes on must find its random numbers"
    assert sum(len(batch["speaker"]) for batch in batches) == stream.n_windows // 2 * 2  # type: ignore[operator]


def test_corpora_are_mixed_by_weight(corpus: Path, shards: Path, tmp_path: Path) -> None:
    other = write_tiny_corpus(tmp_path / "clips", train_clips=2, val_clips=1, seconds=4)
    write_shards(plan_of(other), tmp_path / "small")
    stream = open_shards([shards, tmp_path / "small"], weights=[1, 3], buffer=8)
    drawn = Counter(window["bone_vectors"].shape[0] and window["clip"] for window in stream)
    assert sum(drawn.values()) == stream.n_windows
    small = {window["clip"] for window in open_shards(tmp_path / "small")}
    # Clips of both corpora bear the same names here, so the share of the small one's is at least its weight.
    assert sum(drawn[name] for name in small) / sum(drawn.values()) > 0.65
    plain = open_shards([shards, tmp_path / "small"], buffer=8)
    assert sum(1 for _ in plain) == plain.n_windows


def test_only_what_is_missing_is_made_again(corpus: Path, shards: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shards"
    shutil.copytree(shards, folder)
    tars = sorted((folder / "train").glob("*.tar"))
    wanted = tars[1].read_bytes()
    tars[1].unlink()
    untouched = tars[0].stat().st_mtime_ns
    manifest = write_shards(plan_of(corpus), folder, resume=True)
    assert tars[1].read_bytes() == wanted  # the same settings give the same bytes
    assert tars[0].stat().st_mtime_ns == untouched
    assert manifest == json.loads((shards / "manifest.json").read_text())
    with pytest.raises(AqgtError, match="not empty"):
        write_shards(plan_of(corpus), folder)


def test_processes_write_the_same_shards(corpus: Path, shards: Path, tmp_path: Path) -> None:
    manifest = write_shards(plan_of(corpus), tmp_path / "shards", processes=2)
    assert manifest == json.loads((shards / "manifest.json").read_text())


def test_validation_is_cut_out_of_training_by_video(corpus: Path) -> None:
    jobs = plan_of(corpus, splits=SplitRule(val_from_train=0.5, seed=1)).jobs()
    by_split = {
        split: {name for job in jobs if job.split == split for _, name in job.clips}
        for split in ("train", "val")
    }
    assert by_split["train"]
    assert not by_split["train"] & by_split["val"]
    assert any(name.startswith("train") for name in by_split["val"])
    anew = SplitRule({"train": 0.5, "val": 0.25, "test": 0.25}, seed=3)
    drawn = Counter(anew.split_of(f"video {n}", "train") for n in range(2000))
    assert 900 < drawn["train"] < 1100
    assert 400 < drawn["test"] < 600
    with pytest.raises(AqgtError):
        SplitRule({"train": 0.5})


def test_windows_without_movement_are_left_out(corpus: Path, tmp_path: Path) -> None:
    everything = write_shards(plan_of(corpus), tmp_path / "all")["splits"]["train"]["windows"]
    moving = write_shards(plan_of(corpus, cutting=Cutting(minimum_movement=2e-4)), tmp_path / "moving")[
        "splits"
    ]["train"]["windows"]
    assert 0 < moving < everything


_HEADER = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n"
OBJECTS = b"\x93NUMPY\x01\x00" + len(_HEADER).to_bytes(2, "little") + _HEADER
"""An array of pickled objects."""


@pytest.mark.parametrize(
    ("member", "content", "sentence"),
    [
        ("x.pyd", b"", "neither an array"),
        ("mel.npy", b"\x80\x04K\x01.", "no array"),
        ("mel.npy", OBJECTS, "plain numbers"),
        ("meta.json", b"[1]", "no JSON object"),
    ],
)
def test_what_is_no_plain_array_is_refused(
    shards: Path, tmp_path: Path, member: str, content: bytes, sentence: str
) -> None:
    with tarfile.open(next((shards / "train").glob("*.tar"))) as whole:
        members = [(each.name, whole.extractfile(each).read()) for each in whole.getmembers()[:7]]  # type: ignore[union-attr]
    key = members[0][0].split(".")[0]
    changed = {name: data for name, data in members if name.startswith(key)} | {f"{key}.{member}": content}
    with tarfile.open(tmp_path / "bad.tar", "w") as bad:
        for name, data in changed.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            bad.addfile(info, io.BytesIO(data))
    with pytest.raises(AqgtError, match=sentence):
        list(open_shards(str(tmp_path / "bad.tar")))


def test_a_shard_cut_off_is_named(shards: Path, tmp_path: Path) -> None:
    data = next((shards / "train").glob("*.tar")).read_bytes()
    (tmp_path / "half.tar").write_bytes(data[: len(data) // 2 + 77])
    with pytest.raises(AqgtError, match=r"half\.tar"):
        list(open_shards(str(tmp_path / "half.tar")))


def test_no_shards_and_wrong_weights(shards: Path, tmp_path: Path) -> None:
    for bad in (tmp_path, tmp_path / "nowhere", "http://127.0.0.1:9/none"):
        with pytest.raises(AqgtError):
            open_shards(bad)
    with pytest.raises(AqgtError, match="weights"):
        open_shards(shards, weights=[1, 2])
    with pytest.raises(AqgtError, match="neither a path"):
        list(open_shards("pipe:echo.tar"))
