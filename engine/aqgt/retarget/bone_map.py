# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone maps: files that say which bone plays which role, and how they meet an armature."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aqgt.errors import AqgtError
from aqgt.resources import data_path
from aqgt.retarget import roles
from aqgt.retarget.mapping import Mapping
from aqgt.retarget.rig import RigDescription

SCHEMA = 1
_KEYS = {"schema", "name", "title", "tested", "notes", "prefixes", "sides", "bones"}


@dataclass(frozen=True)
class BoneMap:
    """One naming convention.

    Attributes:
        name: short identifier, the file's name without ``.toml``.
        title: what a user reads.
        tested: whether it was tried on a real armature.
        notes: remarks for the user.
        prefixes: regular expressions for what may stand before each bone name.
        bones: role (sides spelt out) to the names that may play it, best first.
    """

    name: str
    title: str
    tested: bool
    notes: str
    prefixes: tuple[str, ...]
    bones: dict[str, tuple[str, ...]]


def available_bone_maps() -> list[str]:
    """Names of the bone maps that come with the project."""
    return sorted(path.stem for path in data_path("rigs").glob("*.toml"))


def load_bone_map(name: str | Path) -> BoneMap:
    """A bone map by the name of one of the project's own, or from a TOML file.

    Raises:
        AqgtError: there is none of that name, or the file is not a bone map.
    """
    path = Path(name)
    if path.suffix.lower() != ".toml":
        if str(name) not in available_bone_maps():
            raise AqgtError(
                f"There is no bone map “{name}”.",
                f"Pick one of {', '.join(available_bone_maps())}.",
                "no-bone-map",
            )
        path = data_path("rigs", f"{name}.toml")
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
    unknown = sorted(set(data) - _KEYS)
    if unknown:
        raise _bad_map(source, f"“{unknown[0]}” is unknown; allowed are {', '.join(sorted(_KEYS))}")
    if data.get("schema") != SCHEMA:
        raise _bad_map(source, f"“schema” is {data.get('schema')!r} where {SCHEMA} is needed")
    sides = data.get("sides", {})
    if not isinstance(sides, dict) or set(sides) != set(roles.SIDES):
        raise _bad_map(source, "[sides] must hold “left” and “right”")
    if not isinstance(data.get("bones"), dict):
        raise _bad_map(source, "[bones] is missing")
    bones: dict[str, tuple[str, ...]] = {}
    for role, names in data["bones"].items():
        bones.update(_spell_out(role, _strings(names, source, role), sides, source))
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
    )


def _spell_out(
    role: str, names: list[str], sides: MappingType[str, str], source: str
) -> dict[str, tuple[str, ...]]:
    sided = roles.template_is_sided(role)
    if sided is None:
        raise _bad_map(source, f"“{role}” is no role")
    if not sided:
        return {role: tuple(names)}
    if not all("{side}" in name for name in names):
        raise _bad_map(source, f"a name of “{role}” lacks {{side}}")
    return {
        f"{side}_{role}": tuple(name.replace("{side}", sides[side]) for name in names) for side in roles.SIDES
    }


def _strings(value: Any, source: str, key: str) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise _bad_map(source, f"“{key}” must be a list of strings")
    return value


def match(rig: RigDescription, bone_map: BoneMap | str | Path = "auto") -> Mapping:
    """Which bones of the armature play which role.

    ``"auto"`` tries every bone map of the project and takes the one that finds most roles.

    Raises:
        AqgtError: no arm can be moved with the bones that were found.
    """
    if bone_map == "auto":
        tried = [load_bone_map(name) for name in available_bone_maps()]
        found = max(((_find(rig, one), one) for one in tried), key=lambda pair: len(pair[0]))
    else:
        chosen = bone_map if isinstance(bone_map, BoneMap) else load_bone_map(bone_map)
        found = (_find(rig, chosen), chosen)
    bones, chosen = found
    mapping = Mapping(
        bones, chosen.name, tuple(role for role in chosen.bones if role not in bones), _report(bones, chosen)
    )
    if not mapping.sides():
        raise _no_known_bone(rig, chosen, automatic=bone_map == "auto")
    return mapping


def _find(rig: RigDescription, bone_map: BoneMap) -> dict[str, str]:
    """Role to bone name by the prefix that finds most; exact spelling goes before another case."""
    best: dict[str, str] = {}
    for prefix in _prefixes_in(rig.names, bone_map):
        exact = {name[len(prefix) :]: name for name in rig.names if name.startswith(prefix)}
        loose = {short.lower(): name for short, name in reversed(exact.items())}
        found: dict[str, str] = {}
        for role, names in bone_map.bones.items():
            hits = [exact[n] for n in names if n in exact] + [
                loose[n.lower()] for n in names if n.lower() in loose
            ]
            free = [hit for hit in hits if hit not in found.values()]
            if free:
                found[role] = free[0]
        if len(found) > len(best):
            best = found
    return best


def _prefixes_in(names: Iterable[str], bone_map: BoneMap) -> list[str]:
    """The literal prefixes that occur in the armature, in the order of the bone map's patterns."""
    literal: dict[str, None] = {}
    for pattern in bone_map.prefixes:
        compiled = re.compile(pattern)
        for name in names:
            hit = compiled.match(name)
            if hit:
                literal[hit.group()] = None
    return list(literal)


def _report(bones: MappingType[str, str], bone_map: BoneMap) -> tuple[str, ...]:
    lines = [f"{len(bones)} bones found with the bone map “{bone_map.title}”."]
    for side in roles.SIDES:
        fingers = [role for role in bones if roles.part_of(role) == f"{side}_fingers"]
        if f"{side}_upper_arm_1" not in bones or f"{side}_forearm_1" not in bones:
            lines.append(f"The {side} arm lacks a bone and stays at rest.")
        elif f"{side}_hand" not in bones:
            lines.append(f"The {side} hand has no bone: it follows the forearm.")
        elif not fingers:
            lines.append(f"The {side} hand has no finger bones.")
    if not any(role.startswith("spine_") for role in bones):
        lines.append("There is no spine bone: the torso stays at rest.")
    if "head" not in bones:
        lines.append("There is no head bone: the head stays at rest.")
    return tuple(lines)


def _no_known_bone(rig: RigDescription, bone_map: BoneMap, *, automatic: bool) -> AqgtError:
    wanted = [
        bone_map.bones[role][0] for role in ("left_upper_arm_1", "left_forearm_1") if role in bone_map.bones
    ]
    known = ", ".join(load_bone_map(name).title for name in available_bone_maps())
    if not len(rig):
        sentence = "The armature has no bones."
    elif automatic:
        sentence = f"No arm of this armature was recognised (tried: {known})."
    else:
        sentence = f"The armature has no arm bones named as in “{bone_map.title}” ({', '.join(wanted)}, …)."
    return AqgtError(
        sentence,
        f"Pick a character whose bones follow one of the known namings ({known}), "
        "or write a bone map file for it (see rigs/mixamo.toml).",
        "unknown-rig",
    )


def _bad_map(source: str, problem: str) -> AqgtError:
    return AqgtError(
        f"The bone map “{source}” can't be used: {problem}.",
        "Compare it with rigs/mixamo.toml.",
        "bad-bone-map",
    )
