# SPDX-License-Identifier: GPL-3.0-or-later
"""What is built holds what it should, under the names it should."""

from __future__ import annotations

import email
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

BASE_DEPENDENCIES = {"numpy", "msgpack", "pyzmq"}


def build_wheel(project: Path, folder: Path) -> Path:
    """Build the wheel of a project without network; returns its path."""
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder),
        str(project),
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of the project."""
    return zipfile.ZipFile(build_wheel(checkout, tmp_path_factory.mktemp("wheel")))


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> email.message.Message:
    """The METADATA of the wheel."""
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return email.message_from_bytes(wheel.read(name))


def test_the_wheel_brings_two_packages_and_no_other_name(wheel: zipfile.ZipFile) -> None:
    top = {name.partition("/")[0] for name in wheel.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"aqgt", "aqgt_training"}


def test_the_wheel_is_typed_and_holds_the_licence(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert {"aqgt/py.typed", "aqgt_training/py.typed"} <= set(names)
    (licence,) = [name for name in names if name.endswith("licenses/LICENSE")]
    assert b"GNU GENERAL PUBLIC LICENSE" in wheel.read(licence)


def test_rigs_and_configs_are_in_the_wheel_but_no_character(wheel: zipfile.ZipFile, checkout: Path) -> None:
    data = {name.removeprefix("aqgt/_data/") for name in wheel.namelist() if name.startswith("aqgt/_data/")}
    expected = {
        path.relative_to(checkout).as_posix()
        for folder in ("rigs", "configs")
        for path in (checkout / folder).rglob("*")
        if path.is_file() and "characters" not in path.parts
    }
    # What `aqgt` starts Blender with, before the extension can be imported.
    assert data == expected | {"blender_addon/headless/entry.py"}
    assert any(name.endswith(".toml") for name in data)
    assert any(name.endswith(".yaml") for name in data)


def test_data_files_are_found_in_an_installed_wheel(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from aqgt.resources import data_path\n"
        "print(data_path('configs')); print(data_path('rigs'))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=True
    )
    data = tmp_path.resolve() / "aqgt" / "_data"
    assert answer.stdout.split("\n")[:2] == [str(data / "configs"), str(data / "rigs")]


def test_base_dependencies_are_what_blender_needs(metadata: email.message.Message) -> None:
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert {re.match(r"[\w-]+", line).group() for line in required} == BASE_DEPENDENCIES
    assert all("<" in line and ">=" in line for line in required), (
        "an upper bound keeps a new major version out"
    )


def test_every_extra_is_there(metadata: email.message.Message) -> None:
    extras = set(metadata.get_all("Provides-Extra", []))
    assert extras == {
        "engine",
        "published",
        "transcribe",
        "training",
        "video",
        "blender",
        "cluster",
        "docs",
        "live",
        "dev",
    }


def test_installing_the_engine_needs_no_compiler(metadata: email.message.Message) -> None:
    engine = [line for line in metadata.get_all("Requires-Dist", []) if "extra == 'engine'" in line]
    assert engine
    assert not any(line.startswith("fasttext") for line in engine)


def test_version_of_package_and_distribution_agree(metadata: email.message.Message) -> None:
    import aqgt

    assert metadata["Version"] == aqgt.__version__


def test_the_model_wheel_holds_the_model_folder(checkout: Path, tmp_path: Path) -> None:
    project = tmp_path / "packaging" / "model-compact"
    shutil.copytree(checkout / "packaging" / "model-compact", project)
    model = tmp_path / "models" / "compact"
    model.mkdir(parents=True)
    files = {"model.safetensors", "words.safetensors", "hands.safetensors", "config.yaml", "card.md"}
    for name in files:
        (model / name).write_text(name)
    built = zipfile.ZipFile(build_wheel(project, tmp_path / "dist"))
    packed = {name for name in built.namelist() if name.startswith("aqgt_model_compact/")}
    assert packed == {f"aqgt_model_compact/{name}" for name in files | {"__init__.py"}}
