# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's configuration: what is not allowed is said by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from aqgt.errors import AqgtError
from aqgt.service.config import EngineConfig, read_engine_config


def test_the_shipped_file_states_the_defaults() -> None:
    assert read_engine_config() == EngineConfig()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("adress: x", ["adress", "address", "workers"]),
        ("limits: {second: 3}", ["limits.second", "seconds", "variants"]),
        ("limits: {seconds: -1}", ["limits.seconds", "-1"]),
        ("limits: {variants: many}", ["limits.variants", "many"]),
        ("device: tpu", ["device", "tpu", "cuda"]),
        ("address: tcp://0.0.0.0:5757", ["address", "0.0.0.0"]),
        ("- a list", ["key: value"]),
        ("a: [", ["no YAML"]),
        ("metrics_port: 0", ["metrics_port", "0"]),
        ("log: xml", ["log", "text", "json"]),
    ],
)
def test_a_mistake_is_named_with_file_key_and_rule(tmp_path: Path, text: str, named: list[str]) -> None:
    file = tmp_path / "engine.yaml"
    file.write_text(text)
    with pytest.raises(AqgtError) as caught:
        read_engine_config(file)
    assert caught.value.code == "bad-config"
    assert all(part in str(caught.value) for part in [str(file), *named]), str(caught.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(AqgtError):
        read_engine_config(tmp_path / "none.yaml")
