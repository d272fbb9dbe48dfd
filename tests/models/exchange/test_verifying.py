# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole models are told from changed and from incomplete ones, without a checksum at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from aqgt.errors import AqgtError
from aqgt.models.exchange import verifying
from aqgt.models.exchange.hashes import write_hashes
from aqgt.models.exchange.importing import import_model
from aqgt.models.exchange.tree import Sources
from aqgt.models.exchange.verifying import lacks, verify
from aqgt.models.registry import read_config
from tests.models.exchange import originals


@pytest.fixture
def complete(imported: Path, tmp_path: Path) -> Path:
    pytest.importorskip("transformers")
    encoders = {part: originals.save_encoder(tmp_path / part, part) for part in ("wav2vec2", "bert")}
    import_model(Sources(**encoders), "aqgt-a")
    return imported


def test_a_complete_model(complete: Path) -> None:
    found = verify("aqgt-a")
    assert found.parts == ("audio_vq", "wav2vec2", "bert")
    assert found.hashed
    assert verify("aqgt-a", found.sha256.upper()) == found
    with pytest.raises(AqgtError, match="have the SHA-256"):
        verify("aqgt-a", "0" * 64)


def test_what_was_loaded_from_the_hub_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub")
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path))
    assert not verifying._is_cached("facebook/wav2vec2-base-960h")
    assert not verifying._is_cached(str(tmp_path / "no" / "hub" / "name"))
    cached = tmp_path / "models--facebook--wav2vec2-base-960h"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text("0123abc")
    (cached / "snapshots" / "0123abc").mkdir(parents=True)
    (cached / "snapshots" / "0123abc" / "config.json").write_text("{}")
    assert verifying._is_cached("facebook/wav2vec2-base-960h")


def test_what_is_missing_comes_with_its_command(imported: Path) -> None:
    (imported / "audio_vq.safetensors").unlink()
    write_hashes(imported, [])
    with pytest.raises(AqgtError, match="not complete") as caught:
        verify("aqgt-a")
    commands = caught.value.next_step.splitlines()
    assert "Add it: aqgt models import --name aqgt-a --audio-vq FILE" in commands
    assert "Add it: aqgt models fetch wav2vec2-base-960h --into aqgt-a" in commands
    assert "Add it: aqgt models fetch bert-base-uncased --into aqgt-a" in commands


def test_folders_named_in_the_config_are_enough(imported: Path, tmp_path: Path) -> None:
    config = read_config(imported / "config.yaml")
    assert config.published is not None
    folder = originals.save_encoder(tmp_path / "own", "bert")
    named = config.model_copy(update={"published": config.published.model_copy(update={"bert": str(folder)})})
    missing = [lack.sentence for lack in lacks(imported, named)]
    assert not any("bert" in sentence for sentence in missing)
    assert any("wav2vec2" in sentence for sentence in missing)


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte": (
        lambda folder: flip(folder / "audio_vq.safetensors"),
        r"not as it was imported: audio_vq\.safetensors was changed",
    ),
    "the config": (
        lambda folder: (folder / "config.yaml").write_text((folder / "config.yaml").read_text() + "\n"),
        r"config\.yaml was changed",
    ),
    "a part gone": (lambda folder: (folder / "speakers.json").unlink(), r"speakers\.json is missing"),
    "an encoder's file gone": (
        lambda folder: (folder / "bert" / "vocab.txt").unlink(),
        r"bert/vocab\.txt is missing",
    ),
    "the list damaged": (
        lambda folder: (folder / "hashes.json").write_text("[]"),
        r"hashes\.json” is damaged",
    ),
    "another network, list renewed": (
        lambda folder: (swap(folder), write_hashes(folder, [])),
        r"audio_vq\.safetensors don't fit",
    ),
}


def flip(path: Path) -> None:
    blob = bytearray(path.read_bytes())
    blob[-1] ^= 1
    path.write_bytes(blob)


def swap(folder: Path) -> None:
    tensors = load_file(folder / "audio_vq.safetensors")
    save_file({f"x.{name}": value for name, value in tensors.items()}, folder / "audio_vq.safetensors")


@pytest.mark.parametrize("change", CHANGES)
def test_changes_are_named(complete: Path, change: str) -> None:
    alter, sentence = CHANGES[change]
    alter(complete)
    with pytest.raises(AqgtError, match=sentence):
        verify("aqgt-a")


def test_a_model_without_a_list_of_hashes(complete: Path) -> None:
    (complete / "hashes.json").unlink()
    assert not verify("aqgt-a").hashed
