# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that `aqgt` starts Blender with; it runs before anything of the extension can be imported.

    blender --background --python entry.py -- JOB.json
    python entry.py JOB.json                              (a Python that has Blender as a module)

It installs the extension where it is missing or differs from the built zip, runs the job and writes the
result file that the job names.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import threading
import tomllib
import traceback
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

ID = "aqgt_gestures"
INSTALL_INTO = "user_default"
PROGRESS = "AQGT-PROGRESS "
AGAIN = 75


class RefusedError(Exception):
    """Sentence, next step and code, where `AqgtError` cannot be imported yet."""


def main() -> int:
    """Run the job; the exit code counts only where no result file is written."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    envelope = json.loads(Path(sys.argv[-1]).read_text(encoding="utf-8"))
    try:
        loaded_before = "aqgt" in sys.modules
        if ensure_extension(envelope["extension_zip"], envelope["version"]) and loaded_before:
            return AGAIN
        extension, _ = find()
        enable(extension)
        registry = importlib.import_module(f"{extension}.headless.registry")
        answer = {"value": registry.run(envelope["job"], progress)}
    except Exception as error:
        answer = {"error": _as_error(error)}
    result = Path(envelope["result"])
    unfinished = result.with_suffix(".part")
    unfinished.write_text(json.dumps(answer), encoding="utf-8")
    unfinished.replace(result)
    return 0


def progress(share: float, text: str) -> None:
    """One line for whoever started this Blender."""
    print(PROGRESS + json.dumps({"share": share, "text": text}), flush=True)


def find() -> tuple[str, Path]:
    """The extension's full name and folder, in whichever repository it comes from; an enabled one first.

    Where it is not installed, the name and folder that installing from a zip gives it.
    """
    preferences = bpy.context.preferences
    places = [
        (f"bl_ext.{repository.module}.{ID}", Path(repository.directory) / ID)
        for repository in preferences.extensions.repos
        if repository.enabled
    ]
    there = [place for place in places if _version(place[1]) is not None]
    there.sort(key=lambda place: place[0] not in preferences.addons)
    folder = Path(bpy.utils.user_resource("EXTENSIONS")) / INSTALL_INTO / ID
    return there[0] if there else (f"bl_ext.{INSTALL_INTO}.{ID}", folder)


def ensure_extension(zip_file: str | None, version: str) -> bool:
    """Install the extension where it is missing, older, or of the same version but other content.

    Returns:
        Whether it was installed.

    Raises:
        RefusedError: it is needed and there is no zip.
    """
    with _lock():
        extension, folder = find()
        found = _version(folder)
        if not extension.startswith(f"bl_ext.{INSTALL_INTO}."):  # its own repository updates it
            if found is not None and _numbers(found) < _numbers(version):
                raise RefusedError(
                    f"The extension in this Blender is version {found}, not {version}.",
                    "Update it in Blender, under Preferences, Get Extensions.",
                    "no-extension",
                )
            return False
        if zip_file is None or not Path(zip_file).is_file():
            if found is None or _numbers(found) < _numbers(version):
                state = "is not installed" if found is None else f"is version {found}, not {version},"
                raise RefusedError(
                    f"The extension {state} in this Blender, and there is no built one to install.",
                    "Build it with `make extension`, or name its zip in $AQGT_EXTENSION.",
                    "no-extension",
                )
            return False
        if found is not None and (_numbers(found) > _numbers(version) or _same(folder, Path(zip_file))):
            return False
        bpy.ops.extensions.package_install_files(
            filepath=zip_file, repo=INSTALL_INTO, enable_on_install=False, overwrite=True
        )
        if _version(find()[1]) is None:
            raise RefusedError(
                f"Blender did not install the extension in “{zip_file}”.",
                "Build it again with `make extension`.",
                "no-extension",
            )
        return True


def enable(extension: str) -> None:
    """Enable the extension of this full name for this process."""
    import addon_utils

    if extension in bpy.context.preferences.addons:
        return
    addon_utils.enable(extension, default_set=True)
    if extension not in bpy.context.preferences.addons:
        raise RefusedError(
            "Blender could not enable the extension.",
            "Look at the messages of Blender above, or install the extension again.",
            "no-extension",
        )


def _same(folder: Path, zip_file: Path) -> bool:
    """Whether what is installed is what lies in the zip."""
    with zipfile.ZipFile(zip_file) as archive:
        for entry in archive.infolist():
            installed = folder / entry.filename
            if entry.is_dir():
                continue
            if not installed.is_file() or installed.stat().st_size != entry.file_size:
                return False
            if zlib.crc32(installed.read_bytes()) != entry.CRC:
                return False
    return True


def _version(folder: Path) -> str | None:
    manifest = folder / "blender_manifest.toml"
    if not manifest.is_file():
        return None
    return str(tomllib.loads(manifest.read_text(encoding="utf-8"))["version"])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    """One process at a time may install into this user's folder."""
    folder = Path(bpy.utils.user_resource("EXTENSIONS", create=True))
    with (folder / ".aqgt-lock").open("a+b") as file:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _as_error(error: Exception) -> dict[str, Any]:
    if hasattr(error, "sentence"):  # an AqgtError, whose class may come from another copy of the package
        return {"sentence": error.sentence, "next_step": error.next_step, "code": error.code}
    if isinstance(error, RefusedError):
        sentence, next_step, code = error.args
        return {"sentence": sentence, "next_step": next_step, "code": code}
    traceback.print_exc()
    place = traceback.extract_tb(error.__traceback__)[-1]
    return {
        "sentence": f"Blender's part failed ({type(error).__name__}: {str(error).strip()}).",
        "next_step": f"It happened in {Path(place.filename).name}, line {place.lineno}; please report it.",
        "code": "blender-internal",
    }


def _end_with_parent() -> None:
    # The descriptor itself: a thread inside sys.stdin's buffer would hold a lock at exit.
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Blender 4.5 can hang while Python shuts down; everything is written by now.
    os._exit(code)
