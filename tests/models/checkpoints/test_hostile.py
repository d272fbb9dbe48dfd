# SPDX-License-Identifier: GPL-3.0-or-later
"""Pickles that try to run something: nothing runs, and what they asked for is named."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aqgt.errors import AqgtError
from aqgt.models.checkpoints import read_checkpoint, read_means, read_speakers
from tests.models.checkpoints.attacks import (
    CONTAINERS,
    NOT_BY_PICKLE,
    RUNNING,
    Container,
    call,
    stack_global,
    text,
)


@pytest.fixture(params=CONTAINERS)
def container(request: pytest.FixtureRequest) -> Container:
    return CONTAINERS[request.param]


@pytest.mark.skipif(os.name != "posix", reason="the attacks use touch")
@pytest.mark.parametrize("attack", [name for name in RUNNING if name not in NOT_BY_PICKLE])
def test_the_attacks_are_real(tmp_path: Path, attack: str) -> None:
    marker = tmp_path / "marker"
    try:
        made = pickle.loads(RUNNING[attack](str(marker)))
    except Exception:
        return_code = None  # what comes after the attack may fail
    else:
        return_code = made.wait() if hasattr(made, "wait") else None
    assert not return_code
    assert marker.exists()


@pytest.mark.parametrize("read", [read_checkpoint, read_means, read_speakers])
@pytest.mark.parametrize("attack", RUNNING)
def test_nothing_runs(
    tmp_path: Path, container: Container, attack: str, read: Callable[[Path], object]
) -> None:
    marker, path = tmp_path / "marker", tmp_path / "a.ckpt"
    container(path, RUNNING[attack](str(marker)))
    with pytest.raises(AqgtError) as caught:
        read(path)
    assert not marker.exists()
    assert not list(tmp_path.glob("marker*"))
    assert caught.value.code.startswith(("hostile", "bad"))
    assert caught.value.next_step


@pytest.mark.parametrize(
    ("attack", "name"),
    [
        ("reduce", "os.system"), ("eval", "builtins.eval"), ("stack global", "os.system"),
        ("inst", "os.system"),
        ("obj", "os.system"), ("popen", "subprocess.Popen"), ("get attribute", "importlib.import_module"),
        ("in a tensor", "os.system"), ("in an array's state", "os.system"),
        ("dotted name", "shutil.os.system"),
        ("torch's nested loading", "torch.storage._load_from_bytes"), ("partial", "functools.partial"),
    ],
)  # fmt: skip
def test_the_call_is_named(tmp_path: Path, container: Container, attack: str, name: str) -> None:
    container(tmp_path / "a.ckpt", RUNNING[attack](str(tmp_path / "marker")))
    with pytest.raises(AqgtError, match=f"call of “{name}”") as caught:
        read_checkpoint(tmp_path / "a.ckpt")
    assert caught.value.code == "hostile-checkpoint"
    assert caught.value.sentence.count(".ckpt") == 1


def test_long_and_unprintable_names_are_shown_safely(tmp_path: Path, container: Container) -> None:
    name = "\x1b[31m" + "a" * 10_000
    container(tmp_path / "a.ckpt", b"\x80\x04" + stack_global("os", name) + b")R.")
    with pytest.raises(AqgtError, match="call of “os") as caught:
        read_checkpoint(tmp_path / "a.ckpt")
    assert caught.value.sentence.isprintable()
    assert len(caught.value.sentence) < 600


def test_a_named_module_is_not_imported(
    tmp_path: Path, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "marker"
    (tmp_path / "runs_when_imported.py").write_text(f"open({str(marker)!r}, 'w')\nclass A: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    container(tmp_path / "a.ckpt", b"}" + text("a") + b"cruns_when_imported\nA\n)\x81}b" + b"s.")
    found = read_checkpoint(tmp_path / "a.ckpt")
    assert str(found["a"].origin) == "runs_when_imported.A"
    assert not marker.exists()
    assert "runs_when_imported" not in sys.modules


def test_inert_objects_hold_what_they_were_given(tmp_path: Path, container: Container) -> None:
    """Created but not called: the class is never there, so that neither can its methods run."""
    old = call("copyreg", "_reconstructor", b"cos\nsystem\n", b"cbuiltins\nobject\n", b"N")
    extended = b"csubprocess\nPopen\n)}" + text("args") + text("touch marker") + b"s\x92"
    newer = call("copyreg", "__newobj__", b"cos\nsystem\n", text("touch marker"))
    parts = {"old": old, "extended": extended, "newer": newer}
    container(tmp_path / "a", b"\x80\x04}(" + b"".join(text(k) + v for k, v in parts.items()) + b"u.")
    found = read_checkpoint(tmp_path / "a")
    assert {name: str(shell.origin) for name, shell in found.items()} == {
        "old": "os.system", "extended": "subprocess.Popen", "newer": "os.system",
    }  # fmt: skip
    assert found["newer"].arguments == ("touch marker",)
