# SPDX-License-Identifier: GPL-3.0-or-later
"""Build hook: puts the project's data files into the wheel, where `aqgt.resources` finds them.

An editable installation gets none of them: it reads the checkout, and a second copy would go stale.
The demo characters stay out of the wheel: the extension carries it, and nobody but the demo needs them.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DATA_FOLDERS = ("rigs", "configs")
LEFT_OUT = ("rigs/characters/",)
DATA_FILES = ("blender_addon/headless/entry.py",)
"""What `aqgt` starts Blender with, before the extension can be imported."""


class DataFiles(BuildHookInterface):
    """Maps `rigs/` and `configs/` to `aqgt/_data/`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add every data file to what the wheel includes (`version` is "standard" or "editable")."""
        if version == "editable":
            return
        root = Path(self.root)
        for name in DATA_FILES:
            build_data["force_include"][str(root / name)] = f"aqgt/_data/{name}"
        for folder in DATA_FOLDERS:
            for path in sorted((root / folder).rglob("*")):
                relative = path.relative_to(root).as_posix()
                if path.is_file() and not relative.startswith(LEFT_OUT):
                    build_data["force_include"][str(path)] = f"aqgt/_data/{relative}"
