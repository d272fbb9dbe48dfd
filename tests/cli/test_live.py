# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt live` and its page, and several presets through an engine at the same time."""

from __future__ import annotations

import http.client
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import av
import numpy as np
import pytest

from aqgt.cli.live_view import LiveView
from aqgt.cli.own_engine import own_engine
from aqgt.formats.npz import read_npz
from aqgt.skeleton import HUMAN_LENGTHS

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    with own_engine() as address:
        yield address


def test_a_file_is_sent_at_its_pace_and_drawn(
    aqgt: Run, engine: str, voice: Path, transcript: Path, tmp_path: Path
) -> None:
    began = time.monotonic()
    npz, mp4 = tmp_path / "a.npz", tmp_path / "a.mp4"
    command = ["live", voice, "--text", transcript, "--model", "debug", "--engine", engine]
    outcome = aqgt(*command, "-o", npz, "--video", mp4)
    assert outcome.code == 0, outcome.err
    assert time.monotonic() - began > 2.9
    record = read_npz(npz)
    assert record.motion.duration == pytest.approx(2.99, abs=0.07)
    assert [word.text.lower() for word in record.words][:3] == ["he", "was", "not"]
    assert record.provenance["settings"]["live"] is True
    with av.open(str(mp4)) as video:
        assert {stream.type for stream in video.streams} == {"video", "audio"}
    found = re.search(r"arrival: (\d+) ms", outcome.err)
    assert found is not None, outcome.err
    assert int(found[1]) > 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--microphone"),
        (["x.wav", "--microphone"], "--microphone"),
        (["--microphone", "--text", "x.txt"], "--text"),
        (["missing.wav"], "missing.wav"),
    ],
)
def test_what_makes_no_sense_is_told(aqgt: Run, arguments: list[str], says: str) -> None:
    outcome = aqgt("live", *arguments)
    assert outcome.code == 2
    assert says in outcome.err


def test_a_missing_microphone_package_is_named(
    aqgt: Run, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    outcome = aqgt("live", "--microphone", "--model", "debug", "--engine", engine)
    assert outcome.code == 2
    assert "aqgt[live]" in outcome.err


def test_the_page_gets_frames_and_the_end_and_nobody_else_does() -> None:
    view = LiveView(15.0, HUMAN_LENGTHS, 2.4)
    url = urlsplit(view.address)
    assert url.hostname == "127.0.0.1"
    view.show(0, np.ones((30, 53, 3), np.float32))
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    connection.request("GET", "/")
    assert b"EventSource" in connection.getresponse().read()
    stranger = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    stranger.request("GET", "/frames", headers={"Host": "evil.example:80"})
    assert stranger.getresponse().status == 403
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    connection.request("GET", "/frames")
    stream = connection.getresponse()

    def event() -> dict[str, Any]:
        line = stream.readline()
        while not line.startswith(b"data: "):
            line = stream.readline()
        return json.loads(line[6:])

    assert event()["fps"] == 15.0
    assert event()["start"] == 0
    view.show(30, np.ones((2, 53, 3), np.float32))
    later = event()
    assert later["start"] == 30
    assert np.shape(later["frames"]) == (2, 106)
    view.close()
    assert event() == {}
    assert stream.read() == b"\n"


def test_presets_are_made_at_the_same_time(aqgt: Run, engine: str, voice: Path, tmp_path: Path) -> None:
    presets = ["original", "always-deictic", "always-beat", "no-gestures"]
    command = ["generate", voice, "--model", "debug", "--engine", engine, "-o", tmp_path / "m.npz"]
    outcome = aqgt(*command, *[part for name in presets for part in ("--preset", name)])
    assert outcome.code == 0, outcome.err
    records = [read_npz(tmp_path / f"m-{name}.npz") for name in presets]
    assert not np.array_equal(records[0].motion.bone_vectors, records[1].motion.bone_vectors)
    # Jobs that wait together run together; the first may have found the engine idle.
    assert [record.provenance["deterministic"] for record in records].count(False) >= 2


def test_one_bad_preset_ends_them_all_with_its_reason(aqgt: Run, engine: str, voice: Path) -> None:
    command = ["generate", voice, "--model", "debug", "--engine", engine, "-o", "m.npz"]
    outcome = aqgt(*command, "--preset", "original", "--preset", "nonsense")
    assert outcome.code == 2
    assert "nonsense" in outcome.err
