# SPDX-License-Identifier: GPL-3.0-or-later
"""ELAN files of SaGA as the 17 channels: tiers and their misspellings, word lists, times."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import numpy as np
import pytest

from aqgt.annotation_channels import CHANNEL_BY_KEY
from aqgt.errors import AqgtError
from aqgt.formats.elan import write_elan
from aqgt.formats.intervals import Interval
from aqgt.formats.npz import write_npz
from aqgt.models.rest_pose import rest_pose
from aqgt.motion import Motion
from aqgt_training.corpora import saga
from aqgt_training.corpora.clip_lmdb import ClipReader
from aqgt_training.corpora.importing import ImportOptions
from aqgt_training.corpora.published.annotations import value_of
from aqgt_training.corpora.saga_corpus import annotated_recordings, import_saga

SHARED = Path(os.environ.get("AQGT_SHARED") or Path(__file__).resolve().parents[4] / "shared")
VECTORS = SHARED / "vectors" / "evaluation" / "aqgt_text_subtitles.json"


def tiers(
    *, speech: str = "R.S.Semantic Feature", left: str = "R.G.Left Semantic"
) -> dict[str, list[Interval]]:
    def words(text: str, start: float) -> list[Interval]:
        return [
            Interval(word, start + 0.3 * n, start + 0.3 * n + 0.25) for n, word in enumerate(text.split())
        ]

    return {
        "R.S.Form": [*words("dann siehst du links die Kirche", 0.5), *words("mit der Treppe davor", 5.0)],
        speech: [Interval("shape", 1.4, 2.4), Interval("shape", 5.2, 5.9)],
        left: [Interval("position", 1.5, 2.2)],
        "R.G.Right Semantic": [],
        "R.G.Left.Phase": [
            Interval("prep", 1.0, 1.2),
            Interval("stroke ", 1.2, 2.0),
            Interval("retr", 2.0, 2.2),
        ],
        "R.G.Left.Phrase": [Interval("iconic", 1.0, 2.2), Interval("", 3.0, 3.5)],
        "R.G.Right.Phrase": [
            Interval("deictic-beat", 4.0, 5.0),
            Interval("beat", 4.5, 5.5),
            Interval("gruß", 7, 8),
        ],
        "R.G.Left.HandShapeShape": [Interval("B_spread", 1.0, 2.2)],
        "R.G.Left.WristDistance": [Interval("D-EK", 1.0, 2.2)],
        "R.G.Left.Extent": [Interval("LARGE", 1.0, 2.2)],
        "R.G.Left.Practice": [Interval("drawing-modelling", 1.0, 2.2)],
        "F.G.Left.Phrase": [Interval("beat", 0.0, 9.0)],
    }


def eaf(folder: Path, name: str = "V1", **changes: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_elan(folder / f"{name}.eaf", tiers(**changes))
    return folder / f"{name}.eaf"


def row(track: np.ndarray, channel: str) -> np.ndarray:
    return track[CHANNEL_BY_KEY[channel].index]


@pytest.mark.parametrize(
    "changes",
    [{}, {"speech": "R.S.Sematic Feature"}, {"left": "R.G.Left Semactic "}, {"left": "r.g.left semantic"}],
)
def test_tiers_become_channels_however_they_are_spelt(changes: dict[str, str], tmp_path: Path) -> None:
    found = saga.read_saga(eaf(tmp_path, **changes))
    track = found.track(225, 25.0).values
    seconds = np.arange(225) / 25
    during = (seconds >= 1.0) & (seconds <= 2.2)
    assert set(row(track, "phase_left")[(seconds > 1.21) & (seconds < 1.99)]) == {2}
    assert set(row(track, "phrase_left")[during]) == {2}
    assert set(row(track, "phrase_left")[~during]) == {0}
    for channel, value in (("shape", 1), ("wrist", 2), ("extent", 4), ("practice", 4)):
        assert set(row(track, f"{channel}_left")[during]) == {value}
        assert set(row(track, f"{channel}_right")) == {0}
    # Of two that overlap the first in the file counts.
    assert set(row(track, "phrase_right")[(seconds > 4.5) & (seconds <= 5.0)]) == {3}
    assert set(row(track, "phrase_right")[(seconds > 5.01) & (seconds <= 5.5)]) == {1}
    # “Kirche” is said half a second about the interval, “links” a whole one.
    assert set(row(track, "entity")[(seconds > 1.41) & (seconds < 2.39)]) == {5}
    assert set(row(track, "entity")[(seconds > 5.21) & (seconds < 5.89)]) == {3}
    assert set(row(track, "position_left")[(seconds > 1.51) & (seconds < 2.19)]) == {1}
    assert set(row(track, "position_speech")[(seconds > 5.21) & (seconds < 5.89)]) == {4}
    occurrence = row(track, "occurrence")
    assert 0.9 < occurrence[45] <= 1
    assert 0 < occurrence[33] < 0.3
    assert found.unknown == {"phrase_right: gruß": 1}
    assert "R.G.Right.Phase" in found.missing
    assert [word.text for word in found.words][:3] == ["dann", "siehst", "du"]


def test_the_first_frame_is_the_first(tmp_path: Path) -> None:
    write_elan(tmp_path / "a.eaf", {"R.G.Left.Phase": [Interval("stroke", 0.0, 0.04)]})
    phase = row(saga.read_saga(tmp_path / "a.eaf").track(10, 25.0).values, "phase_left")
    assert list(phase) == [2, 2] + [0] * 8


@pytest.mark.skipif(not VECTORS.is_file(), reason=f"there is no file {VECTORS}")
def test_examples_of_the_published_word_lists() -> None:
    for case in json.loads(VECTORS.read_text(encoding="utf-8"))["position_entity"]:
        assert saga.position_of(case["words"]) == case["position"]
        assert saga.entity_of(case["words"]) == case["entity"]


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_word_means_one_thing_that_has_a_number(language: str) -> None:
    lists = tomllib.loads((Path(saga.__file__).parent / "data" / "saga_words.toml").read_text())
    for kind, channel in (("entity", "entity"), ("position", "position_speech")):
        words = [word for each in lists[kind][language].values() for word in each]
        assert len(words) == len(set(words))
        assert all(value_of(channel, name) > 0 for name in lists[kind][language] if name != "weg")
    assert len(lists["entity"][language]) == 18
    assert list(lists["position"]["en"]) == list(lists["position"]["de"])


def test_translated_speech(tmp_path: Path) -> None:
    path = eaf(tmp_path)
    lines = "RS;500;2300;then you see the church on the left\nFS;0;100;yes\nRS;5000;6200;with stairs\n"
    (tmp_path / "en.txt").write_text(lines)
    found = saga.read_saga(path, "en", tmp_path / "en.txt")
    assert [word.text for word in found.words][-2:] == ["with", "stairs"]
    track = found.track(225, 25.0).values
    assert row(track, "entity")[50] == 5
    assert row(track, "position_left")[50] == 1
    (tmp_path / "en.txt").write_text("RS;5;then\n")
    with pytest.raises(AqgtError, match="Line 1"):
        saga.read_saga(path, "en", tmp_path / "en.txt")
    with pytest.raises(AqgtError, match="no word lists"):
        saga.read_saga(path, "fr")


def test_a_folder_becomes_annotated_clips(tmp_path: Path) -> None:
    motion = Motion(25, np.repeat(rest_pose()[None], 225, axis=0))
    for name in ("V1", "V2"):
        eaf(tmp_path / "elan", name)
        write_npz(tmp_path / f"{name}.npz", motion)
    write_npz(tmp_path / "other.npz", motion)
    (tmp_path / "elan" / "V2.eaf").write_text("no XML")
    recordings = annotated_recordings(tmp_path)
    manifest = import_saga(recordings, tmp_path / "out", ImportOptions(without_sound=True))
    assert manifest["info"]["skipped"].keys() == {"V2"}
    assert manifest["info"]["labels_without_number"] == {"phrase_right: gruß": 1}
    again = import_saga(recordings, tmp_path / "out", ImportOptions(without_sound=True), resume=True)
    assert again["info"]["labels_without_number"] == {"phrase_right: gruß": 1}, "also what was stored before"
    with ClipReader(tmp_path / "out") as reader:
        (clip,) = list(reader)
    assert clip.annotations is not None
    assert (clip.name, clip.fps, clip.annotations.shape) == ("V1", 25, (17, 225))
    assert clip.words[0].language == "de"
    assert clip.words[5].text == "Kirche"


def test_files_without_tiers_of_saga_are_refused(tmp_path: Path) -> None:
    write_elan(tmp_path / "a.eaf", {"words": [Interval("hello", 0, 1)]})
    with pytest.raises(AqgtError, match="none of the tiers"):
        saga.read_saga(tmp_path / "a.eaf")
    with pytest.raises(AqgtError, match="no motions"):
        annotated_recordings(tmp_path)
