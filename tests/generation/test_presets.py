# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped presets do to a track what their description says, written here as rows and stored values."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aqgt import resources
from aqgt.generation.conditioning import condition
from aqgt.generation.presets import load_preset, preset_names
from aqgt.protocol.messages import SAMPLE_RATE, GenerateRequest
from aqgt.words import Word

EMBEDDINGS = (20, 1, 6, 6, 9, 9, 14, 14, 14, 21, 21, 7, 7, 6, 6, 15, 15)
PHASE, PHRASE, HANDS_AND_SPEECH, EXTENT = (2, 3), (4, 5), (6, 7, 8), (13, 14)
ALL = tuple(range(17))

# Rows, the stored value that is replaced (None: any), the stored value it becomes.
Rules = list[tuple[tuple[int, ...], int | None, int]]
EFFECTS: dict[str, Rules] = {
    "original": [],
    "always-iconic": [(PHRASE, None, 2), (PHASE, None, 2)],
    "always-deictic": [(PHRASE, None, 3), (PHASE, None, 2)],
    "always-beat": [(PHRASE, None, 1), (PHASE, None, 2)],
    "always-stroke": [(PHASE, None, 2)],
    "always-preparation": [(PHASE, None, 1)],
    "phrase-beat": [(PHRASE, None, 1)],
    "phrase-iconic": [(PHRASE, None, 2)],
    "phrase-deictic": [(PHRASE, None, 3)],
    "no-gestures": [(PHASE + PHRASE, None, 0)],
    "left-hand-only": [((3, 5), None, 0)],
    "right-hand-only": [((2, 4), None, 0)],
    "position-left": [(HANDS_AND_SPEECH, None, 1)],
    "position-right": [(HANDS_AND_SPEECH, None, 3)],
    "entity-church": [((0,), None, 5)],
    "entity-art-object": [((0,), None, 15)],
    "entity-window": [((0,), None, 4)],
    "entity-door": [((0,), None, 6)],
    "extent-small": [(EXTENT, None, 2)],
    "extent-large": [(EXTENT, None, 4)],
    "extent-small-to-large": [(EXTENT, 2, 4)],
    "extent-large-to-small": [(EXTENT, 4, 2)],
    "no-text": [],
    "sound-only": [],
    "no-audio": [],
    "no-annotations": [(ALL, None, -1)],
    "only-text": [(ALL, None, -1)],
    "only-audio": [(ALL, None, -1)],
    "only-annotations": [],
}
WITHOUT_WORDS = {"no-text", "sound-only", "only-audio", "only-annotations"}
SILENT = {"no-audio", "only-text", "only-annotations"}


def a_track() -> NDArray[np.float32]:
    """Every stored value of every channel, -1 and 0 included, in a mixed order."""
    random = np.random.default_rng(4)
    track = np.stack([random.permutation(np.arange(90) % (size + 1) - 1) for size in EMBEDDINGS])
    track = track.astype(np.float32)
    track[1] = random.random(90)
    return track


def changed(track: NDArray[np.float32], rules: Rules) -> NDArray[np.float32]:
    after = track.copy()
    for rows, source, to in rules:
        for row in rows:
            for frame in range(track.shape[1]):
                if source is None or after[row, frame] == source:
                    after[row, frame] = to
    return after


def test_all_presets_are_described_here() -> None:
    assert set(preset_names()) == set(EFFECTS)


@pytest.mark.parametrize("name", EFFECTS)
def test_effect_on_a_clip(name: str) -> None:
    track = a_track()
    audio = np.random.default_rng(0).normal(0, 0.1, 6 * SAMPLE_RATE).astype(np.float32)
    request = GenerateRequest(audio=audio, words=(Word("here", 0.5, 0.9),), track=track, preset=name)
    found = condition(request, 90, 15.0)
    assert np.array_equal(found.tracks[0], changed(track, EFFECTS[name]))
    assert found.words == (() if name in WITHOUT_WORDS else request.words)
    assert np.array_equal(found.audio, audio * 0 if name in SILENT else audio)


@pytest.mark.parametrize("name", [name for name, rules in EFFECTS.items() if rules])
def test_the_track_shows_the_effect(name: str) -> None:
    assert not np.array_equal(load_preset(name).apply(a_track()), a_track())


def test_titles_tell_presets_apart() -> None:
    titles = {load_preset(name).title for name in preset_names()}
    assert len(titles) == len(EFFECTS) - 1, "sound-only is another name of no-text"


def test_the_documentation_names_them_all() -> None:
    page = Path(__file__).parents[2] / "docs" / "presets.md"
    first_column = "\n".join(
        line.split("|")[1] for line in page.read_text().splitlines() if "| `" in line[:4]
    )
    assert set(re.findall(r"`([a-z-]+)`", first_column)) | {"sound-only"} == set(EFFECTS)
    assert resources.data_path("configs", "presets", "original.yaml").is_file()
