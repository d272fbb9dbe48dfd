# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation: the site builds without a broken link, and quoted messages are those of the code."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = ("blender_addon", "engine/aqgt/protocol", "engine/aqgt/service", "engine/aqgt/speech")


def text_of(node: ast.AST) -> str:
    """A string in the source, with … for what is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return "…"


def sentences(checkout: Path) -> set[str]:
    """Every string in the code that can raise an error in Blender."""
    return {
        text_of(node)
        for source in SOURCES
        for path in (checkout / source).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant | ast.JoinedStr)
    }


def test_troubleshooting_quotes_messages_that_exist(checkout: Path) -> None:
    page = (checkout / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^\| \*\*(.+?)\*\* \|", page, re.MULTILINE)
    assert len(quoted) > 30
    assert not sorted(set(quoted) - sentences(checkout))


def test_the_site_is_built_without_a_broken_link(checkout: Path, tmp_path: Path) -> None:
    if importlib.util.find_spec("mkdocs") is None:
        pytest.skip("MkDocs is not installed: make docs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    front = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert 'href="tour.html"' in front
    assert not re.search(r'(?:src|href)="https?://fonts\.', front), "the site asks no other server for fonts"
