# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML files as checked values: a mistake is an error that names file, key, and what is allowed there."""

from __future__ import annotations

from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from aqgt.errors import AqgtError
from aqgt.formats.files import PathLike, read_text


class Settings(BaseModel):
    """Base of everything read from a file: unknown keys are refused, values can't be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Kind = TypeVar("Kind", bound=BaseModel)


def read_settings(path: PathLike, kind: type[Kind]) -> Kind:
    """The settings in a YAML file; an empty file holds the defaults.

    Raises:
        AqgtError: the file can't be read or is no YAML, or a key or value is not allowed.
    """
    try:
        raw = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise AqgtError(f"“{path}” is no YAML: {error}.", "Correct the file.", "bad-config") from error
    return check_settings({} if raw is None else raw, kind, str(path))


def check_settings(raw: Any, kind: type[Kind], origin: str) -> Kind:
    """Checked settings of a parsed document; ``origin`` is named in errors.

    Raises:
        AqgtError: a key or value is not allowed.
    """
    if not isinstance(raw, dict):
        raise AqgtError(f"“{origin}” holds no keys.", "Write `key: value` lines.", "bad-config")
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        problems = [sentence for _, sentence in explain(error, kind)]
        raise AqgtError(
            f"“{origin}” is not valid: {'; '.join(problems)}.", "Correct it.", "bad-config"
        ) from error


def explain(error: ValidationError, kind: type[BaseModel]) -> list[tuple[tuple[int | str, ...], str]]:
    """What is wrong with a document: for each problem, where it is and half a sentence that names the key."""
    return [(problem["loc"], _explained(problem, kind)) for problem in error.errors(include_url=False)]


def _explained(problem: Any, kind: type[BaseModel]) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"there is no key “{key}” (allowed: {', '.join(_keys_beside(problem['loc'], kind))})"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "missing":
        return f"the key “{key}” is missing"
    return f"“{key}” is {problem['input']!r}: {message}" if key else message


def _keys_beside(location: tuple[int | str, ...], kind: type[BaseModel]) -> list[str]:
    """Keys that are allowed where an unknown one stands."""
    for part in location[:-1]:
        field = kind.model_fields.get(str(part))
        if (
            field is not None
            and isinstance(field.annotation, type)
            and issubclass(field.annotation, BaseModel)
        ):
            kind = field.annotation
    return [field.alias or name for name, field in kind.model_fields.items()]
