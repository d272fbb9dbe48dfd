# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model's folder says of its training: ``training.json``, which card and evaluation read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aqgt.errors import AqgtError
from aqgt.formats.files import parse_json, read_text
from aqgt.models.registry import folder_of

FACTS = "training.json"


def corpus_facts(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What of a corpus's manifest the card shows."""
    info = manifest.get("info", {})
    return {
        "kind": info.get("kind", "unknown"),
        "sha256": manifest.get("sha256", ""),
        "performers_held_out": list(info.get("held_out", {}).get("performers", ())),
        "splits": {
            name: {"seconds": split.get("seconds", 0), "clips": split.get("clips", 0)}
            for name, split in manifest.get("splits", {}).items()
        },
    }


def write_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    """Writes them into a model's folder."""
    text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
    (folder / FACTS).write_text(text, encoding="utf-8")


def read_facts(folder: Path) -> dict[str, Any]:
    """What a model's folder says of its training.

    Raises:
        AqgtError: the folder holds no such file, or one that is none.
    """
    path = folder / FACTS
    if not path.is_file():
        raise AqgtError(
            f"“{folder}” does not say how the model was trained.",
            f"Run its recipe again, which writes {FACTS} and trains nothing twice.",
            "no-facts",
        )
    facts = parse_json(read_text(path), f"“{path}”")
    if not isinstance(facts, dict) or not {"recipe", "corpus", "training"} <= facts.keys():
        raise AqgtError(f"“{path}” says nothing of a training.", "Run the recipe again.", "bad-file")
    return facts


def recorded_recipe(model: str) -> str | None:
    """Name of the recipe that a model was trained by, where its folder tells."""
    folder = folder_of(model)
    if folder is None or not (folder / FACTS).is_file():
        return None
    return str(read_facts(folder)["recipe"]) or None
