# SPDX-License-Identifier: GPL-3.0-or-later
"""What an import makes of the original's files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from aqgt import skeleton
from aqgt.errors import AqgtError
from aqgt.models import official, registry
from aqgt.models.exchange import parts
from aqgt.models.exchange.importing import import_model
from aqgt.models.exchange.tree import Sources, find_sources, variant_in
from aqgt.models.generator import GestureGenerator
from tests.models.checkpoints.published import SPEAKERS
from tests.models.exchange import originals
from tests.models.exchange.conftest import contents
from tests.models.exchange.originals import Weights


def test_the_folder_of_an_imported_model(imported: Path, models: Path) -> None:
    assert imported == models / "aqgt-a"
    assert [path.name for path in models.iterdir()] == ["aqgt-a"], "nothing else is left"
    assert {path.name for path in imported.iterdir()} == {
        "config.yaml", "model.safetensors", "audio_vq.safetensors", "means.safetensors", "speakers.json",
        "card.md", "hashes.json",
    }  # fmt: skip
    info = registry.describe("aqgt-a")
    assert (info.name, info.licence, info.commercial_use) == ("aqgt-a", "CC-BY-NC-3.0", False)
    assert "CC-BY-NC-3.0" in info.card
    assert len({path.stat().st_mode & 0o777 for path in imported.iterdir()}) == 1


def test_weights_and_statistics_come_over_unchanged(imported: Path, small_generator: Weights) -> None:
    generator = GestureGenerator(registry.read_config(imported / registry.CONFIG))
    registry.load_weights(generator, imported / registry.WEIGHTS)
    found = official.state_under_official_names("generator", generator)
    assert found.keys() == small_generator.keys()
    assert all(torch.equal(found[name], value) for name, value in small_generator.items())
    assert {value.dtype for value in load_file(imported / registry.WEIGHTS).values()} <= {
        torch.float32,
        torch.int64,
    }
    pose, directions = originals.means()
    np.testing.assert_array_equal(generator.pose_mean.numpy(), directions.astype(np.float32))
    assert torch.equal(generator.pose_std, torch.ones(53, 3))
    for kept, given in zip(parts.read_saved_means(imported), (pose, directions), strict=True):
        np.testing.assert_array_equal(kept, given)


def test_the_rest_pose_has_the_means_directions_and_the_models_lengths(imported: Path) -> None:
    generator = GestureGenerator(registry.read_config(imported / registry.CONFIG))
    registry.load_weights(generator, imported / registry.WEIGHTS)
    rest, mean = generator.rest_pose.double().numpy(), originals.means()[1]
    lengths = skeleton.OFFICIAL_LENGTHS[1:]
    np.testing.assert_allclose(np.linalg.norm(rest[1:], axis=-1), lengths, rtol=1e-5)
    assert not rest[0].any()
    told = np.linalg.norm(mean, axis=-1) > 0
    told[0] = False
    np.testing.assert_allclose(
        rest[told] / np.linalg.norm(rest[told], axis=-1, keepdims=True),
        mean[told] / np.linalg.norm(mean[told], axis=-1, keepdims=True),
        atol=1e-5,
    )


def test_the_audio_vq_is_that_of_the_file(imported: Path) -> None:
    found = official.state_under_official_names("audio_vq", parts.load_part(imported, "audio_vq"))
    given = originals.weights("audio_vq")
    assert found.keys() == given.keys()
    assert all(torch.equal(found[name], value) for name, value in given.items())


def test_speakers_of_the_vocabulary_or_else_of_the_checkpoint(original: Path, models: Path) -> None:
    sources = find_sources(original, "aqgt-a")
    report = import_model(sources, "with-file")
    assert parts.read_saved_speakers(report.folder) == {"one": 0, "two": 2}
    assert any("1 speakers have numbers above 2" in note for note in report.notes)
    report = import_model(replace(sources, speakers=None), "without")
    assert parts.read_saved_speakers(report.folder) == SPEAKERS


def test_sources_and_files_are_hashed(imported: Path, original: Path) -> None:
    hashes = json.loads((imported / "hashes.json").read_text(encoding="utf-8"))
    digest = {name: hashlib.sha256(blob).hexdigest() for name, blob in contents(imported).items()}
    del digest["hashes.json"]
    assert hashes["files"] == digest
    checkpoint = (original / originals.GENERATOR).read_bytes()
    line = {
        "part": "generator",
        "file": "aqgt-a_checkpoint.ckpt",
        "sha256": hashlib.sha256(checkpoint).hexdigest(),
    }
    assert line in hashes["source"]
    assert len(hashes["source"]) == 4


def test_the_same_files_make_the_same_folder(imported: Path, original: Path, tmp_path: Path) -> None:
    again = import_model(find_sources(original, "aqgt-a"), "aqgt-a", to=tmp_path / "elsewhere").folder
    assert again == tmp_path / "elsewhere" / "aqgt-a"
    assert contents(again) == contents(imported)


@pytest.mark.parametrize("zipped", [True, False])
def test_older_names_and_older_files(
    original: Path, small_generator: Weights, models: Path, tmp_path: Path, zipped: bool
) -> None:
    older = {}
    for name, value in small_generator.items():
        first, _, rest = name.partition(".")
        older[f"{originals.OLD_NAMES.get(first, first)}.{rest}" if rest else name] = value
    assert any(name.startswith("gru3.") for name in older)
    path = originals.save_generator(tmp_path / "older.ckpt", older, None, zipped=zipped)
    sources = replace(find_sources(original, "aqgt-a"), generator=path)
    folder = import_model(sources, "older").folder
    generator = GestureGenerator(registry.read_config(folder / registry.CONFIG))
    registry.load_weights(generator, folder / registry.WEIGHTS)
    found = official.state_under_official_names("generator", generator)
    assert all(torch.equal(found[name], value) for name, value in small_generator.items())


def test_the_files_may_go_away(original: Path, models: Path) -> None:
    folder = import_model(find_sources(original, "aqgt-a"), "aqgt-a").folder
    for path in original.rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    assert parts.load_part(folder, "audio_vq")


def test_parts_are_added_to_a_model(imported: Path, tmp_path: Path) -> None:
    before = contents(imported)
    path = originals.save_single(tmp_path / "annotation_model.bin", originals.weights("annotation_model"))
    report = import_model(Sources(annotation=path), "aqgt-a")
    after = contents(imported)
    assert after.keys() - before.keys() == {"annotation_model.safetensors"}
    assert all(after[name] == blob for name, blob in before.items() if name != "hashes.json")
    hashes = json.loads(after["hashes.json"])
    assert [line["part"] for line in hashes["source"]].count("audio_vq") == 1
    assert hashes["files"].keys() == after.keys() - {"hashes.json"}
    assert [part.part for part in report.parts] == ["annotation_model"]


@pytest.mark.parametrize("pickled", [False, True])
def test_encoders_are_copied_without_their_code(imported: Path, tmp_path: Path, pickled: bool) -> None:
    encoders = {
        part: originals.save_encoder(tmp_path / part, part, pickled=pickled) for part in parts.ENCODER_PARTS
    }
    report = import_model(Sources(**encoders), "aqgt-a")
    for part, source in encoders.items():
        assert {path.name for path in (imported / part).iterdir()} == {
            "config.json",
            "vocab.txt",
            "model.safetensors",
        }
        copied = load_file(imported / part / "model.safetensors")
        given = (
            torch.load(source / "pytorch_model.bin", weights_only=True)
            if pickled
            else load_file(source / "model.safetensors")
        )
        assert copied.keys() == given.keys()
        assert all(torch.equal(copied[name], value) for name, value in given.items())
    assert any("modeling_custom.py" in note for note in report.notes)


def test_progress_runs_from_nothing_to_all(original: Path, models: Path) -> None:
    shares: list[float] = []
    import_model(find_sources(original, "aqgt-a"), "aqgt-a", on_progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) >= 4


def test_replacing_a_model(imported: Path, original: Path) -> None:
    sources = find_sources(original, "aqgt-a")
    with pytest.raises(AqgtError, match="already") as caught:
        import_model(sources, "aqgt-a")
    assert "--replace" in caught.value.next_step
    (imported / "own.txt").write_text("mine")
    import_model(sources, "aqgt-a", replace=True)
    assert not (imported / "own.txt").exists()
    assert [path.name for path in imported.parent.iterdir()] == ["aqgt-a"]


def test_which_variant_is_meant(tmp_path: Path) -> None:
    assert variant_in(None, "aqgt") == "aqgt"
    assert variant_in(tmp_path, "mine") == "aqgt-a"
    (tmp_path / "pretrained").mkdir()
    (tmp_path / "pretrained" / "aqgt_checkpoint.ckpt").write_bytes(b"")
    assert variant_in(tmp_path, "mine") == "aqgt"
    (tmp_path / originals.GENERATOR).write_bytes(b"")
    assert variant_in(tmp_path, "mine") == "aqgt-a"
    assert find_sources(tmp_path, "aqgt").generator == tmp_path / "pretrained" / "aqgt_checkpoint.ckpt"


def test_files_without_the_tree_are_found(original: Path, models: Path, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in original.rglob("*"):
        if path.is_file():
            path.rename(flat / path.name)
    assert variant_in(flat, "mine") == "aqgt-a"
    found = find_sources(flat, "aqgt-a")
    assert found.given().keys() == {"generator", "audio_vq", "means", "speakers"}
    assert {path.parent for path in found.given().values()} == {flat}


def test_a_discriminator_of_another_kind_is_left_out(
    original: Path, small_generator: Weights, models: Path, tmp_path: Path
) -> None:
    other = {"gru.weight": torch.ones(3)}
    path = originals.save_generator(tmp_path / "other.ckpt", small_generator, other)
    report = import_model(replace(find_sources(original, "aqgt-a"), generator=path), "aqgt-a")
    assert any("discriminator was left out" in note for note in report.notes)
    assert not (report.folder / "discriminator.safetensors").exists()
    assert (report.folder / "model.safetensors").exists()
