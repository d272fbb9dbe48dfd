# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner's rules: which words invite which kind of gesture, and what each looks like (TOML files)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from aqgt.annotations import FAMILIES
from aqgt.errors import AqgtError

_FOLDER = Path(__file__).parent / "rules"
_LETTERS = re.compile(r"[^\w'\-]+", re.UNICODE)
DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True)
class Kind:
    """A kind of gesture.

    Attributes:
        name: key in gestures.toml, e.g. ``"negation"``.
        phrase: label of the gesture-type channel.
        practice: label of the practice channel.
        both: probability that both hands take part.
        side: ``"left"``/``"right"`` where the word itself names the hand, else None.
        size: added to the wish for a large movement, -1 to 1.
        hold: shortest and longest stay after the arrival in seconds.
        like: kinds whose recorded forms may stand in.
    """

    name: str
    phrase: str
    practice: str = "0"
    both: float = 0.5
    side: str | None = None
    size: float = 0.0
    hold: tuple[float, float] = (0.2, 0.6)
    like: tuple[str, ...] = ()


@dataclass(frozen=True)
class Invitation:
    """A word, or words in a row, that invites a kind of gesture with a weight from 0 to 1."""

    kind: str
    weight: float
    pattern: tuple[str, ...]

    def matches(self, tokens: Sequence[str]) -> bool:
        """Whether the first tokens are these words."""
        return len(tokens) >= len(self.pattern) and all(
            token.startswith(word[:-1]) if word.endswith("*") else token == word
            for word, token in zip(self.pattern, tokens, strict=False)
        )


@dataclass(frozen=True)
class Rules:
    """The rules of one language."""

    language: str
    invitations: tuple[Invitation, ...]
    unstressed: frozenset[str]
    entities: Mapping[str, str]
    speech_positions: Mapping[str, str]

    def invitation(self, tokens: Sequence[str]) -> Invitation | None:
        """The longest, then heaviest invitation that the tokens begin with."""
        found = [rule for rule in self.invitations if rule.matches(tokens)]
        return max(found, key=lambda rule: (len(rule.pattern), rule.weight), default=None)


def token(text: str) -> str:
    """A word as the rules compare it: lower case, without punctuation at its ends."""
    return _LETTERS.sub("", text.casefold().replace("’", "'")).strip("'-_")


@lru_cache(maxsize=1)
def kinds() -> Mapping[str, Kind]:
    """All kinds of gesture by name."""
    table = _read(_FOLDER / "gestures.toml")
    found = {}
    for name, entry in table.items():
        values = dict(entry)
        values["hold"] = tuple(values.get("hold", (0.2, 0.6)))
        values["like"] = tuple(values.get("like", ()))
        kind = Kind(name, **values)
        for family, label in (("phrase", kind.phrase), ("practice", kind.practice)):
            if label not in {known.name for known in FAMILIES[family]}:
                raise AqgtError(
                    f"“{label}” in gestures.toml is no {family} label.", "Correct the file.", "bad-rules"
                )
        found[name] = kind
    return found


@lru_cache(maxsize=8)
def load_rules(language: str = DEFAULT_LANGUAGE) -> Rules:
    """The rules of a language (BCP-47 code); a language without rules gets those that only use sound."""
    code = language.casefold().split("-")[0]
    path = _FOLDER / f"{code}.toml"
    if not code.isalpha() or not path.exists():
        return Rules(code, (), frozenset(), {}, {})
    return parse_rules(_read(path))


def parse_rules(table: Mapping[str, Any]) -> Rules:
    """Rules from a parsed TOML table.

    Raises:
        AqgtError: a rule names an unknown kind of gesture, or lacks a key.
    """
    invitations = []
    for entry in table.get("rule", ()):
        missing = {"gesture", "words"} - set(entry)
        if missing or entry.get("gesture") not in kinds():
            raise AqgtError(
                f"A rule for “{entry.get('gesture')}” is incomplete or names no kind of gesture.",
                f"Give `words` and one of: {', '.join(kinds())}.",
                "bad-rules",
            )
        invitations += [
            Invitation(entry["gesture"], float(entry.get("weight", 0.5)), tuple(words.casefold().split()))
            for words in entry["words"]
        ]
    return Rules(
        str(table.get("language", DEFAULT_LANGUAGE)),
        tuple(invitations),
        frozenset(str(table.get("unstressed", "")).casefold().split()),
        _by_word(table.get("entity", {}), "entity"),
        _by_word(table.get("speech_position", {}), "position"),
    )


def _by_word(table: Mapping[str, str], family: str) -> dict[str, str]:
    known = {label.name for label in FAMILIES[family]}
    unknown = set(table) - known
    if unknown:
        raise AqgtError(
            f"The rules name unknown labels: {', '.join(sorted(unknown))}.", "Correct the file.", "bad-rules"
        )
    return {word: label for label, words in table.items() for word in words.casefold().split()}


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)
