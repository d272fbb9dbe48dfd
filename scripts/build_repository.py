# SPDX-License-Identifier: GPL-3.0-or-later
"""Build an extension repository: static files that any web server can offer, dist/repository.

Blender installs the extension from the address of its index.json and from then on finds updates there.
The index is written by Blender's own tool; addresses in it are relative, so the folder can lie anywhere.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from build_extension import PLATFORMS, ROOT, BuildError, build, find_extension_tool, run

LARGEST = 15_000_000
"""Bytes that one platform's zip may have."""


def write_index(folder: Path, blender_python: Path) -> None:
    """Have Blender's tool list the zips in a folder: index.json for Blender, index.html for people."""
    tool = find_extension_tool(blender_python)
    run([*tool, "server-generate", "--repo-dir", str(folder), "--html"])


def main() -> int:
    """Build; the exit code is 0, or 1 with a sentence."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ROOT / "dist" / "repository", help="folder for the files")
    parser.add_argument("--blender-python", type=Path, default=ROOT / ".venv-blender" / "bin" / "python")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.out, ignore_errors=True)
    try:
        for path in build(list(PLATFORMS), arguments.out, arguments.blender_python, split=True):
            if path.stat().st_size > LARGEST:
                raise BuildError(f"{path.name} is larger than {LARGEST // 1_000_000} MB. Look what went in.")
        write_index(arguments.out, arguments.blender_python)
    except BuildError as error:
        print(f"make repository: {error}", file=sys.stderr)
        return 1
    print(f"    index.json and index.html: offer {arguments.out} by any web server")
    return 0


if __name__ == "__main__":
    sys.exit(main())
