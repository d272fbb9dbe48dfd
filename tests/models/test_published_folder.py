# SPDX-License-Identifier: GPL-3.0-or-later
"""A published model's folder: what it holds, and what is missing from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from aqgt.errors import AqgtError
from aqgt.generation import generate
from aqgt.models import official, registry
from aqgt.protocol.messages import GenerateRequest
from aqgt.settings import check_settings
from aqgt.speech.published.features import PublishedFeatures
from tests.generation.published.stubs import StubSentences, StubSound, with_features
from tests.generation.published.test_laws import CONFIG
from tests.models.tiny import tiny_generator


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "mine"
    registry.save_model(made, CONFIG, tiny_generator(CONFIG))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_file(official.build("audio_vq").state_dict(), made / registry.AUDIO_VQ)
    return made


def a_request() -> GenerateRequest:
    sound = 0.1 * np.random.default_rng(0).standard_normal(20_000)
    return GenerateRequest(audio=sound.astype(np.float32), words=(), annotate="none")


def test_a_folder_is_a_model(folder: Path) -> None:
    model = registry.load_model(folder)
    assert isinstance(model.features, PublishedFeatures)
    motion = generate(a_request(), with_features(model, StubSound(), StubSentences())).motions[0]
    assert len(motion) == 19
    again = registry.load_model(folder)
    assert again.model_hash == model.model_hash
    vq = official.build("audio_vq").state_dict()
    save_file(vq, folder / registry.AUDIO_VQ)
    assert registry.load_model(folder).model_hash != model.model_hash, "the sound's codes are part of it"


def test_without_wav2vec2_the_error_says_where_to_put_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("transformers", reason="the extra “published” is not installed")
    (folder / registry.WAV2VEC2).mkdir()
    (folder / registry.WAV2VEC2 / "config.json").write_text("{}")
    with pytest.raises(AqgtError, match="--wav2vec2 FOLDER"):
        generate(a_request(), registry.load_model(folder))


def test_without_the_audio_vq_it_is_no_model(folder: Path) -> None:
    (folder / registry.AUDIO_VQ).unlink()
    with pytest.raises(AqgtError, match=r"audio_vq\.safetensors are missing"):
        registry.load_model(folder)


def test_another_audio_vq_is_refused(folder: Path) -> None:
    save_file(official.build("pose_vq").state_dict(), folder / registry.AUDIO_VQ)
    with pytest.raises(AqgtError, match=r"audio_vq\.safetensors don't fit"):
        registry.load_model(folder)


def test_the_usual_speaker_is_one_of_the_models() -> None:
    raw = CONFIG.model_dump(mode="json")
    raw["speaker"]["default"] = 5
    with pytest.raises(AqgtError, match="default must be a speaker from 0 to 4"):
        check_settings(raw, type(CONFIG), "x.yaml")
