# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension as it is handed out: what its zip holds, and the repository that Blender installs it from."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import re
import subprocess
import sys
import threading
import time
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.conftest import environment

LARGEST = 15_000_000
LICENCES = {
    "pyzmq": ("BSD", "Redistribution and use in source and binary forms"),
    "zeromq": ("MPL-2.0", "Mozilla Public License Version 2.0"),
    "msgpack": ("Apache-2.0", "Apache License"),
    "aqgt": ("GPL-3.0", "GNU GENERAL PUBLIC LICENSE"),
}
PYTHONS = ("3.11", "3.13")
PLATFORMS = ("linux-x64", "windows-x64", "macos-x64", "macos-arm64")


@pytest.fixture(scope="module")
def extension_zip(checkout: Path) -> Path:
    """The zip that was built last for this machine."""
    found = sorted((checkout / "dist").glob("aqgt_gestures-*.zip"), key=lambda path: path.stat().st_mtime)
    assert found, "There is no extension in dist/. Build it: make extension"
    return found[-1]


def texts_of_licences(extension: Path) -> str:
    """All licence texts in the wheels of a zip, each headed by its file's name."""
    texts = []
    with zipfile.ZipFile(extension) as outer:
        for name in outer.namelist():
            if name.endswith(".whl"):
                with outer.open(name) as file, zipfile.ZipFile(file) as wheel:
                    texts += [
                        f"== {inside}\n{wheel.read(inside).decode()}"
                        for inside in wheel.namelist()
                        if "licenses/" in inside and not inside.endswith("/")
                    ]
    return "\n".join(texts)


def test_the_zip_is_small_and_holds_the_licences_of_what_it_carries(extension_zip: Path) -> None:
    assert extension_zip.stat().st_size < LARGEST
    texts = texts_of_licences(extension_zip)
    for package, (licence, sentence) in LICENCES.items():
        found = [text for text in texts.split("== ") if package in text.split("\n", 1)[0].lower()]
        assert any(sentence in re.sub(r"\s+", " ", text) for text in found), (
            f"{package}: {licence} is missing"
        )
    with zipfile.ZipFile(extension_zip) as outer:
        assert "GNU GENERAL PUBLIC LICENSE" in outer.read("LICENSE").decode()


def check_index(folder: Path) -> list[dict]:
    """The entries of an index, after its form, its sizes and its hashes."""
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    assert index["version"] == "v1"
    assert index["blocklist"] == []
    for entry in index["data"]:
        assert entry["schema_version"] == "1.0.0"
        assert entry["id"] == "aqgt_gestures"
        assert entry["type"] == "add-on"
        assert entry["blender_version_min"] == "4.5.0"
        assert entry["license"] == ["SPDX:GPL-3.0-or-later"]
        assert set(entry["permissions"]) == {"files", "network", "clipboard"}
        assert set(PYTHONS) <= set(entry["python_versions"])
        archive = (folder / entry["archive_url"]).read_bytes()
        assert entry["archive_size"] == len(archive)
        assert entry["archive_hash"] == f"sha256:{hashlib.sha256(archive).hexdigest()}"
        with zipfile.ZipFile(folder / entry["archive_url"]) as zipped:
            manifest = tomllib.loads(zipped.read("blender_manifest.toml").decode())
        assert [entry[key] for key in ("id", "version", "name")] == [
            manifest[key] for key in ("id", "version", "name")
        ]
        assert set(entry["platforms"]) <= set(manifest["platforms"])
    return list(index["data"])


@pytest.fixture
def blender_python(checkout: Path) -> Path:
    """The Python that has Blender as a module."""
    path = checkout / ".venv-blender" / "bin" / "python"
    if not path.exists():
        pytest.skip(f"there is no Blender module at {path}: make setup")
    return path


def write_index(checkout: Path, folder: Path, blender_python: Path) -> None:
    """As `make repository` does."""
    code = (
        "import sys; from pathlib import Path\n"
        f"sys.path.insert(0, {str(checkout / 'scripts')!r})\n"
        "from build_repository import write_index\n"
        f"write_index(Path({str(folder)!r}), Path({str(blender_python)!r}))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def put(extension: Path, folder: Path, version: str) -> None:
    """Put the zip into a repository's folder under another version."""
    for old in folder.glob("*.zip"):
        old.unlink()
    with (
        zipfile.ZipFile(extension) as source,
        zipfile.ZipFile(folder / f"aqgt_gestures-{version}.zip", "w") as target,
    ):
        for name in source.namelist():
            data = source.read(name)
            if name == "blender_manifest.toml":
                data = re.sub(rb'(?m)^version = ".*"', f'version = "{version}"'.encode(), data)
            target.writestr(name, data)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address under which it is offered on this machine."""
    folder = tmp_path / "repository"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *values: object) -> None:
            """Say nothing."""

    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}/index.json"
    server.shutdown()
    server.server_close()


def test_blender_installs_and_updates_from_the_repository(
    served: tuple[Path, str], extension_zip: Path, blender_python: Path, checkout: Path, tmp_path: Path
) -> None:
    folder, address = served
    put(extension_zip, folder, "0.0.1")
    write_index(checkout, folder, blender_python)
    assert [entry["version"] for entry in check_index(folder)] == ["0.0.1"]

    script, log, go_on = (
        Path(__file__).with_name("install_from_repository.py"),
        tmp_path / "log",
        tmp_path / "go",
    )
    command = [str(blender_python), str(script), str(tmp_path / "user"), address, str(go_on)]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment())
        try:
            end = time.monotonic() + 200
            while "INSTALLED" not in log.read_text() and process.poll() is None and time.monotonic() < end:
                time.sleep(0.2)
            put(extension_zip, folder, "0.0.2")
            write_index(checkout, folder, blender_python)
            go_on.touch()
            process.wait(timeout=120)
        finally:
            process.kill()
            process.wait()
    said = {
        line.split()[0]: line.split(maxsplit=1)[1]
        for line in log.read_text().splitlines()
        if len(line.split()) > 1
    }
    assert said["INSTALLED"] == "0.0.1 True", log.read_text()
    assert said["UPDATED"] == "0.0.2 True", log.read_text()
    assert said["FOUND"] == "bl_ext.studio.aqgt_gestures False", (
        "what `aqgt` starts Blender with finds it, too"
    )
    assert said["OLDER"] == "The extension in this Blender is version 0.0.2, not 0.0.3."
    assert all("/extensions/.local/" in path for path in said["FROM"].split()), said
    assert said["OFFLINE"].startswith("False FAILED No engine listens"), said


@pytest.mark.soak
def test_a_repository_of_every_platform(checkout: Path, blender_python: Path, tmp_path: Path) -> None:
    """Asks the package index for the wheels of each platform and Python."""
    command = [sys.executable, str(checkout / "scripts/build_repository.py"), "--out", str(tmp_path)]
    done = subprocess.run(
        [*command, "--blender-python", str(blender_python)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sorted(entry["platforms"] for entry in check_index(tmp_path)) == sorted(
        [name] for name in PLATFORMS
    )
    for path in tmp_path.glob("*.zip"):
        print(f"{path.name} {path.stat().st_size / 1e6:.1f} MB")
        assert path.stat().st_size < LARGEST
        texts = texts_of_licences(path)
        assert all(sentence in re.sub(r"\s+", " ", texts) for _, sentence in LICENCES.values())
