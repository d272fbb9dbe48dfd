# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetching from a server on this machine: whole, continued, and refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from aqgt.errors import AqgtError
from aqgt.models.exchange import fetching
from aqgt.models.exchange.downloads import download
from aqgt.models.exchange.fetching import Source
from aqgt.settings import check_settings
from tests.models.exchange import originals
from tests.models.exchange.conftest import contents
from tests.models.exchange.hub import Hub, serving

FILES = ("config.json", "vocab.txt", "model.safetensors")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with serving(originals.save_encoder(tmp_path / "served", "bert")) as running:
        yield running


def source(hub: Hub, **changes: object) -> Source:
    raw = {
        "title": "BERT",
        "part": "bert",
        "url": hub.address,
        "files": FILES,
        "licence": "Apache-2.0",
        "licence_url": "http://127.0.0.1/",
        **changes,
    }
    return check_settings(raw, Source, "test")


def test_all_files_come_and_no_others(hub: Hub, models: Path) -> None:
    progress: list[tuple[str, int, int | None]] = []
    folder = fetching.fetch("bert", source(hub), lambda *step: progress.append(step))
    served = contents(hub.folder)
    assert contents(folder) == {name: served[name] for name in FILES}
    assert progress[-1] == (
        "model.safetensors",
        len(served["model.safetensors"]),
        len(served["model.safetensors"]),
    )
    assert fetching.fetch("bert", source(hub)) == folder
    assert len([name for name, _ in hub.requests if name == "config.json"]) == 1, "not fetched again"


def test_a_dropped_connection_is_taken_up_where_it_ended(hub: Hub, models: Path) -> None:
    hub.cut_after = 60
    with pytest.raises(AqgtError, match="could not be downloaded") as caught:
        fetching.fetch("bert", source(hub))
    assert "60 bytes are kept" in caught.value.next_step
    part = models / "downloads" / "bert" / "model.safetensors.part"
    assert part.stat().st_size == 60
    assert not part.with_name("model.safetensors").exists()
    folder = fetching.fetch("bert", source(hub))
    assert hub.requests[-1] == ("stored/model.safetensors", "bytes=60-")
    assert contents(folder).items() <= contents(hub.folder).items()
    assert not part.exists()


def test_a_server_that_can_not_continue_sends_all_again(hub: Hub, models: Path) -> None:
    hub.cut_after, hub.ranges = 60, False
    with pytest.raises(AqgtError, match="could not be downloaded"):
        fetching.fetch("bert", source(hub))
    folder = fetching.fetch("bert", source(hub))
    assert contents(folder).items() <= contents(hub.folder).items()


def test_a_file_that_was_whole_but_for_its_name(hub: Hub, tmp_path: Path) -> None:
    whole = (hub.folder / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors.part").write_bytes(whole)
    download(f"{hub.address}model.safetensors", tmp_path / "model.safetensors")
    assert (tmp_path / "model.safetensors").read_bytes() == whole


@pytest.mark.parametrize("who", ["the list", "the server"])
def test_another_checksum_is_refused_and_the_file_removed(hub: Hub, models: Path, who: str) -> None:
    hub.wrong_hashes = who == "the server"
    listed = source(hub, sha256={} if hub.wrong_hashes else {"model.safetensors": "0" * 64})
    with pytest.raises(AqgtError, match="SHA-256") as caught:
        fetching.fetch("bert", listed)
    assert caught.value.code == "wrong-hash"
    assert not [name for name in contents(models) if "safetensors" in name]


def test_the_right_checksum_in_the_list_wins(hub: Hub, models: Path) -> None:
    import hashlib

    hub.wrong_hashes = True
    right = hashlib.sha256((hub.folder / "model.safetensors").read_bytes()).hexdigest().upper()
    assert fetching.fetch("bert", source(hub, sha256={"model.safetensors": right}))


def test_what_is_not_there_and_who_is_not_there(hub: Hub, models: Path) -> None:
    with pytest.raises(AqgtError, match="404"):
        fetching.fetch("bert", source(hub, files=(*FILES, "none.json")))
    with pytest.raises(AqgtError, match="could not be downloaded"):
        fetching.fetch("other", source(hub, url="http://127.0.0.1:9/"))


def test_another_network_than_it_says(hub: Hub, models: Path) -> None:
    with pytest.raises(AqgtError, match="of the type 'bert', not wav2vec2"):
        fetching.fetch("bert", source(hub, part="wav2vec2"))


def test_only_web_addresses(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    with pytest.raises(AqgtError, match="no web address"):
        download((tmp_path / "secret").as_uri(), tmp_path / "copy")


def test_what_was_fetched_becomes_a_part(hub: Hub, imported: Path, models: Path) -> None:
    folder = fetching.fetch("bert", source(hub))
    fetching.put_into("aqgt-a", source(hub), folder)
    served = contents(hub.folder)
    assert contents(imported / "bert") == {name: served[name] for name in FILES}
    assert not folder.exists()
    with pytest.raises(AqgtError, match="none of the published"):
        fetching.check_model("compact")


def test_the_projects_own_list() -> None:
    sources = fetching.read_sources()
    assert {"wav2vec2-base-960h", "bert-base-uncased", "aqgt-a", "aqgt"} <= sources.keys()
    assert {source.part for source in sources.values() if source.files} == {"wav2vec2", "bert"}
    assert all(source.licence and source.licence_url for source in sources.values())
    assert all(source.then for source in sources.values() if source.steps)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"files": ["../model"]}, "files"),
        ({"files": []}, "either files or steps"),
        ({"steps": ["by hand"]}, "either files or steps"),
        ({"url": "ftp://a/"}, "url"),
        ({"url": None}, "need a url"),
        ({"sha256": {"other.bin": "0" * 64}}, "none of the files"),
        ({"sha256": {"vocab.txt": "12"}}, "sha256"),
    ],
)
def test_lists_that_are_not_taken(
    hub: Hub, tmp_path: Path, changes: dict[str, object], sentence: str
) -> None:
    raw = source(hub).model_dump(mode="json")
    path = tmp_path / "sources.yaml"
    path.write_text(yaml.safe_dump({"bert": {**raw, **changes}}))
    with pytest.raises(AqgtError, match=sentence):
        fetching.source_named("bert", path)


def test_a_name_that_is_not_listed() -> None:
    with pytest.raises(AqgtError, match="nothing to fetch") as caught:
        fetching.source_named("gpt")
    assert "bert-base-uncased" in caught.value.next_step
