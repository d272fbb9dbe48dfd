# SPDX-License-Identifier: GPL-3.0-or-later
"""All published networks at their own sizes: original → model → original, bit for bit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aqgt.models.checkpoints import read_checkpoint, state_dict_of
from aqgt.models.exchange.exporting import export_model
from aqgt.models.exchange.importing import import_model
from aqgt.models.exchange.tree import find_sources
from tests.models.checkpoints.published import a_class
from tests.models.exchange import originals
from tests.models.official.filled import filled

NETWORKS = {
    "generator": (originals.GENERATOR, 626),
    "pose_vq": (originals.POSE_VQ, 96),
    "audio_vq": (originals.AUDIO_VQ, 64),
    "annotation_model": (originals.ANNOTATION, 113),
    "gesture_autoencoder": (originals.AUTOENCODER, 88),
    "discriminator": (originals.GENERATOR, 87),
}


@pytest.mark.slow
def test_round_trip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AQGT_MODELS", str(tmp_path / "models"))
    root = originals.save_tree(tmp_path / "original")
    report = import_model(find_sources(root, "aqgt-a"), "aqgt-a")
    counts = {part.part: part.n_weights for part in report.parts}
    assert counts == {**{name: count for name, (_, count) in NETWORKS.items()}, "means": 2, "speakers": 2}
    assert next(part.n_values for part in report.parts if part.part == "generator") == 84_475_412 + 148_480
    assert any("vqvae_audio.ckpt: 2 entries" in note for note in report.notes)
    assert any("annotation_model.bin: 3 entries" in note for note in report.notes)

    export_model("aqgt-a", tmp_path / "back")
    for network, (file, count) in NETWORKS.items():
        with a_class("model.vocab", "Vocab"):
            content = torch.load(tmp_path / "back" / file, weights_only=False)
        found = state_dict_of(content, network)
        given = state_dict_of(read_checkpoint(root / file), network)
        assert found.keys() == given.keys() == filled(network).keys()
        assert len(found) == count
        for name, value in given.items():
            assert found[name].dtype == value.dtype, name
            assert torch.equal(found[name], value), name
