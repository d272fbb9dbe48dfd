# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt bench` on small networks: what it writes, never how fast it is."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from aqgt.benchmark import bench as benchmark
from aqgt.benchmark import material, side
from aqgt.benchmark.side import Task
from aqgt.benchmark.straightforward import Straightforward
from aqgt.cli.app import app
from aqgt.generation import generate
from aqgt.models import kernels, registry
from aqgt.models.registry import LoadedModel
from aqgt.protocol.messages import GenerateRequest
from aqgt.speech.published.audio_codes import AudioCodes
from aqgt.speech.published.features import PublishedFeatures

FIELDS = {
    "model", "device", "threads", "variants", "precision", "per_second", "parts_per_second", "first_window",
    "windows", "window_p50", "window_p95", "peak_mib", "total", "seconds",
}  # fmt: skip


class Sound:
    """Stands in for wav2vec2."""

    def logits(self, windows: np.ndarray) -> np.ndarray:
        return np.outer(windows[:, ::321].mean(axis=1), np.ones(113 * 32)).reshape(-1, 113, 32)


class Sentences:
    """Stands in for BERT."""

    def vectors(self, sentences: list[str]) -> np.ndarray:
        return np.array([[len(text) / 100] * 768 for text in sentences])


@pytest.fixture(scope="module")
def small_published(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    """Published networks of random weights, with stand-ins for the two largest."""
    folder = tmp_path_factory.mktemp("random")
    with torch.random.fork_rng():
        material.write_random_networks(folder, "aqgt-a")
    model = registry.load_model(folder)
    assert isinstance(model.features, PublishedFeatures)
    model.features.sound, model.features.sentences = Sound(), Sentences()
    return model


def test_command_writes_its_figures(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    arguments = ["bench", "--model", "debug", "--seconds", "4", "--variants", "2", "-o", str(path)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    record = json.loads(path.read_text())
    assert set(record) == {"machine", "conditions", "sides", "ratios"}
    assert set(record["sides"]) == {"engine", "engine, 2 variants"}
    for measured in record["sides"].values():
        assert set(measured) >= FIELDS
        assert measured["windows"] == 2
        assert sum(measured["parts_per_second"].values()) == pytest.approx(measured["per_second"])
    assert record["ratios"].keys() == {"time of 2 variants to one"}


@pytest.mark.parametrize("name", [side.ENGINE, side.STRAIGHTFORWARD])
def test_sides_of_a_published_model(
    name: str, small_published: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "load_model", lambda *_, **__: small_published)
    found = side.measure(Task(name, "aqgt-a", "cpu", torch.get_num_threads(), 1, 3.0, "exact", "folder"))
    summary = benchmark._summary(found)
    assert set(summary) >= FIELDS
    assert {"audio VQ", "wav2vec2", "BERT", "generator"} <= set(summary["parts_per_second"])
    assert summary["windows"] == 2


def test_both_sides_make_the_same_motion(small_published: LoadedModel) -> None:
    """In double precision; in single precision the networks amplify the order of summation."""
    features = small_published.features
    assert isinstance(features, PublishedFeatures)
    assert isinstance(features.codes, AudioCodes)
    double = copy.deepcopy(features)
    double.codes = AudioCodes(copy.deepcopy(features.codes.vq).double())
    model = replace(
        small_published, generator=copy.deepcopy(small_published.generator).double(), features=double
    )
    sound, words = material.sound(4.0), material.words(4.0)
    outputs = torch.from_numpy(Straightforward(model).run(sound, words))
    wanted = model.generator.denormalise(outputs).numpy()
    request = GenerateRequest(sound, words, model="aqgt-a", speaker=1, annotate="none", sampling="off")
    motion = generate(request, model).motions[0].bone_vectors
    # Four frames at the seam are a mixture of both windows.
    assert np.abs(motion[:30] - wanted[0, :30]).max() < 1e-5
    assert np.abs(motion[34:60] - wanted[1, 4:30]).max() < 1e-5
    assert np.abs(wanted[0, 4:30] - wanted[1, 4:30]).max() > 1e-2


def test_plain_ways_end_with_their_block() -> None:
    x = torch.zeros(1)
    with torch.no_grad():
        assert kernels.own_ways(x)
        with kernels.plain():
            assert not kernels.own_ways(x)
        assert kernels.own_ways(x)


def test_material() -> None:
    assert len(material.sound(1.0)) == 16000
    words = material.words(2.0)
    assert len(words) == 5
    assert all(word.start < word.end for word in words)
    assert words[-1].end <= 2.0
