# SPDX-License-Identifier: GPL-3.0-or-later
"""Presets: those that ship with aqgt, and the user's own, one JSON file each in a folder of the user.

An *annotation preset* is what one annotation says: hand, labels, length. A *request preset* changes the
annotations of a whole clip when it is generated; the engine applies it (see docs/presets.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from aqgt import resources
from aqgt.annotations import CHANNELS, Channel
from aqgt.errors import AqgtError
from aqgt.markers import ParsedMarker, print_marker

from .. import preferences

ANNOTATION, REQUEST = "annotation", "request"
OWN = "user:"
"""What the ids of the user's request presets begin with; the others are names of shipped ones."""
_KEYS = {
    ANNOTATION: {"side", "rest", "length", "labels"},
    REQUEST: {"text", "audio", "rules"},
}
_SHARED_KEYS = {"kind", "title", "description"}
_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Preset:
    """One preset of the user.

    Attributes:
        name: of its file, without the ending.
        kind: `ANNOTATION` or `REQUEST`.
        title: for people.
        description: what it does, in a sentence.
        values: the keys of its kind.
    """

    name: str
    kind: str
    title: str
    description: str
    values: Mapping[str, Any]

    def content(self) -> ParsedMarker:
        """What an annotation preset says."""
        return ParsedMarker(
            None,
            self.values.get("side", "both"),
            dict(self.values.get("labels", {})),
            bool(self.values.get("rest", False)),
            self.values.get("length") or None,
        )


Item = tuple[str, str, str]
_read: dict[Path, tuple[tuple[int, int], Preset | AqgtError]] = {}
_shipped: list[Item] = []
_items: dict[str, list[Item]] = {}


def folder() -> Path:
    """Where the user's presets lie: the folder named in the preferences, else one of the extension's."""
    named = preferences.get().presets_folder
    return Path(bpy.path.abspath(named)) if named else preferences.user_folder("presets")


def own_presets(kind: str) -> list[Preset]:
    """The user's presets of a kind by title; files that are none are left out (`problems` names them)."""
    found = [entry for entry in _entries() if isinstance(entry, Preset) and entry.kind == kind]
    return sorted(found, key=lambda preset: preset.title.casefold())


def problems() -> list[str]:
    """A sentence for each file in the folder that is no preset."""
    return [str(entry) for entry in _entries() if isinstance(entry, AqgtError)]


def request_presets() -> list[Item]:
    """Every preset a request may name, as (id, title, what it does): ours, then the user's own.

    The list fits the items of an EnumProperty; it stays alive until the next call that finds a change.
    """
    return _kept("request", [*_shipped_presets(), *_own_items(REQUEST, OWN)])


def load_request_preset(id: str) -> str | dict[str, Any]:
    """A preset as `GenerateRequest.preset` takes it: the name of ours, or the keys of the user's own.

    Raises:
        AqgtError: there is no such preset.
    """
    if not id.startswith(OWN):
        if id not in [name for name, _, _ in _shipped_presets()]:
            raise AqgtError(f"There is no preset “{id}”.", "Choose one of the list.", "no-preset")
        return id
    preset = find(REQUEST, id.removeprefix(OWN))
    return {"title": preset.title, **preset.values}


def annotation_items() -> list[Item]:
    """The user's annotation presets as items of an EnumProperty."""
    return _kept("annotation", _own_items(ANNOTATION, ""))


def find(kind: str, name: str) -> Preset:
    """One of the user's presets.

    Raises:
        AqgtError: there is none of that name.
    """
    for preset in own_presets(kind):
        if preset.name == name:
            return preset
    raise AqgtError(f"There is no preset “{name}”.", "Choose one of the list, or save one.", "no-preset")


def annotation_values(content: ParsedMarker) -> dict[str, Any]:
    """The keys of an annotation preset that says what a marker says."""
    values: dict[str, Any] = {"side": content.side, "labels": dict(content.labels)}
    if content.rest:
        values["rest"] = True
    if content.duration:
        values["length"] = content.duration
    return values


def request_values(content: ParsedMarker) -> dict[str, Any]:
    """The keys of a request preset that says in every frame what a marker says."""
    named = content.at(0.0).channels()
    return {"rules": [{"channels": [channel.key], "to": label} for channel, label in named]}


def save(kind: str, title: str, description: str, values: Mapping[str, Any]) -> Preset:
    """Write one of the user's presets; one of that title is replaced.

    Raises:
        AqgtError: the title is empty, a value is not allowed, or the file can't be written.
    """
    name = re.sub(r"[^\w-]+", "-", title.strip(), flags=re.ASCII).strip("-").lower()
    if not name:
        raise AqgtError("The preset has no name.", "Give it one with letters or digits.", "bad-preset")
    document = {"kind": kind, "title": title.strip(), "description": description.strip(), **values}
    preset = parse(document, name)
    write_file(folder() / f"{name}.json", preset)
    return preset


def write_file(path: Path, preset: Preset) -> None:
    """Write a preset to any file.

    Raises:
        AqgtError: it can't be written.
    """
    document = {"kind": preset.kind, "title": preset.title, "description": preset.description}
    text = json.dumps({**document, **preset.values}, indent=2, ensure_ascii=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise AqgtError(
            f"“{path}” cannot be written ({error.strerror}).", "Choose another folder.", "no-write"
        ) from None


def delete(preset: Preset) -> None:
    """Delete the file of one of the user's presets."""
    (folder() / f"{preset.name}.json").unlink(missing_ok=True)


def read_file(path: Path) -> Preset:
    """The preset in a file.

    Raises:
        AqgtError: the file can't be read, or is no preset; the sentence says why.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("it is too large")
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise AqgtError(
            f"“{path.name}” cannot be read as a preset ({error}).", "Choose a file that Export Preset wrote.",
            "bad-preset",
        ) from None  # fmt: skip
    return parse(document, path.stem)


def parse(document: Any, name: str) -> Preset:
    """A preset from the keys of its file.

    Raises:
        AqgtError: a key or value is not allowed.
    """
    kind = document.get("kind", REQUEST) if isinstance(document, dict) else None
    if kind not in _KEYS:
        raise _bad(name, "its kind is not known", f"Write “kind”: one of {', '.join(_KEYS)}.")
    if unknown := sorted(set(document) - _KEYS[kind] - _SHARED_KEYS):
        raise _bad(name, f"there is no key “{unknown[0]}”", f"Allowed: {', '.join(sorted(_KEYS[kind]))}.")
    title, description = document.get("title", name), document.get("description", "")
    values = {key: value for key, value in document.items() if key in _KEYS[kind]}
    try:
        if not isinstance(title, str) or not isinstance(description, str):
            raise TypeError("title and description are text")
        preset = Preset(name, kind, title or name, description, values)
        if kind == ANNOTATION:
            print_marker(preset.content().at(0.0))
        else:
            _check_request(values)
    except AqgtError as error:
        raise _bad(name, error.sentence.rstrip("."), error.next_step) from None
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise _bad(name, str(error), "Correct the file, or save the preset again.") from None
    return preset


def _check_request(values: Mapping[str, Any]) -> None:
    for key, allowed in (("text", ("keep", "none")), ("audio", ("keep", "silence"))):
        if values.get(key, "keep") not in allowed:
            raise ValueError(f"“{key}” is one of {', '.join(allowed)}")
    for rule in values.get("rules", []):
        if set(rule) - {"channels", "from", "to"} or not rule["channels"]:
            raise ValueError("a rule has channels, from and to")
        for name in rule["channels"]:
            matching = [one for one in CHANNELS if name in (one.key, "all") or _of_hands(one) == name]
            if not matching:
                known = ", ".join(channel.key for channel in CHANNELS)
                raise AqgtError(f"“{name}” is no annotation channel.", f"Use one of: {known}.")
            for channel in matching:
                for label in [*(rule.get("from") or []), rule["to"]]:
                    channel.value_of(label)


def _of_hands(channel: Channel) -> str:
    """The family of a hand's channel; a family stands for both hands."""
    return channel.family if channel.side != "speech" else ""


def _entries() -> list[Preset | AqgtError]:
    """What lies in the folder, each file read once as long as it does not change."""
    try:
        files = sorted(folder().glob("*.json"))
        marks = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in files}
    except OSError:
        return []
    for path in [path for path in _read if path not in marks]:
        del _read[path]
    for path, mark in marks.items():
        if path not in _read or _read[path][0] != mark:
            try:
                _read[path] = mark, read_file(path)
            except AqgtError as error:
                _read[path] = mark, error
    return [_read[path][1] for path in files]


def _shipped_presets() -> list[Item]:
    if not _shipped:
        for path in sorted(resources.data_path("configs", "presets").glob("*.yaml")):
            # Blender's Python has no YAML reader: the comment on top and the title are lines of their own.
            lines = path.read_text(encoding="utf-8").splitlines()
            comments = [line.lstrip("# ") for line in lines if line.startswith("#") and "SPDX" not in line]
            titles = [line.removeprefix("title:").strip() for line in lines if line.startswith("title:")]
            _shipped.append((path.stem, titles[0] if titles else path.stem, " ".join(comments).rstrip(".")))
    return _shipped


def _own_items(kind: str, prefix: str) -> list[Item]:
    return [
        (prefix + preset.name, preset.title, preset.description.rstrip(".") or "A preset of your own")
        for preset in own_presets(kind)
    ]


def _kept(key: str, items: list[Item]) -> list[Item]:
    # Blender does not keep the texts of dynamic items alive.
    if _items.get(key) != items:
        _items[key] = items
    return _items[key]


def _bad(name: str, what: str, step: str) -> AqgtError:
    return AqgtError(f"The preset “{name}” is not valid: {what}.", step, "bad-preset")
