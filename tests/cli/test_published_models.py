# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt models import | fetch | export-official | show | list | verify` as typed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.models.exchange import originals
from tests.models.exchange.conftest import (  # fixtures
    contents,
    models,
    original,
    small_generator,
)
from tests.models.exchange.hub import Hub, serving

__all__ = ["models", "original", "small_generator"]
Run = Callable[..., Any]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with serving(originals.save_encoder(tmp_path / "served", "bert")) as running:
        yield running


@pytest.fixture
def sources(hub: Hub, tmp_path: Path) -> Path:
    """A list of sources that names the server on this machine."""
    source = {
        "title": "BERT of this machine",
        "part": "bert",
        "url": hub.address,
        "files": ["config.json", "vocab.txt", "model.safetensors"],
        "licence": "Apache-2.0",
        "licence_url": "http://127.0.0.1/licence",
    }
    path = tmp_path / "sources.yaml"
    path.write_text(yaml.safe_dump({"bert": source}))
    return path


def test_import_show_list_verify_export(aqgt: Run, original: Path, models: Path, tmp_path: Path) -> None:
    outcome = aqgt("models", "import", "--root", original, "--name", "aqgt-a")
    assert outcome.code == 0, outcome.err
    for text in (
        "generator",
        "audio_vq",
        "aqgt-a_checkpoint.ckpt",
        "licence CC-BY-NC-3.0, commercial use: no",
    ):
        assert text in outcome.out
    assert str(models / "aqgt-a") in outcome.out
    assert "aqgt models fetch bert-base-uncased --into aqgt-a" in outcome.err

    shown = aqgt("models", "show", "aqgt-a").out
    assert "commercial use: no" in shown
    assert "imported audio_vq from vqvae_audio.ckpt" in shown
    assert "0 one, 2 two" in shown
    assert "H. Voß and S. Kopp" in shown

    listed = aqgt("models", "list")
    assert any(
        "aqgt-a" in line and "CC-BY-NC-3.0" in line and " no " in line for line in listed.out.splitlines()
    )
    assert "aqgt-a is not complete" in listed.err

    verified = aqgt("models", "verify", "aqgt-a")
    assert verified.code != 0
    assert "wav2vec2" in verified.err
    assert "aqgt models fetch wav2vec2-base-960h --into aqgt-a" in verified.err

    exported = aqgt("models", "export-official", "aqgt-a", "-o", tmp_path / "out")
    assert exported.code == 0, exported.err
    assert originals.GENERATOR in exported.out
    assert (tmp_path / "out" / originals.GENERATOR).is_file()


def test_import_by_single_files_and_adding_one(aqgt: Run, original: Path, tmp_path: Path) -> None:
    place = ("--to", tmp_path / "here", "--name", "mine")
    first = aqgt(
        "models", "import", *place, "--generator", original / originals.GENERATOR, "--means",
        original / originals.MEANS,
    )  # fmt: skip
    assert first.code == 0, first.err
    assert "--audio-vq FILE" in first.err
    added = aqgt("models", "import", *place, "--audio-vq", original / originals.AUDIO_VQ)
    assert added.code == 0, added.err
    assert (tmp_path / "here" / "mine" / "audio_vq.safetensors").is_file()


def test_refusals_are_sentences(aqgt: Run, original: Path, models: Path) -> None:
    for arguments, sentence in (
        (("--root", original / "none"), "There is no folder"),
        (("--root", original, "--name", "compact"), "would be found instead"),
        (("--root", original, "--variant", "b"), "no variant"),
        (
            ("--root", original, "--generator", original / originals.AUDIO_VQ),
            "holds no weights of the network",
        ),
    ):
        outcome = aqgt("models", "import", *arguments)
        assert outcome.code == 2
        assert sentence in outcome.err
        assert "Traceback" not in outcome.err
        assert not models.exists() or not list(models.iterdir())


def test_nothing_is_fetched_without_the_licence(aqgt: Run, hub: Hub, sources: Path, models: Path) -> None:
    outcome = aqgt("models", "fetch", "bert", "--sources", sources)
    assert outcome.code == 2
    assert "Apache-2.0" in outcome.err
    assert "nothing was fetched" in outcome.err
    assert not hub.requests
    assert not models.exists()


@pytest.mark.parametrize(("answer", "fetched"), [("y", True), ("n", False), ("", False)])
def test_a_person_is_asked(
    aqgt: Run,
    hub: Hub,
    sources: Path,
    models: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    fetched: bool,
) -> None:
    typed = io.StringIO(f"{answer}\n")
    monkeypatch.setattr(typed, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin", typed)
    outcome = aqgt("models", "fetch", "bert", "--sources", sources)
    assert "Do you accept it?" in outcome.err
    assert (outcome.code == 0) == fetched
    assert bool(hub.requests) == fetched


def test_fetching_into_a_model(aqgt: Run, hub: Hub, sources: Path, original: Path, models: Path) -> None:
    before = aqgt("models", "fetch", "bert", "--sources", sources, "--accept-licence", "--into", "aqgt-a")
    assert before.code == 2
    assert not hub.requests, "the model is asked for first"
    aqgt("models", "import", "--root", original)
    hub.cut_after = 60
    cut = aqgt("models", "fetch", "bert", "--sources", sources, "--accept-licence", "--into", "aqgt-a")
    assert cut.code == 2
    assert "60 bytes are kept" in cut.err
    outcome = aqgt("models", "fetch", "bert", "--sources", sources, "--accept-licence", "--into", "aqgt-a")
    assert outcome.code == 0, outcome.err
    assert contents(models / "aqgt-a" / "bert").keys() == {"config.json", "vocab.txt", "model.safetensors"}
    assert not (models / "downloads" / "bert").exists()


def test_fetching_beside_the_models(aqgt: Run, sources: Path, models: Path) -> None:
    outcome = aqgt("models", "fetch", "bert", "--sources", sources, "--accept-licence")
    assert outcome.code == 0, outcome.err
    assert f"--bert {models / 'downloads' / 'bert'}" in outcome.err
    assert "bert" not in aqgt("models", "list").out, "a download is no model"


def test_what_a_person_has_to_fetch(aqgt: Run, models: Path) -> None:
    outcome = aqgt("models", "fetch", "aqgt-a")
    assert outcome.code == 0
    for text in (
        "sciebo.de",
        "README",
        "means.p",
        "CC-BY-NC-3.0",
        "aqgt models import --root original --name aqgt-a",
    ):
        assert text in outcome.out
    assert not models.exists()
    listed = aqgt("models", "fetch")
    assert "wav2vec2-base-960h" in listed.out
    assert "by hand" in listed.out
