# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are hostile, damaged, another network's or missing: a sentence, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from aqgt.errors import AqgtError
from aqgt.models.exchange import parts
from aqgt.models.exchange.importing import import_model
from aqgt.models.exchange.tree import Sources, find_sources
from tests.models.checkpoints.attacks import CONTAINERS, RUNNING
from tests.models.exchange import originals
from tests.models.exchange.conftest import contents
from tests.models.exchange.originals import Weights

Change = Callable[[Path, Weights], dict[str, Path | None]]


def hostile(place: str) -> Change:
    def change(root: Path, weights: Weights) -> dict[str, Path | None]:
        container = CONTAINERS["plain" if place == "means" else "zip"]
        container(root / "hostile", RUNNING["reduce"](str(root / "marker")))
        return {place: root / "hostile"}

    return change


def cut(place: str, file: str) -> Change:
    def change(root: Path, weights: Weights) -> dict[str, Path | None]:
        blob = (root / file).read_bytes()
        (root / "cut").write_bytes(blob[: len(blob) * 2 // 3])
        return {place: root / "cut"}

    return change


def generator(alter: Callable[[Weights], Weights], **more: int) -> Change:
    def change(root: Path, weights: Weights) -> dict[str, Path | None]:
        return {"generator": originals.save_generator(root / "other.ckpt", alter(weights), None, **more)}

    return change


def single(network: str, place: str) -> Change:
    def change(root: Path, weights: Weights) -> dict[str, Path | None]:
        return {place: originals.save_single(root / f"{network}.bin", originals.weights(network))}

    return change


def other_positions(weights: Weights) -> Weights:
    name = next(name for name in weights if name.endswith(".pe"))
    return {**weights, name: weights[name] + 0.01}


REFUSED: dict[str, tuple[Change, str]] = {
    "hostile generator": (hostile("generator"), r"hostile asks for a call of “os\.system”"),
    "hostile means": (hostile("means"), r"hostile asks for a call of “os\.system”"),
    "hostile speakers": (hostile("speakers"), r"hostile asks for a call of “os\.system”"),
    "hostile audio VQ": (hostile("audio_vq"), r"hostile asks for a call of “os\.system”"),
    "cut generator": (cut("generator", originals.GENERATOR), "cut is damaged or no checkpoint"),
    "cut audio VQ": (cut("audio_vq", originals.AUDIO_VQ), "cut is damaged or no checkpoint"),
    "cut means": (cut("means", originals.MEANS), "cut is damaged or no checkpoint"),
    "annotation model as generator": (
        single("annotation_model", "generator"),
        r"annotation_model\.bin holds the published annotation_model, not the generator",
    ),
    "pose VQ as audio VQ": (
        single("pose_vq", "audio_vq"),
        r"pose_vq\.bin holds the published pose_vq, not the audio_vq",
    ),
    "autoencoder as annotation model": (
        single("gesture_autoencoder", "annotation"),
        "holds the published gesture_autoencoder, not the annotation_model",
    ),
    "audio VQ as means": (
        lambda root, weights: {"means": root / originals.AUDIO_VQ},
        "does not hold a mean pose",
    ),
    "means as audio VQ": (
        lambda root, weights: {"audio_vq": root / originals.MEANS},
        "holds no checkpoint but a tuple",
    ),
    "a weight is missing": (
        generator(lambda weights: {name: x for name, x in weights.items() if name != "speaker_mu.weight"}),
        r"other\.ckpt: .* missing: speaker_mu\.weight",
    ),
    "one more weight": (
        generator(lambda weights: {**weights, "style.weight": torch.ones(1)}),
        r"other\.ckpt: .* unexpected: style\.weight",
    ),
    "another shape": (
        generator(lambda weights: {**weights, "speaker_mu.weight": torch.ones(3, 3)}),
        r"speaker_mu\.weight: \[3, 3\], not \[4, 4\]",
    ),
    "not finite": (
        generator(lambda weights: {**weights, "speaker_mu.bias": weights["speaker_mu.bias"] * float("nan")}),
        r"speaker_mu\.bias: NaN or infinite",
    ),
    "no tensor": (
        generator(lambda weights: {**weights, "speaker_mu.bias": [1.0]}),  # type: ignore[dict-item]
        r"speaker_mu\.bias of generator is no tensor",
    ),
    "other positions": (generator(other_positions), "position encodings are not those"),
    "another pose": (generator(lambda weights: weights, pose_dim=27), "poses with 27 numbers, not 159"),
    "no means": (lambda root, weights: {"means": None}, "needs the mean pose"),
    "no such file": (lambda root, weights: {"audio_vq": root / "nowhere"}, "no file .*nowhere"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_nothing_is_written(case: str, original: Path, small_generator: Weights, models: Path) -> None:
    change, sentence = REFUSED[case]
    sources = replace(find_sources(original, "aqgt-a"), **change(original, small_generator))
    with pytest.raises(AqgtError, match=sentence) as caught:
        import_model(sources, "aqgt-a")
    assert caught.value.next_step
    assert "\n" not in caught.value.sentence
    assert not models.exists() or not list(models.iterdir())
    assert not (original / "marker").exists()


@pytest.mark.parametrize("case", ["hostile audio VQ", "cut audio VQ", "pose VQ as audio VQ"])
def test_a_model_stays_as_it_was(
    case: str, imported: Path, original: Path, small_generator: Weights, models: Path
) -> None:
    change, sentence = REFUSED[case]
    before = contents(models)
    with pytest.raises(AqgtError, match=sentence):
        import_model(Sources(**change(original, small_generator)), "aqgt-a")
    sources = replace(find_sources(original, "aqgt-a"), **change(original, small_generator))
    with pytest.raises(AqgtError, match=sentence):
        import_model(sources, "aqgt-a", replace=True)
    assert contents(models) == before


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


ENCODERS: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "a file": ("bert", lambda folder: folder / "config.json", "is no folder"),
    "another network": ("wav2vec2", lambda folder: None, "network of the type 'bert', not wav2vec2"),
    "no weights": ("bert", lambda folder: (folder / "model.safetensors").unlink(), "lacks model.safetensors"),
    "no vocabulary": ("bert", lambda folder: (folder / "vocab.txt").unlink(), "lacks vocab.txt or tokenizer"),
    "no settings": ("bert", lambda folder: (folder / "config.json").unlink(), "lacks config.json"),
    "settings cut": ("bert", lambda folder: (folder / "config.json").write_text("{"), "is not JSON"),
    "weights cut": (
        "bert",
        lambda folder: cut_off(folder / "model.safetensors"),
        "can't be read",
    ),
    "other weights": (
        "bert",
        lambda folder: (
            (folder / "config.json").write_text('{"model_type": "bert"}'),
            originals.save_encoder(folder.parent / "w", "wav2vec2"),
            (folder.parent / "w" / "model.safetensors").replace(folder / "model.safetensors"),
        ),
        "are not those of bert",
    ),
    "hostile weights": (
        "bert",
        lambda folder: (
            (folder / "model.safetensors").unlink(),
            CONTAINERS["zip"](folder / "pytorch_model.bin", RUNNING["reduce"](str(folder / "marker"))),
        ),
        r"asks for a call of “os\.system”",
    ),
    "weights that are none": (
        "bert",
        lambda folder: (
            (folder / "model.safetensors").unlink(),
            torch.save({"bert.a": 3}, folder / "pytorch_model.bin"),
        ),
        "holds other things than the weights",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ENCODERS)
def test_encoders_that_are_not_taken(case: str, imported: Path, models: Path, tmp_path: Path) -> None:
    part, change, sentence = ENCODERS[case]
    folder = originals.save_encoder(tmp_path / "encoder", "bert")
    changed = change(folder)
    before = contents(models)
    source = changed if isinstance(changed, Path) else folder
    with pytest.raises(AqgtError, match=sentence):
        import_model(Sources(**{part: source}), "aqgt-a")
    assert contents(models) == before
    assert not (folder / "marker").exists()


def test_names_that_are_taken_or_none(original: Path, models: Path) -> None:
    sources = find_sources(original, "aqgt-a")
    for name in ("compact", "debug"):
        with pytest.raises(AqgtError, match="would be found instead"):
            import_model(sources, name)
    (models / "notes").mkdir(parents=True)
    with pytest.raises(AqgtError, match="is no model"):
        import_model(sources, "notes")


@pytest.mark.parametrize("name", ["../escape", "a b", "", ".hidden", "A"])
def test_a_name_has_to_be_one(name: str, models: Path) -> None:
    with pytest.raises(AqgtError, match="--name"):
        import_model(Sources(generator=Path(__file__), means=Path(__file__)), name)
    assert not models.exists()


@pytest.mark.parametrize(
    ("sources", "sentence"),
    [
        (Sources(), "No generator is given"),
        (Sources(speakers=Path(__file__)), "No generator is given"),
    ],
)
def test_nothing_to_add_to(sources: Sources, sentence: str, models: Path) -> None:
    with pytest.raises(AqgtError, match=sentence):
        import_model(sources, "aqgt-a")


def test_nothing_to_add(imported: Path, original: Path) -> None:
    with pytest.raises(AqgtError, match="nothing to import"):
        import_model(Sources(), "aqgt-a")
    with pytest.raises(AqgtError, match="belongs to the generator"):
        import_model(Sources(means=original / originals.MEANS), "aqgt-a")


def test_a_fresh_model_takes_no_parts(models: Path, original: Path) -> None:
    from aqgt.models import registry
    from tests.models.tiny import tiny_config, tiny_generator

    registry.save_model(models / "mine", tiny_config(), tiny_generator())
    with pytest.raises(AqgtError, match="none of the published"):
        import_model(Sources(audio_vq=original / originals.AUDIO_VQ), "mine")


def test_folders_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(AqgtError, match="no folder"):
        find_sources(tmp_path / "none", "aqgt-a")
    with pytest.raises(AqgtError, match="none of the published files") as caught:
        find_sources(tmp_path, "aqgt-a")
    assert "pretrained/aqgt-a_checkpoint.ckpt" in caught.value.next_step


def test_a_folder_that_can_not_be_written(original: Path, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("mine")
    with pytest.raises(AqgtError, match="can't be written"):
        import_model(find_sources(original, "aqgt-a"), "aqgt-a", to=tmp_path / "a-file")
    assert (tmp_path / "a-file").read_text() == "mine"


def test_a_full_disk(original: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parts, "save_means", refuse)
    with pytest.raises(AqgtError, match="No space left"):
        import_model(find_sources(original, "aqgt-a"), "aqgt-a")
    assert not list(models.iterdir())
