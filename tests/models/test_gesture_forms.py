# SPDX-License-Identifier: GPL-3.0-or-later
"""The network's input of gesture forms: there where the config names some, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aqgt.errors import AqgtError
from aqgt.models import registry
from tests.models.tiny import random_batch, tiny_config, tiny_generator

FORMS = {"forms": ["chop", "shrug"], "form_width": 6}


def test_a_config_without_forms_has_the_network_it_had() -> None:
    plain, wide = tiny_generator(), tiny_generator(tiny_config(annotation={"form_width": 6}))
    assert plain.state_dict().keys() == wide.state_dict().keys()
    batch = random_batch(plain.config, 2)
    forms = {"forms": torch.ones(2, 2, plain.config.window)}
    with torch.inference_mode():
        assert torch.equal(plain(batch).bone_vectors, wide({**batch, **forms}).bone_vectors)


def test_unknown_forms_are_forms_left_out_and_each_form_has_its_own_effect() -> None:
    config = tiny_config(annotation=FORMS)
    generator, batch = tiny_generator(config), random_batch(config, 1)

    def made(left: int, right: int) -> torch.Tensor:
        rows = torch.tensor([left, right], dtype=torch.float32)[None, :, None].expand(1, 2, config.window)
        return generator({**batch, "forms": rows}).bone_vectors

    with torch.inference_mode():
        assert torch.equal(made(-1, -1), generator(batch).bone_vectors)
        results = [made(0, 0), made(1, 0), made(2, 0), made(0, 1), made(0, 2), made(-1, 0)]
    for at, one in enumerate(results):
        assert all((one - other).abs().max() > 1e-5 for other in results[at + 1 :])


def test_both_hands_share_one_embedding() -> None:
    names = tiny_generator(tiny_config(annotation=FORMS)).state_dict()
    assert names["encoders.annotations.forms.embedding.weight"].shape == (3, 6)


def test_a_saved_model_knows_its_forms(tmp_path: Path) -> None:
    config = tiny_config(annotation={**FORMS, "extent_gain": {"large": 1.2}})
    registry.save_model(tmp_path / "m", config, tiny_generator(config))
    model = registry.load_model(tmp_path / "m")
    assert model.config.annotation == config.annotation
    assert model.info.forms == ("chop", "shrug")


@pytest.mark.parametrize(
    "wrong",
    [{"forms": ["chop"]}, {"forms": ["chop", "chop"], "form_width": 4}, {"extent_gain": {"large": 3}}],
)
def test_forms_that_do_not_fit_are_refused(wrong: dict) -> None:
    with pytest.raises(AqgtError):
        tiny_config(annotation=wrong)
