# SPDX-License-Identifier: GPL-3.0-or-later
"""The review page in a real browser, opened from the disk: what it shows, and what comes of a click."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from PIL import Image

from aqgt.errors import AqgtError
from aqgt.words import Word
from aqgt_training.corpora.video.building import ClipVerdict, VideoVerdict, read_decisions
from aqgt_training.corpora.video.clips import Stretch
from aqgt_training.corpora.video.review import write_review
from tests.browser import Browser, chromium

COUNT = "document.getElementById('count').textContent"
CLICK_ALL = "document.querySelectorAll('.toggle').forEach(b => b.click())"
TRIES = 20
"""Now and then a busy Chromium loses what a page stored just before it was left. Nobody leaves it so fast."""
ODD = "odd & <b>name</b></script>.mp4"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Two clips of one video, one of them rejected, one stretch without anybody, and a corrupt video."""
    folder = tmp_path / "corpus" / "videos" / "a%2Fb 1.mp4"
    (folder / "thumbnails").mkdir(parents=True)
    for frame in range(0, 300, 25):
        Image.new("RGB", (160, 90), (frame % 255, 80, 120)).save(folder / "thumbnails" / f"{frame:07d}.jpg")
    nobody = Stretch(200, 300, 0, 0, True, reasons={"nobody": "Nobody was found."})
    clips = [
        ClipVerdict("a/0000000", Stretch(0, 100, 1, 0, figures={"words": 2.0}), [Word("hello", 0, 1)], None),
        ClipVerdict("a/0000100", Stretch(100, 200, 2, 0, reasons={"words": "It has 0 words."}), [], None),
        ClipVerdict("a/0000200", nobody, [], None),
    ]  # fmt: skip
    facts = {"width": 640, "height": 360, "fps": 25.0, "thumbnail_step": 25}
    verdicts = [
        VideoVerdict("a.mp4", tmp_path / "a.mp4", folder, facts, None, ["2 people are seen."], clips),
        VideoVerdict(ODD, tmp_path / "odd.mp4", folder, problem="The video can't be used."),
    ]
    return write_review(tmp_path / "corpus", tmp_path, verdicts)


def test_the_page_holds_no_markup_of_names(page: Path) -> None:
    assert "<b>name" not in page.read_text(encoding="utf-8")


@pytest.mark.skipif(chromium() is None, reason="there is no Chromium to open the page in")
def test_clips_are_kept_and_dropped_and_saved(page: Path, tmp_path: Path) -> None:
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    with Browser(tmp_path / "profile") as browser:
        browser.open(page.as_uri(), downloads)
        text = browser.run("document.body.innerText")
        assert "1 of 3 clips kept" in text
        for shown in (
            "It has 0 words.",
            "Nobody was found.",
            "2 people are seen.",
            ODD,
            "can't be used",
            "hello",
        ):
            assert shown in text
        browser.run("document.querySelectorAll('img').forEach(i => { i.loading = 'eager' })")
        loaded = "[...document.images].map(i => i.decode().then(() => i.naturalWidth))"
        widths = browser.run(f"Promise.all({loaded})")
        assert len(widths) == 12
        assert set(widths) == {160}
        assert browser.run("[...document.querySelectorAll('.toggle')].map(b => b.disabled)") == [
            False,
            False,
            True,
        ]
        browser.run(CLICK_ALL)
        assert "2 decided by hand" in browser.run(COUNT)
        browser.run("document.querySelector('[data-show=kept]').click()")
        visible = "[...document.querySelectorAll('.clip')].filter(c => !c.hidden).map(c => c.dataset.name)"
        assert browser.run(visible) == ["a/0000100"]
        for _ in range(TRIES):
            browser.open(page.as_uri(), downloads)
            if "2 decided by hand" in browser.run(COUNT):
                break
            browser.run(CLICK_ALL)
        else:
            pytest.fail("what was clicked is forgotten when the page is opened again")
        browser.run("document.getElementById('save').click()")
        saved, limit = downloads / "decisions.json", time.monotonic() + 60
        while not saved.exists() and time.monotonic() < limit:
            time.sleep(0.1)
        assert saved.exists(), "nothing was saved"
    assert read_decisions(saved) == {"a/0000000": False, "a/0000100": True}


@pytest.mark.skipif(chromium() is None, reason="there is no Chromium to open the page in")
def test_a_click_in_another_window_counts_here_too(page: Path, tmp_path: Path) -> None:
    with Browser(tmp_path / "profile") as browser:
        browser.open(page.as_uri(), tmp_path)
        told = "dispatchEvent(new StorageEvent('storage', {key: %s, newValue: %s}))"
        browser.run(told % ("memory", json.dumps(json.dumps({"a/0000100": True}))))
        assert "2 of 3 clips kept" in browser.run(COUNT)
        browser.run(CLICK_ALL)
        assert json.loads(browser.run("localStorage.getItem(memory)")) == {"a/0000000": False}
        browser.run(told % ("'another page'", json.dumps(json.dumps({"a/0000100": True}))))
        assert "0 of 3 clips kept" in browser.run(COUNT)


def test_files_that_hold_no_decisions_say_so(tmp_path: Path) -> None:
    for content in ("{", "[]", json.dumps({"decisions": {"a": 1}})):
        (tmp_path / "decisions.json").write_text(content, encoding="utf-8")
        with pytest.raises(AqgtError, match="no decisions"):
            read_decisions(tmp_path / "decisions.json")
