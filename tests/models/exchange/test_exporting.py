# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes out is what came in, under the original's names, for the original's way of reading."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from aqgt.errors import AqgtError
from aqgt.models.checkpoints import read_speakers
from aqgt.models.exchange.exporting import export_model
from aqgt.models.exchange.importing import import_model
from aqgt.models.exchange.tree import Sources, find_sources
from tests.models.checkpoints.published import a_class, same
from tests.models.exchange import originals
from tests.models.exchange.conftest import contents
from tests.models.exchange.originals import Weights


def test_the_generators_checkpoint(imported: Path, small_generator: Weights, tmp_path: Path) -> None:
    export_model("aqgt-a", tmp_path / "out")
    with a_class("model.vocab", "Vocab") as vocab:
        found = torch.load(tmp_path / "out" / originals.GENERATOR, weights_only=False)
    assert same(found["gen_dict"], small_generator)
    assert found["pose_dim"] == 159
    assert found["dis_dict"] == {}
    assert found["lang_model"] is None
    assert type(found["speaker_model"]) is vocab
    assert found["speaker_model"].word2index == {"one": 0, "two": 2}
    assert found["speaker_model"].index2word[2] == "two"


def test_the_audio_vq_is_part_of_a_module(imported: Path, tmp_path: Path) -> None:
    export_model("aqgt-a", tmp_path / "out")
    found = torch.load(tmp_path / "out" / originals.AUDIO_VQ, weights_only=True)["state_dict"]
    given = originals.weights("audio_vq")
    assert {name.removeprefix("generator."): value.shape for name, value in found.items()} == {
        name: value.shape for name, value in given.items()
    }
    assert all(torch.equal(found[f"generator.{name}"], value) for name, value in given.items())


def test_means_and_speakers(imported: Path, tmp_path: Path) -> None:
    export_model("aqgt-a", tmp_path / "out")
    blob = (tmp_path / "out" / originals.MEANS).read_bytes()
    assert b"numpy._core" not in blob, "numpy 1 knows no such module"
    for found, given in zip(pickle.loads(blob), originals.means(), strict=True):
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, given)
    assert read_speakers(tmp_path / "out" / originals.SPEAKER_MODEL) == {"one": 0, "two": 2}


def test_networks_inside_the_generator_stand_in_for_their_own_files(
    imported: Path, small_generator: Weights, tmp_path: Path
) -> None:
    export_model("aqgt-a", tmp_path / "out")
    found = torch.load(tmp_path / "out" / originals.ANNOTATION, weights_only=True)["gen_dict"]
    inside = {name.removeprefix("anno_net."): x for name, x in small_generator.items() if "anno_net." in name}
    assert same(found, inside)
    own = originals.weights("annotation_model")
    import_model(Sources(annotation=originals.save_single(tmp_path / "own.bin", own)), "aqgt-a")
    export_model("aqgt-a", tmp_path / "again")
    assert same(torch.load(tmp_path / "again" / originals.ANNOTATION, weights_only=True)["gen_dict"], own)


def test_an_export_imports_to_the_same_model(imported: Path, tmp_path: Path) -> None:
    export_model("aqgt-a", tmp_path / "out")
    # The tiny generator's own VQ and annotation network are tiny too, and no published file is.
    sources = replace(find_sources(tmp_path / "out", "aqgt-a"), pose_vq=None, annotation=None)
    again = import_model(sources, "again").folder
    before, after = contents(imported), contents(again)
    for name in ("model.safetensors", "audio_vq.safetensors", "means.safetensors", "speakers.json"):
        assert after[name] == before[name], name


def test_safetensors(imported: Path, small_generator: Weights, tmp_path: Path) -> None:
    files = export_model(imported, tmp_path / "out", safetensors=True)
    assert {file.path for file in files} == contents(tmp_path / "out").keys()
    found = load_file(tmp_path / "out" / "generator.safetensors")
    assert found.keys() == small_generator.keys()
    assert all(torch.equal(found[name], value) for name, value in small_generator.items())


def test_what_can_not_be_exported(imported: Path, tmp_path: Path) -> None:
    for name in ("compact", "debug"):
        with pytest.raises(AqgtError, match="none of the published"):
            export_model(name, tmp_path / "out")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine").write_text("x")
    with pytest.raises(AqgtError, match="in use"):
        export_model("aqgt-a", tmp_path / "used")
    assert not (tmp_path / "out").exists()
    (tmp_path / "empty").mkdir()
    assert export_model("aqgt-a", tmp_path / "empty")


def test_a_failure_leaves_nothing(imported: Path, tmp_path: Path) -> None:
    blob = bytearray((imported / "audio_vq.safetensors").read_bytes())
    (imported / "audio_vq.safetensors").write_bytes(blob[:-4])
    with pytest.raises(AqgtError, match="audio_vq"):
        export_model("aqgt-a", tmp_path / "out")
    assert not [path for path in tmp_path.iterdir() if path.name not in ("original", "models")]
