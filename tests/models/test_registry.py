# SPDX-License-Identifier: GPL-3.0-or-later
"""Saving, finding and refusing models."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml

from aqgt.errors import AqgtError
from aqgt.models import registry
from aqgt.models.config import ModelConfig, read_config
from aqgt.settings import check_settings
from tests.models.tiny import random_batch, tiny_config, tiny_generator


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    registry.save_model(folder, tiny_config(), tiny_generator(), card="# Tiny")
    return folder


def test_saved_model_is_rebuilt_from_its_folder(saved: Path) -> None:
    loaded = registry.load_model(saved)
    batch = random_batch(loaded.config, 2)
    expected = tiny_generator()
    # Weights are stored in half precision: the copy equals the original rounded, bit for bit.
    state = {
        name: value if name in ("pose_mean", "pose_std", "rest_pose") else value.half().float()
        for name, value in expected.state_dict().items()
    }
    expected.load_state_dict(state)
    with torch.inference_mode():
        difference = loaded.generator(batch).bone_vectors - expected(batch).bone_vectors
    assert difference.abs().max() < 1e-5
    stored = loaded.generator.state_dict()
    assert all(torch.equal(stored[name], value) for name, value in state.items())
    assert loaded.config == tiny_config()
    assert loaded.info.card == "# Tiny"
    assert loaded.info.licence == "CC0-1.0"
    assert len(loaded.model_hash) == 64


def test_others_may_read_a_saved_model(saved: Path) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in saved.iterdir()}
    assert len(set(modes.values())) == 1, modes


def test_saving_twice_gives_the_same_hash(saved: Path, tmp_path: Path) -> None:
    registry.save_model(tmp_path / "again", tiny_config(), tiny_generator())
    assert registry.load_model(saved).model_hash == registry.load_model(tmp_path / "again").model_hash


def test_models_of_the_user_are_found_by_name(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AQGT_MODELS", str(saved.parent))
    assert "tiny" in registry.available()
    assert registry.load_model("tiny").config.name == "tiny"


def test_a_copy_under_another_name_is_known_by_that_name(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved.rename(saved.parent / "mine")
    monkeypatch.setenv("AQGT_MODELS", str(saved.parent))
    described = registry.describe("mine")
    assert described.name == "mine", "what a client is told is what it can ask for"
    assert registry.load_model("mine").info.name == "mine"
    assert registry.load_model(saved.parent / "mine").info.name == "tiny"


def test_describing_reads_no_weights(saved: Path) -> None:
    (saved / registry.WEIGHTS).unlink()
    described = registry.describe(saved)
    assert (described.title, described.card) == (tiny_config().title, "# Tiny")


def test_installed_models_are_found_by_name(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "aqgt_model_my_own"
    package.parent.mkdir()
    saved.rename(package)
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(package.parent))
    assert "my-own" in registry.available()
    assert registry.load_model("my-own").config.name == "tiny"


def test_debug_model_needs_no_files_and_is_the_same_each_time() -> None:
    torch.manual_seed(1)
    first = registry.load_model("debug")
    state = torch.get_rng_state()
    second = registry.load_model("debug")
    assert torch.equal(torch.get_rng_state(), state), "loading leaves torch's random state alone"
    assert first.model_hash == second.model_hash
    assert registry.available()[-1] == "debug"


def test_unknown_name_says_which_there_are() -> None:
    with pytest.raises(AqgtError, match=r"no model “nosuch”.*debug"):
        registry.load_model("nosuch")


def test_folder_without_model(tmp_path: Path) -> None:
    with pytest.raises(AqgtError, match=r"holds no model.*config\.yaml"):
        registry.load_model(tmp_path)


def test_wrong_weights_are_listed(saved: Path) -> None:
    from safetensors.torch import load_file, save_file

    state = load_file(saved / registry.WEIGHTS)
    del state["pose_mean"]
    state["extra"] = torch.zeros(1)
    state["pose_std"] = torch.zeros(2, 3)
    save_file(state, saved / registry.WEIGHTS)
    with pytest.raises(AqgtError) as caught:
        registry.load_model(saved)
    for part in ("missing: pose_mean", "unexpected: extra", "pose_std: [2, 3], not [53, 3]"):
        assert part in str(caught.value)


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    generator = tiny_generator()
    generator.backbone.norm.weight.data[0] = float("nan")
    with pytest.raises(AqgtError, match=r"backbone\.norm\.weight: NaN"):
        registry.save_model(tmp_path / "x", tiny_config(), generator)


def test_truncated_weights_are_refused(saved: Path) -> None:
    path = saved / registry.WEIGHTS
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(AqgtError, match="can't be read"):
        registry.load_model(saved)


def test_missing_word_vectors_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(AqgtError, match="needs word vectors"):
        registry.save_model(tmp_path / "x", tiny_config(text={"vectors": "file"}), tiny_generator())
    assert not (tmp_path / "x").exists()


def test_unknown_key_names_file_key_and_allowed_keys(saved: Path) -> None:
    path = saved / registry.CONFIG
    raw = yaml.safe_load(path.read_text())
    raw["backbone"]["hiden"] = 3
    path.write_text(yaml.safe_dump(raw))
    with pytest.raises(AqgtError) as caught:
        read_config(path)
    assert str(path) in str(caught.value)
    assert "backbone.hiden" in str(caught.value)
    assert "hidden" in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("fps", 0, "greater than 0"),
        ("aligner", {"context": "next"}, "'previous', 'lagged', 'published' or 'none'"),
        ("window", 8, "longer than twice seed_frames"),
        ("backbone", {"dropout": 1.5}, "less than 1"),
    ],
)
def test_values_out_of_range(key: str, value: object, said: str) -> None:
    raw = {"name": "x", "title": "X", "licence": "CC0-1.0", "commercial_use": True, key: value}
    with pytest.raises(AqgtError, match=said):
        check_settings(raw, ModelConfig, "x.yaml")


@pytest.mark.parametrize("name", ["compact", "debug"])
def test_shipped_configs_are_valid(name: str) -> None:
    from aqgt.resources import data_path

    assert read_config(data_path("configs", "models", f"{name}.yaml")).name == name
