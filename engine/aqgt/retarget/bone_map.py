# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone maps: files that say which bone names play which role in one naming convention."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from aqgt.errors import AqgtError
from aqgt.resources import data_path
from aqgt.retarget import roles
from aqgt.retarget.mapping import Switch

SCHEMAS = (1, 2)
_KEYS = {"schema", "name", "title", "tested", "notes", "prefixes", "sides", "bones"}
_KEYS_OF_2 = _KEYS | {"controls", "twist", "switches"}
_SWITCH_KEYS = {"part", "bone", "property", "fk", "ik"}


@dataclass(frozen=True)
class BoneMap:
    """One naming convention.

    Attributes:
        name: short identifier, the file's name without ``.toml``.
        title: what a user reads.
        tested: whether it was tried on a real armature.
        notes: remarks for the user, and where the names are documented if it is untested.
        prefixes: regular expressions for what may stand before each bone name.
        bones: role (sides spelt out) to the names that may play it, best first.
        twist: role to its twist bones beside the limb: (name, share); None is read off the rest pose.
        switches: properties that let the bones move the character.
        controls: whether the bones are an animator's controls (see ``Mapping.controls``).
    """

    name: str
    title: str
    tested: bool
    notes: str
    prefixes: tuple[str, ...]
    bones: dict[str, tuple[str, ...]]
    twist: dict[str, tuple[tuple[str, float | None], ...]] = field(default_factory=dict)
    switches: tuple[Switch, ...] = ()
    controls: bool = False


def available_bone_maps() -> list[str]:
    """Names of the bone maps that come with the project."""
    return sorted(path.stem for path in data_path("rigs").glob("*.toml"))


def load_bone_map(name: str | Path) -> BoneMap:
    """A bone map by the name of one of the project's own, or from a TOML file.

    Raises:
        AqgtError: there is none of that name, or the file is not a bone map.
    """
    return _read(Path(name)) if Path(name).suffix.lower() == ".toml" else _of_the_project(str(name))


@lru_cache
def _of_the_project(name: str) -> BoneMap:
    if name not in available_bone_maps():
        raise AqgtError(
            f"There is no bone map “{name}”.",
            f"Pick one of {', '.join(available_bone_maps())}.",
            "no-bone-map",
        )
    return _read(data_path("rigs", f"{name}.toml"))


def _read(path: Path) -> BoneMap:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AqgtError(f"The bone map “{path}” can't be read.", "Check its path.", "no-bone-map") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _bad_map(path.name, f"it is no TOML ({error})") from error
    return parse_bone_map(data, path.stem, path.name)


def parse_bone_map(data: MappingType[str, Any], name: str, source: str) -> BoneMap:
    """A bone map from the content of its file; ``source`` names the file in errors.

    Raises:
        AqgtError: names the file, the key and what is allowed.
    """
    schema = data.get("schema")
    if schema not in SCHEMAS:
        raise _bad_map(source, f"“schema” is {schema!r} where 1 or 2 is needed")
    allowed = _KEYS if schema == 1 else _KEYS_OF_2
    unknown = sorted(set(data) - allowed)
    if unknown:
        raise _bad_map(source, f"“{unknown[0]}” is unknown; allowed are {', '.join(sorted(allowed))}")
    sides = data.get("sides", {})
    if not isinstance(sides, dict) or set(sides) != set(roles.SIDES):
        raise _bad_map(source, "[sides] must hold “left” and “right”")
    if not isinstance(data.get("bones"), dict):
        raise _bad_map(source, "[bones] is missing")
    bones: dict[str, tuple[str, ...]] = {}
    for role, names in data["bones"].items():
        for spelt, filled in _spell_out(role, _strings(names, source, role), sides, source).items():
            bones[spelt] = tuple(filled)
    prefixes = tuple(_strings(data.get("prefixes", [""]), source, "prefixes"))
    for prefix in prefixes:
        try:
            re.compile(prefix)
        except re.error as error:
            raise _bad_map(source, f"the prefix “{prefix}” is no regular expression ({error})") from error
    return BoneMap(
        name=str(data.get("name", name)),
        title=str(data.get("title", name)),
        tested=bool(data.get("tested", False)),
        notes=str(data.get("notes", "")),
        prefixes=prefixes,
        bones=bones,
        twist=_twist(data.get("twist", {}), sides, source),
        switches=_switches(data.get("switches", []), sides, source),
        controls=bool(data.get("controls", False)),
    )


def _spell_out(
    role: str, names: list[str], sides: MappingType[str, str], source: str
) -> dict[str, list[str]]:
    sided = roles.template_is_sided(role)
    if sided is None:
        raise _bad_map(source, f"“{role}” is no role")
    if not sided:
        return {role: names}
    if not all(re.search("{side}|{word}|{letter}", name) for name in names):
        raise _bad_map(source, f"a name of “{role}” lacks {{side}}")
    return {f"{side}_{role}": [_fill(name, side, sides) for name in names] for side in roles.SIDES}


def _fill(text: str, side: str, sides: MappingType[str, str]) -> str:
    return text.replace("{side}", sides[side]).replace("{word}", side).replace("{letter}", side[0].upper())


def _twist(
    data: Any, sides: MappingType[str, str], source: str
) -> dict[str, tuple[tuple[str, float | None], ...]]:
    if not isinstance(data, dict):
        raise _bad_map(source, "[twist] must be a table of roles")
    found: dict[str, tuple[tuple[str, float | None], ...]] = {}
    for role, entries in data.items():
        if role.rpartition("_")[0] not in roles.SIDE_CHAINS:
            raise _bad_map(source, f"[twist] holds “{role}”, which is no part of a limb")
        if not isinstance(entries, list) or not entries:
            raise _bad_map(source, f"[twist] “{role}” must be a list")
        names, shares = [], []
        for entry in entries:
            entry = {"bone": entry} if isinstance(entry, str) else entry
            if not isinstance(entry, dict) or set(entry) - {"bone", "share"} or "bone" not in entry:
                raise _bad_map(source, f"[twist] “{role}” must list names or {{bone = …, share = …}}")
            share = entry.get("share")
            if share is not None and not 0 <= share <= 1:
                raise _bad_map(source, f"a share of [twist] “{role}” is not between 0 and 1")
            names.append(entry["bone"])
            shares.append(share)
        for spelt, filled in _spell_out(role, names, sides, source).items():
            found[spelt] = tuple(zip(filled, shares, strict=True))
    return found


def _switches(data: Any, sides: MappingType[str, str], source: str) -> tuple[Switch, ...]:
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise _bad_map(source, "[[switches]] must be tables")
    found = []
    for entry in data:
        if set(entry) != _SWITCH_KEYS:
            raise _bad_map(source, f"a switch must hold {', '.join(sorted(_SWITCH_KEYS))}, no more")
        part = entry["part"]
        if part in roles.PARTS:
            found.append(Switch(part, entry["bone"], entry["property"], entry["fk"], entry["ik"]))
        elif all(f"{side}_{part}" in roles.PARTS for side in roles.SIDES):
            found += [
                Switch(
                    f"{side}_{part}",
                    _fill(entry["bone"], side, sides),
                    _fill(entry["property"], side, sides),
                    entry["fk"],
                    entry["ik"],
                )
                for side in roles.SIDES
            ]
        else:
            raise _bad_map(source, f"the switch of “{part}” belongs to no part of the body")
    return tuple(found)


def _strings(value: Any, source: str, key: str) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise _bad_map(source, f"“{key}” must be a list of strings")
    return value


def _bad_map(source: str, problem: str) -> AqgtError:
    return AqgtError(
        f"The bone map “{source}” can't be used: {problem}.",
        "Compare it with rigs/mixamo.toml.",
        "bad-bone-map",
    )
