# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt retarget`: what it refuses before Blender starts, the job it hands over, and one real run."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aqgt.errors import AqgtError
from aqgt.formats.npz import write_npz
from aqgt.studio import blender as studio
from tests.cli.conftest import Outcome
from tests.retarget.motions import sample_motion

Run = Callable[..., Outcome]


@pytest.fixture
def files(tmp_path: Path, checkout: Path) -> tuple[Path, Path]:
    """A motion and a character."""
    write_npz(tmp_path / "motion.npz", sample_motion(2, 20))
    return tmp_path / "motion.npz", checkout / "rigs" / "characters" / "mh_mixamo_male.glb"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"motion": "nothing.npz"}, "nothing.npz"),
        ({"motion": "words.txt"}, "is no motion"),
        ({"character": "words.txt"}, "is no character"),
        ({"output": "out.txt"}, "no known ending"),
        ({"output": "no/out.glb"}, "no folder"),
        ({"options": ("--leave-out", "tail")}, "“tail” is no part"),
        ({"options": ("--blender", "/no/blender")}, "no program"),
    ],
)
def test_refusals(aqgt: Run, files: tuple[Path, Path], tmp_path: Path, change: Any, said: str) -> None:
    (tmp_path / "words.txt").write_text("words")
    motion, character = files
    motion = tmp_path / change["motion"] if "motion" in change else motion
    character = tmp_path / change["character"] if "character" in change else character
    output = tmp_path / change.get("output", "out.glb")
    done = aqgt("retarget", motion, character, "-o", output, *change.get("options", ()))
    assert done.code == 2
    assert said in done.err
    assert not output.exists()


def test_options_become_a_job(aqgt: Run, files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []

    def run_job(_blender: Any, job: dict[str, Any], **_options: Any) -> dict[str, Any]:
        seen.append(job)
        return {"notes": ["52 bones found."], "bones": 43}

    monkeypatch.setattr(studio, "find_blender", lambda option: option)
    monkeypatch.setattr(studio, "run_job", run_job)
    options = ("--leave-out", "head", "--mirror", "--fps", 24, "--key-error", 0.5, "--no-keep-out")
    done = aqgt("retarget", *files, "-o", tmp_path / "out.fbx", *options)
    assert done.code == 0, done.err
    assert "43 bones move" in done.err
    (job,) = seen
    assert job["kind"] == "retarget"
    assert job["fps"] == 24
    assert job["settings"] == {
        "smoothing": "light",
        "mirror": True,
        "keep_out": False,
        "key_error": 0.5,
        "use_head": False,
    }
    assert Path(job["output"]).is_absolute()


@pytest.mark.slow
def test_a_character_comes_out(
    aqgt: Run, files: Any, tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a Blender of its own, with the extension from its zip in a fresh user folder."""
    python = checkout / ".venv-blender" / "bin" / "python"
    if not python.is_file():
        pytest.skip(f"there is no Blender at {python}: make setup")
    if studio.extension_zip() is None:
        pytest.skip("the extension is not built: make extension")
    monkeypatch.setenv("BLENDER_USER_RESOURCES", str(tmp_path / "user"))
    output = tmp_path / "out.glb"
    done = aqgt("retarget", *files, "-o", output, "--blender", python)
    assert done.code == 0, done.err
    content = output.read_bytes()
    length = struct.unpack_from("<I", content, 12)[0]
    document = json.loads(content[20 : 20 + length])
    (animation,) = document["animations"]
    moved = {document["nodes"][one["target"]["node"]]["name"] for one in animation["channels"]}
    assert {"mixamorig:LeftArm", "mixamorig:RightHandIndex2"} <= moved


def test_blender_is_named_where_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BLENDER", str(tmp_path / "no-blender"))
    with pytest.raises(AqgtError, match=r"\$BLENDER"):
        studio.find_blender(None)
