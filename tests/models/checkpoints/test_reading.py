# SPDX-License-Identifier: GPL-3.0-or-later
"""Published checkpoints are read whole: what they hold comes out, their classes stay shells."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from aqgt.errors import AqgtError
from aqgt.models.checkpoints import read_checkpoint, read_means, read_speakers, state_dict_of
from aqgt.models.inert_pickle import Shell
from tests.models.checkpoints import published


@pytest.fixture(params=["zip", "legacy"])
def zipped(request: pytest.FixtureRequest) -> bool:
    return request.param == "zip"


@pytest.mark.parametrize("cuda", [False, True])
@pytest.mark.parametrize("module", ["model.vocab", "scripts.model.vocab"])
def test_generator_checkpoint(tmp_path: Path, zipped: bool, cuda: bool, module: str) -> None:
    path = tmp_path / "aqgt.ckpt"
    published.save_checkpoint(path, module=module, zipped=zipped, cuda=cuda)
    assert (b"cuda:0" in path.read_bytes()) or not cuda
    found = read_checkpoint(path)
    assert found["pose_dim"] == 159
    assert found["epoch"] == 12
    assert published.same(state_dict_of(found, "generator"), published.weights())
    assert published.same(state_dict_of(found, "discriminator"), published.weights(1))
    assert all(value.device.type == "cpu" for value in state_dict_of(found, "generator").values())
    assert str(found["speaker_model"].origin) == f"{module}.Vocab"
    assert read_speakers(found["speaker_model"]) == read_speakers(path) == published.SPEAKERS
    assert found["lang_model"].attributes()["word_embedding_weights"].shape == (2, 300)
    assert str(found["args"].origin) == "argparse.Namespace"
    assert found["args"].attributes()["epochs"] == 3
    assert found["args"].attributes()["loss"] == np.float32(0.5)
    assert [value.tolist() for value in found["extra"]["x"]] == [[0, 1, 2], ["a", "bc"]]
    assert found["number"] == 3.5
    assert found["tags"] == {"a", "b"}
    assert isinstance(found["device"], Shell)


def test_reading_gives_what_torch_gives(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "a.bin"
    torch.save({"gen_dict": published.weights()}, path, _use_new_zipfile_serialization=zipped)
    ours = state_dict_of(read_checkpoint(path), "pose_vq")
    assert published.same(ours, torch.load(path, weights_only=True)["gen_dict"])
    assert ours["tied.a"].data_ptr() == ours["tied.b"].data_ptr() - 4, "tied weights share their storage"


def test_writing_to_a_tensor_leaves_the_file_alone(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "a.bin"
    torch.save({"gen_dict": published.weights()}, path, _use_new_zipfile_serialization=zipped)
    before = path.read_bytes()
    state_dict_of(read_checkpoint(path), "generator")["tied.a"].zero_()
    assert path.read_bytes() == before


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_torch_files_of_every_pickle_protocol(tmp_path: Path, zipped: bool, protocol: int) -> None:
    path = tmp_path / "a.bin"
    torch.save(
        {"gen_dict": published.weights()},
        path,
        _use_new_zipfile_serialization=zipped,
        pickle_protocol=protocol,
    )
    assert published.same(state_dict_of(read_checkpoint(path), "generator"), published.weights())


def test_audio_vq_of_a_lightning_file(tmp_path: Path, zipped: bool) -> None:
    state = {f"generator.{name}": value for name, value in published.weights().items()}
    with (
        published.a_class("pytorch_lightning.utilities.parsing", "AttributeDict", dict) as attributes,
        published.a_class("wandb.sdk.wandb_config", "Config") as config,
    ):
        settings = config()
        settings._items = {"width": 64}
        parameters = attributes(config=settings, epochs=3, learning_rate=1e-4)
        content = {
            "epoch": 3,
            "state_dict": {**state, "LogVAE_1": torch.ones(2), "loss.weight": torch.ones(1)},
            "hyper_parameters": parameters,
            "callbacks": {attributes: {"best": torch.tensor(0.5)}},
            "optimizer_states": [{"state": {0: {"step": 3}}, "param_groups": [{"betas": (0.9, 0.999)}]}],
        }
        torch.save(content, tmp_path / "a.ckpt", _use_new_zipfile_serialization=zipped)
    found = read_checkpoint(tmp_path / "a.ckpt")
    assert published.same(state_dict_of(found, "audio_vq"), published.weights())
    assert found["hyper_parameters"].entries["epochs"] == 3
    assert found["hyper_parameters"].entries["config"].attributes() == {"_items": {"width": 64}}


def test_scheduler_state_with_a_function_in_it(tmp_path: Path, zipped: bool) -> None:
    with published.a_class("torch.optim.schedules", "OneCycle") as schedule:
        schedule.anneal = lambda value: value
        schedule.anneal.__qualname__ = "OneCycle.anneal"
        schedule.anneal.__module__ = "torch.optim.schedules"
        content = {"lr_schedulers": [{"anneal": schedule.anneal}], "gen_dict": {"a": torch.ones(1)}}
        torch.save(content, tmp_path / "a.bin", _use_new_zipfile_serialization=zipped)
    found = read_checkpoint(tmp_path / "a.bin")
    assert str(found["lr_schedulers"][0]["anneal"]) == "torch.optim.schedules.OneCycle.anneal"


def test_older_names_of_the_generator_become_todays() -> None:
    tensor = torch.ones(1)
    old = {"gru.x": tensor, "gru2.x": tensor, "gru3.x": tensor, "gru_1.x": tensor, "anno_GRU.gru.x": tensor}
    assert list(state_dict_of({"gen_dict": old}, "generator")) == [
        "transformer_1.x", "transformer_2.x", "gru_2.x", "gru_1.x", "anno_GRU.gru.x",
    ]  # fmt: skip
    assert list(state_dict_of({"dis_dict": old}, "discriminator")) == list(old), "it has a part called gru"


def test_annotation_model_without_the_pose_vq_saved_beside_it() -> None:
    weights = {"vq.enc_b.weight": torch.ones(1), "gru.x": torch.ones(1)}
    assert list(state_dict_of({"gen_dict": weights}, "annotation_model")) == ["gru.x"]


@pytest.mark.parametrize("network", ["audio_vq", "discriminator", "gesture_autoencoder"])
@pytest.mark.parametrize("held", [{}, {"epoch": 3}, {"gen_dict": {}}, {"state_dict": {"x": torch.ones(1)}}])
def test_a_missing_network_is_named(network: str, held: dict) -> None:
    with pytest.raises(AqgtError, match=f"no weights of the network {network}"):
        state_dict_of(held, network)


def test_a_weight_that_is_no_tensor_is_named() -> None:
    with pytest.raises(AqgtError, match="bias of generator is no tensor"):
        state_dict_of({"gen_dict": {"weight": torch.ones(1), "bias": [1.0]}}, "generator")


@pytest.mark.parametrize("protocol", range(6))
def test_means(tmp_path: Path, protocol: int) -> None:
    pose, directions = np.random.default_rng(0).normal(size=(2, 53, 3))
    path = tmp_path / "means.p"
    path.write_bytes(pickle.dumps((pose, np.asfortranarray(directions)), protocol))
    found = read_means(path)
    assert np.array_equal(found[0], pose)
    assert np.array_equal(found[1], directions)


def test_means_of_numpy_1(tmp_path: Path) -> None:
    means = np.random.default_rng(0).normal(size=(2, 53, 3))
    blob = pickle.dumps(tuple(means), 3).replace(b"numpy._core", b"numpy.core")
    (tmp_path / "means.p").write_bytes(blob)
    assert np.array_equal(read_means(tmp_path / "means.p"), means)


@pytest.mark.parametrize(
    "wrong", [(np.ones((53, 3)),), (np.ones((52, 3)),) * 2, (np.full((53, 3), np.nan),) * 2, {"a": 1}, 3]
)
def test_other_means_are_refused(tmp_path: Path, wrong: object) -> None:
    (tmp_path / "means.p").write_bytes(pickle.dumps(wrong))
    with pytest.raises(AqgtError, match=r"published means\.p"):
        read_means(tmp_path / "means.p")


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("module", ["model.vocab", "scripts.model.vocab"])
def test_speakers_of_a_vocabulary_file(tmp_path: Path, protocol: int, module: str) -> None:
    path = tmp_path / "speakers.pkl"
    with published.a_class(module, "Vocab") as vocab:
        made = published.vocabulary(vocab, published.SPEAKERS, np.ones((3, 300), np.float32))
        path.write_bytes(pickle.dumps(made, protocol))
    assert read_speakers(path) == published.SPEAKERS


@pytest.mark.parametrize("wrong", [{"word2index": {"a": 1}}, {"speaker_model": None}, [1], "text"])
def test_files_without_speakers_are_refused(tmp_path: Path, wrong: object) -> None:
    (tmp_path / "s.pkl").write_bytes(pickle.dumps(wrong))
    with pytest.raises(AqgtError, match="holds no speakers"):
        read_speakers(tmp_path / "s.pkl")


def test_byte_order_of_arrays(tmp_path: Path) -> None:
    arrays = {
        "a": np.arange(5, dtype=">f4"),
        "b": np.array([1 + 2j]),
        "c": np.array("ü"),
        "d": np.zeros((0, 3)),
    }
    (tmp_path / "a.p").write_bytes(pickle.dumps(arrays))
    found = read_checkpoint(tmp_path / "a.p")
    assert all(np.array_equal(found[name], arrays[name]) for name in arrays)
    assert all(found[name].shape == arrays[name].shape for name in arrays)
    assert np.dtype("f4").isnative, "numpy's own types are as they were"
