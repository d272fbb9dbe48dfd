# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML files as checked values."""

from __future__ import annotations

from pathlib import Path

import pytest

from aqgt.errors import AqgtError
from aqgt.settings import Settings, check_settings, read_settings


class Inner(Settings):
    width: int = 3


class Outer(Settings):
    name: str
    inner: Inner = Inner()


def test_a_file_becomes_checked_values(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("name: größe\ninner: {width: 4}\n", encoding="utf-8")
    assert read_settings(path, Outer) == Outer(name="größe", inner=Inner(width=4))


def test_an_empty_file_holds_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("# nothing\n")
    assert read_settings(path, Inner) == Inner()


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(AqgtError) as caught:
        check_settings({"inner": {"witdh": 1, "width": "wide"}, "nmae": "x"}, Outer, "a.yaml")
    said = caught.value.sentence
    assert "“a.yaml”" in said
    assert "no key “inner.witdh” (allowed: width)" in said
    assert "“inner.width” is 'wide'" in said
    assert "no key “nmae” (allowed: name, inner)" in said
    assert "“name” is missing" in said


@pytest.mark.parametrize("content", [b"a: [", b"- 1", b"\xff", None])
def test_what_is_no_settings_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AqgtError) as caught:
        read_settings(path, Outer)
    assert str(path) in caught.value.sentence
    assert caught.value.next_step
