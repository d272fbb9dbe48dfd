# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the project's Python environments; `make setup` calls this with the standard library alone.

    setup_environment.py engine --torch cpu|cuda   .venv: the engine, installed editable
    setup_environment.py development               .venv: what training, tests and lint need besides
    setup_environment.py docs                      .venv: what builds the documentation
    setup_environment.py blender                   .venv-blender: Blender as a module and nothing of ours
    setup_environment.py blender-tests             .venv-blender: the test runner besides
    setup_environment.py video                     .venv-video: what tracks people in videos, nothing of ours

Blender's environment holds no copy of the project: there the extension must run from the wheels in its zip.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import tomllib
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENGINE = ROOT / ".venv"
BLENDER = ROOT / ".venv-blender"
VIDEO = ROOT / ".venv-video"

# PyTorch's own index of builds without CUDA: 190 MB instead of several GB.
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
# One version for everybody who uses `make setup`; the package itself accepts the range in pyproject.toml.
TORCH = "torch==2.13.0"
PROBE_SECONDS = 4.0


def main() -> int:
    """Make what the arguments name; the exit code is 0, or 1 with a sentence that says what to do."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "part", choices=["engine", "development", "docs", "blender", "blender-tests", "video"]
    )
    parser.add_argument("--torch", choices=["cpu", "cuda"], default="cpu")
    arguments = parser.parse_args()
    parts = {
        "engine": lambda: make_engine(arguments.torch),
        "development": make_development,
        "docs": make_docs,
        "blender": make_blender,
        "blender-tests": make_blender_tests,
        "video": make_video,
    }
    begin = time.monotonic()
    try:
        parts[arguments.part]()
    except SetupError as error:
        print(f"make setup: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"make setup: pip ended with code {error.returncode}; its last lines say why.", file=sys.stderr)
        return 1
    print(f"    done in {time.monotonic() - begin:.0f} s", flush=True)
    return 0


class SetupError(Exception):
    """A sentence for the user: what is missing and what to do."""


def make_engine(torch: str) -> None:
    """`.venv` with PyTorch and the engine."""
    print(
        "==> .venv: PyTorch and the engine (about 1 GB on disk, one to five minutes by your connection)",
        flush=True,
    )
    python = make_venv(ENGINE)
    install_torch(python, torch)
    # The build backend stays installed, so that building wheels later needs no network.
    pip(python, "-e", f"{ROOT}[engine]", *requirements("dev", r"hatchling|build"))


def make_development() -> None:
    """The tools of training, tests and lint, into `.venv`."""
    print("==> .venv: tools for training, tests and lint (0.7 GB more, two to four minutes)", flush=True)
    python = venv_python(ENGINE)
    compiler = shutil.which("g++") or shutil.which("clang++") or shutil.which("cl")
    if not compiler and not installed_version(python, "fasttext"):
        raise SetupError(
            "the training tools compile fastText, and there is no C++ compiler. "
            "Install one (Debian: apt-get install g++ python3.11-dev) and try again."
        )
    pip(python, "-e", f"{ROOT}[engine,training,cluster,dev]")


def make_docs() -> None:
    """What builds the site of the documentation, into `.venv`."""
    print("==> .venv: what builds the documentation", flush=True)
    pip(venv_python(ENGINE), *requirements("docs", r"mkdocs-material"))


def make_blender() -> None:
    """`.venv-blender` with the bpy wheel."""
    print("==> .venv-blender: Blender as a Python module (about 1 GB on disk, about a minute)", flush=True)
    if sys.version_info[:2] != (3, 11):
        found = ".".join(map(str, sys.version_info[:2]))
        raise SetupError(
            f"Blender's module needs Python 3.11 exactly, and this is {found}. "
            "Install Python 3.11 and name it: make setup PYTHON=/path/to/python3.11"
        )
    pip(make_venv(BLENDER), *requirements("blender", "bpy"))


def make_blender_tests() -> None:
    """The test runner, into `.venv-blender`."""
    print("==> .venv-blender: the test runner", flush=True)
    pip(venv_python(BLENDER), *requirements("dev", r"pytest(-timeout)?"))


def make_video() -> None:
    """`.venv-video` with MediaPipe, which wants older versions of numpy and protobuf than the rest."""
    print("==> .venv-video: tools for tracking videos (1.2 GB on disk, about a minute)", flush=True)
    pip(make_venv(VIDEO), *requirements("video", ".*"))


def make_venv(folder: Path) -> Path:
    """Create the environment unless it is there; returns its Python."""
    python = venv_python(folder)
    if not python.exists():
        if importlib.util.find_spec("ensurepip") is None:
            raise SetupError("this Python can't make environments (Debian: apt-get install python3.11-venv).")
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return python


def venv_python(folder: Path) -> Path:
    """The Python inside an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def requirements(extra: str, names: str) -> list[str]:
    """The requirements of one extra in pyproject.toml whose package name matches `names` wholly."""
    with open(ROOT / "pyproject.toml", "rb") as file:
        listed = tomllib.load(file)["project"]["optional-dependencies"][extra]
    found = [line for line in listed if re.fullmatch(names, re.split(r"[^\w.-]", line)[0])]
    if not found:
        raise SetupError(f"pyproject.toml lists nothing like “{names}” in the extra “{extra}”.")
    return found


def install_torch(python: Path, kind: str) -> None:
    """Install the pinned PyTorch of the wished kind, unless it is there."""
    version, _, build = installed_version(python, "torch").partition("+")
    if kind == "cuda" and build == "cpu":  # pip takes the two for the same version, so it has to go first
        subprocess.run([python, "-m", "pip", "uninstall", "-q", "-y", "torch"], check=True)
    elif f"torch=={version}" == TORCH and (kind == "cuda" or build == "cpu"):
        return
    if kind == "cpu" and reachable(f"{TORCH_CPU_INDEX}/torch/"):
        pip(python, "--extra-index-url", TORCH_CPU_INDEX, TORCH)
        return
    if kind == "cpu":
        print("    PyTorch's CPU index can't be reached; taking PyTorch from your package index,", flush=True)
        print("    which may bring CUDA's libraries (several GB).", flush=True)
    pip(python, TORCH)


def installed_version(python: Path, package: str) -> str:
    """The version of a package in an environment, or an empty string."""
    command = [str(python), "-c", f"import importlib.metadata as m; print(m.version({package!r}))"]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()


def reachable(url: str) -> bool:
    """Whether the address answers within a few seconds, name resolution included."""
    answers: list[bool] = []

    def probe() -> None:
        with contextlib.suppress(OSError, ValueError), urllib.request.urlopen(url, timeout=PROBE_SECONDS):
            answers.append(True)

    # A thread, because the time-out of a socket does not cover the look-up of its name.
    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS)
    return bool(answers)


def pip(python: Path, *arguments: str) -> None:
    """`pip install` into an environment; its warnings are dropped, its errors shown."""
    command = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True, cwd=ROOT, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
