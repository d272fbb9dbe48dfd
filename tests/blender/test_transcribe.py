# SPDX-License-Identifier: GPL-3.0-or-later
"""Transcribing from Blender: an engine with a stand-in for Whisper, and engines that cannot."""

from __future__ import annotations

from types import SimpleNamespace

import bpy
import pytest

from tests.blender.helpers import refused


@pytest.fixture
def whisper(tmp_path, checkout, monkeypatch):
    """A folder with a model that the stand-in takes."""
    folder = tmp_path / "whisper" / "small"
    folder.mkdir(parents=True)
    for name in ("config.json", "tokenizer.json", "model.bin"):
        (folder / name).write_text("{}")
    monkeypatch.setenv("PYTHONPATH", str(checkout / "tests" / "speech" / "whisper_stub"))
    return folder.parent


def test_words_transcript_and_language_are_filled_in(preferences, part, engine_python, whisper, voice, capfd):
    preferences.engine_python, preferences.whisper_folder = str(engine_python), str(whisper)
    scene, speech = bpy.context.scene, bpy.context.scene.aqgt_speech
    speech.language, speech.transcript = "", "Something else."
    assert bpy.ops.aqgt.engine_start() == {"FINISHED"}
    try:
        assert part("speech.transcribers").model_names(part("connection.session").hello()) == ["small"]
        assert bpy.ops.aqgt.transcribe() == {"FINISHED"}
    finally:
        bpy.ops.aqgt.engine_stop()
    assert speech.transcript == "Hello there my friend Bye."
    assert speech.language == "de"
    group = part("speech.words").stored(bpy.context)
    assert [word.text for word in group.words] == ["Hello", "there", "my", "friend", "Bye."]
    assert [word.estimated for word in group.words] == [False, True, True, True, False]
    assert group.made == "Heard by small"
    assert not part("speech.words").outdated(group, speech.transcript)
    assert "%" in capfd.readouterr().out, "progress is told"
    assert scene.aqgt_speech.text is None


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"transcription": {"models": [], "reason": "Install faster-whisper."}}, "Install faster-whisper"),
        ({}, "too old"),
    ],
)
def test_where_the_engine_cannot_the_button_says_why(voice, part, monkeypatch, limits, reason):
    session = part("connection.session")
    monkeypatch.setattr(session, "hello", lambda: SimpleNamespace(limits=limits))
    assert not bpy.ops.aqgt.transcribe.poll()
    assert reason in refused(bpy.ops.aqgt.transcribe)


def test_an_engine_that_was_not_asked_yet_says_itself_that_it_cannot(engine, voice):
    assert bpy.ops.aqgt.transcribe.poll()
    before = bpy.context.scene.aqgt_speech.transcript
    assert "--whisper" in refused(bpy.ops.aqgt.transcribe)
    assert bpy.context.scene.aqgt_speech.transcript == before
