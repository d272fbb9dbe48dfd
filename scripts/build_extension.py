# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the Blender extension: dist/aqgt_gestures-VERSION-PLATFORM.zip.

The zip carries the add-on and, as wheels, everything that Blender does not ship: aqgt itself, pyzmq, msgpack.
Blender unpacks the wheels that fit its Python; nothing is installed or downloaded at run time.

    build_extension.py                   for this machine
    build_extension.py --all-platforms   one zip each for Linux, Windows and macOS (Intel and Apple)
"""

from __future__ import annotations

import argparse
import platform
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "blender_addon"
WHEEL_CACHE = ROOT / "build" / "wheels"
STAGE = ROOT / "build" / "extension"

PYTHONS = ("311", "313", "314")
"""Blender 4.5 and 5.0 run on Python 3.11, 5.1 and later on 3.13, some distributions' on 3.14."""
REQUIRED_PYTHONS = ("311", "313")
BINARY_PACKAGES = ("pyzmq", "msgpack")
PACKAGES = ("_data", "formats", "protocol", "retarget")
"""What the extension needs of `aqgt`, beside its own modules: packages, and the files that are read."""
VOCABULARY = "aqgt/planner/rules/gesture_forms.json"
"""The one file among them that lies in the planner."""


@dataclass(frozen=True)
class Platform:
    """One platform: Blender's name for it, and the tags of the wheels that run there, best first."""

    name: str
    tags: tuple[str, ...]


PLATFORMS = {
    p.name: p
    for p in (
        Platform("linux-x64", ("manylinux_2_28_x86_64", "manylinux_2_26_x86_64", "manylinux2014_x86_64")),
        Platform("windows-x64", ("win_amd64",)),
        # macOS 11 is the oldest that Blender 4.5 runs on; 4.5 is also its last release for Intel.
        Platform("macos-x64", ("macosx_11_0_x86_64",)),
        Platform("macos-arm64", ("macosx_11_0_arm64",)),
    )
}


class BuildError(Exception):
    """A sentence for the person who builds: what is wrong and what to do."""


def current_platform() -> str:
    """Blender's name of the platform this script runs on."""
    system = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}.get(platform.system(), "")
    machine = {"x86_64": "x64", "AMD64": "x64", "arm64": "arm64"}.get(platform.machine(), "")
    name = f"{system}-{machine}"
    if name not in PLATFORMS:
        raise BuildError(
            f"There is no zip for {platform.system()} on {platform.machine()}. "
            f"Name one of {', '.join(PLATFORMS)} with --platform."
        )
    return name


def check_version() -> str:
    """The version in the manifest, which must be that of the package inside the zip."""
    manifest = tomllib.loads((SOURCE / "blender_manifest.toml").read_text(encoding="utf-8"))
    package = (ROOT / "engine" / "aqgt" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"', package, re.MULTILINE)
    if found is None or found[1] != manifest["version"]:
        raise BuildError(
            f"The manifest says {manifest['version']}, engine/aqgt/__init__.py {found and found[1]}. "
            "Write the same version into both."
        )
    return str(manifest["version"])


def build_project_wheel(folder: Path) -> Path:
    """The wheel of the project itself, base dependencies only; pure Python, so one fits all platforms."""
    shutil.rmtree(folder, ignore_errors=True)
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)])
    wheels = list(folder.glob("aqgt-*.whl"))
    if len(wheels) != 1:
        raise BuildError(
            f"The build left {len(wheels)} wheels in {folder}. Remove the folder and build again."
        )
    return slim(wheels[0])


def slim(wheel: Path) -> Path:
    """Leave out of the project's wheel, in place, what never runs inside Blender, and its lines in RECORD.

    Blender unpacks the wheel while it enables the extension and shows nothing meanwhile: each file counts.
    """
    whole = wheel.with_suffix(".whole")
    wheel.rename(whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if not _runs_in_blender(entry.filename):
                continue
            data = old.read(entry)
            if entry.filename.endswith(".dist-info/RECORD"):
                lines = data.decode("utf-8").splitlines(keepends=True)
                data = "".join(line for line in lines if _runs_in_blender(line.split(",")[0])).encode("utf-8")
            new.writestr(entry, data)
    whole.unlink()
    return wheel


def _runs_in_blender(name: str) -> bool:
    top, _, rest = name.partition("/")
    package, _, deeper = rest.partition("/")
    ours = top == "aqgt" and (not deeper or package in PACKAGES)
    return ours or name == VOCABULARY or top.endswith(".dist-info")


def binary_wheels(target: Platform) -> list[Path]:
    """The wheels of pyzmq and msgpack for one platform and every Python, from the cache or the registry."""
    found: dict[str, Path] = {}
    for python in PYTHONS:
        folder = WHEEL_CACHE / target.name / python
        if len(list(folder.glob("*.whl"))) < len(BINARY_PACKAGES) and not download(target, python, folder):
            if python in REQUIRED_PYTHONS:
                raise BuildError(
                    f"The wheels for {target.name}, Python {python}, could not be downloaded. "
                    "Check the connection to the package registry and build again."
                )
            print(f"    no wheels for {target.name}, Python {python}: left out")
            continue
        # One abi3 wheel serves several Pythons: equal names are one file.
        found.update({wheel.name: wheel for wheel in folder.glob("*.whl")})
    return sorted(found.values())


def download(target: Platform, python: str, folder: Path) -> bool:
    """Fetch the wheels of one platform and Python; False where the registry has none."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--only-binary=:all:", "--no-deps", "--dest", str(folder)]
    command += ["--implementation", "cp", "--python-version", python, "--abi", f"cp{python}", "--abi", "abi3"]
    for tag in target.tags:
        command += ["--platform", tag]
    print(f"    pyzmq and msgpack for {target.name}, Python 3.{python[1:]}", flush=True)
    done = subprocess.run([*command, *requirements()], capture_output=True, text=True)
    if done.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        print("\n".join(done.stderr.splitlines()[-2:]), file=sys.stderr)
    return done.returncode == 0


def requirements() -> list[str]:
    """What pyproject.toml says of the binary packages, so that the zip and the package never differ."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [line for line in project["dependencies"] if re.match(r"[\w-]+", line)[0] in BINARY_PACKAGES]  # type: ignore[index]
    if len(wanted) != len(BINARY_PACKAGES):
        raise BuildError(f"pyproject.toml must depend on {' and '.join(BINARY_PACKAGES)}.")
    return wanted


def stage(targets: list[Platform], project_wheel: Path) -> None:
    """Lay the add-on, its licence and its wheels into one folder, with a complete manifest."""
    shutil.rmtree(STAGE, ignore_errors=True)
    shutil.copytree(SOURCE, STAGE, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    shutil.copy2(ROOT / "LICENSE", STAGE / "LICENSE")
    (STAGE / "wheels").mkdir()
    wheels = {project_wheel.name: project_wheel}
    for target in targets:
        wheels.update({wheel.name: wheel for wheel in binary_wheels(target)})
    for wheel in wheels.values():
        shutil.copy2(wheel, STAGE / "wheels" / wheel.name)
    manifest = STAGE / "blender_manifest.toml"
    manifest.write_text(
        complete_manifest(manifest.read_text(encoding="utf-8"), [t.name for t in targets], sorted(wheels)),
        encoding="utf-8",
    )


def complete_manifest(text: str, platforms: list[str], wheels: list[str]) -> str:
    """The manifest with its lists of platforms and wheels, which must come before the first table."""
    lists = "platforms = [" + ", ".join(f'"{name}"' for name in platforms) + "]\n"
    lists += "wheels = [\n" + "".join(f'  "./wheels/{name}",\n' for name in wheels) + "]\n\n"
    head, table, tail = text.partition("[permissions]")
    if not table:
        raise BuildError("blender_manifest.toml has no [permissions]. Restore the table.")
    return head + lists + table + tail


def find_extension_tool(blender_python: Path) -> list[str]:
    """The command of Blender's own tool that builds and validates extensions."""
    environment = blender_python.parent.parent
    pattern = "bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py"
    tools = [
        *environment.glob(f"lib/python*/site-packages/{pattern}"),
        *environment.glob(f"Lib/site-packages/{pattern}"),
    ]
    if not tools:
        raise BuildError(
            f"There is no Blender module in {environment}. "
            "Run `make setup`, or name its Python with --blender-python."
        )
    return [str(blender_python), str(tools[0])]


def build_zips(tool: list[str], out: Path, version: str, split: bool) -> list[Path]:
    """Let Blender's tool zip the staged folder, then validate what it made."""
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("aqgt_gestures-*.zip"):
        old.unlink()
    command = [*tool, "build", "--source-dir", str(STAGE), "--output-dir", str(out)]
    run([*command, "--split-platforms"] if split else command)
    for path in out.glob(f"aqgt_gestures-{version}*.zip"):
        if split is False:
            path = path.rename(out / f"aqgt_gestures-{version}-{current_name()}.zip")
        run([*tool, "validate", str(path)])
    return sorted(out.glob(f"aqgt_gestures-{version}*.zip"))


def current_name() -> str:
    """The platform in the staged manifest, as Blender's tool would write it into a file name."""
    manifest = tomllib.loads((STAGE / "blender_manifest.toml").read_text(encoding="utf-8"))
    return str(manifest["platforms"][0]).replace("-", "_")


def run(command: list[str]) -> None:
    """Run quietly; what the command said is shown only where it failed."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise BuildError(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")


def build(names: list[str], out: Path, blender_python: Path, split: bool) -> list[Path]:
    """One zip for all the named platforms, or one for each, in ``out``.

    Raises:
        BuildError: what is wrong and what to do.
    """
    version = check_version()
    tool = find_extension_tool(blender_python)
    print(f"==> extension {version} for {', '.join(names)}", flush=True)
    stage([PLATFORMS[name] for name in names], build_project_wheel(WHEEL_CACHE / "aqgt"))
    zips = build_zips(tool, out, version, split)
    for path in zips:
        shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        print(f"    {shown} ({path.stat().st_size / 1e6:.1f} MB)")
    return zips


def main() -> int:
    """Build; the exit code is 0, or 1 with a sentence."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all-platforms", action="store_true", help="one zip for every platform")
    parser.add_argument("--platform", choices=sorted(PLATFORMS), help="another platform than this one")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for the zip")
    parser.add_argument("--blender-python", type=Path, default=ROOT / ".venv-blender" / "bin" / "python")
    arguments = parser.parse_args()
    try:
        names = list(PLATFORMS) if arguments.all_platforms else [arguments.platform or current_platform()]
        build(names, arguments.out, arguments.blender_python, split=arguments.all_platforms)
    except BuildError as error:
        print(f"make extension: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
