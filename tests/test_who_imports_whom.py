# SPDX-License-Identifier: GPL-3.0-or-later
"""Import rules that import-linter can't see: neither the extension nor the scripts are installed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SHARED_WITH_BLENDER = {
    "annotations", "annotation_channels", "annotation_spans", "annotation_track", "markers",
    "errors", "gesture_forms", "motion", "resources", "rotations", "skeleton", "skeleton_pose", "splice",
    "words", "formats", "protocol", "retarget",
}  # fmt: skip
ENGINE_ONLY = {"torch", "librosa", "scipy", "pydantic", "yaml", "typer", "rich", "safetensors", "av"}
BLENDER_API = {"bpy", "mathutils", "aud", "bpy_extras", "gpu", "bmesh"}


def imports(source: str) -> Iterator[str]:
    """The dotted names that a module imports, `from a import b` as `a.b`; relative imports are left out."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_below(folder: Path) -> Iterator[tuple[str, str]]:
    """(file, imported name) for every Python file below a folder."""
    for path in sorted(folder.rglob("*.py")):
        for name in imports(path.read_text(encoding="utf-8")):
            yield path.name, name


def engine_part(name: str) -> str | None:
    """Of `aqgt.protocol.client`: `protocol`. Of anything outside aqgt: None."""
    parts = name.split(".")
    return parts[1] if parts[0] == "aqgt" and len(parts) > 1 else None


def test_the_extension_imports_only_what_its_zip_carries(checkout: Path) -> None:
    found = list(imports_below(checkout / "blender_addon"))
    assert any(engine_part(name) for _, name in found), "the extension uses the shared vocabulary"
    parts = {(file, part) for file, name in found if (part := engine_part(name)) and part != "__version__"}
    assert {(file, part) for file, part in parts if part not in SHARED_WITH_BLENDER} == set()
    assert {
        (file, name) for file, name in found if name.split(".")[0] in ENGINE_ONLY | {"aqgt_training"}
    } == set()


def test_only_the_extension_imports_bpy(checkout: Path) -> None:
    """Beside it only the demo's scripts, which Blender itself runs as it runs a user's."""
    found = [
        (folder, file, name)
        for folder in ("engine", "training", "scripts")
        for file, name in imports_below(checkout / folder)
        if name.split(".")[0] in BLENDER_API and (folder, file[:5]) != ("scripts", "demo_")
    ]
    assert found == []


def test_only_the_scene_folder_asks_for_the_blender_version(checkout: Path) -> None:
    addon = checkout / "blender_addon"
    asking = {
        path.relative_to(addon).parts[0]
        for path in addon.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"version", "version_string"}
        and ast.unparse(node.value) in {"bpy.app", "app"}
    }  # fmt: skip
    assert asking <= {"scene"}
