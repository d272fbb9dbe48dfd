# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of words for the tests, and what the list holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

SRT = "1\n00:00:00,500 --> 00:00:02,500\nHello world\n\n2\n00:00:03,000 --> 00:00:04,000\nBye\n"


def rows(group: Any = None) -> list[tuple[str, float, float, bool]]:
    """The list of the strip's sound as plain values."""
    group = group or bpy.data.sounds[0].aqgt_words
    return [(row.text, round(row.start, 3), round(row.end, 3), row.estimated) for row in group.words]


def put(tmp_path: Path, name: str, text: str) -> str:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return str(tmp_path / name)


def load_srt(tmp_path: Path) -> None:
    bpy.ops.aqgt.transcript_import(filepath=put(tmp_path, "said.srt", SRT))
