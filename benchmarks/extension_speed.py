# SPDX-License-Identifier: GPL-3.0-or-later
"""Time that the extension takes in Blender's window: enabling, drawing its tab, drawing 2,000 words.

    make extension && .venv/bin/python benchmarks/extension_speed.py

Needs the folder with Debian sid that `make test-gui` makes ($AQGT_GUI_ROOT, else ~/.cache/aqgt/debian-sid).
Draws are timed in Python, on a software renderer; a busy machine only adds.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from tests.gui.window import newest_zip, run_scenario  # noqa: E402


def main() -> int:
    """Run both scenarios and print what they measured."""
    root = Path(os.environ.get("AQGT_GUI_ROOT", Path.home() / ".cache" / "aqgt" / "debian-sid"))
    if not root.is_dir():
        print(f"There is no {root}. Run `make test-gui` first.", file=sys.stderr)
        return 1
    told: list[str] = []
    for scenario in ("speed", "speech"):
        with tempfile.TemporaryDirectory(prefix="aqgt-speed-") as folder:
            shutil.copy(CHECKOUT / "examples/voice/sense_and_sensibility.wav", Path(folder) / "voice.wav")
            told += run_scenario(root, newest_zip(), Path(folder), scenario).splitlines()
    print("enabling: seconds of the clock, and of the processor; just installed, then with compiled modules")
    print("panels and the whole tab, milliseconds per draw: median, 95th percentile, slowest by the clock;")
    print("the same of the processor's time, which other programs do not add to")
    print(
        "words, by editor and view: draws, then milliseconds: fastest, median, 95th percentile, slowest; both"
    )
    print(*(line for line in told if line.startswith(("ENABLED", "PANEL ", "TAB ", "TIMES "))), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
