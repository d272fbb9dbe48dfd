# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the extension says in English, its German table says, too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

_CODES = ("shape_left", "wrist_left")
"""Channels whose labels are codes, the same in every language."""
_TRANSLATORS = ("iface", "tip", "rpt")
_SHOWN_BY = ("draw_lines", "poll_message_set", "report", "status_text_set", "draw_row")
"""Functions whose arguments people read."""
_SHOWN_AS = ("text", "placeholder", "title", "confirm_text", "heading")
_NOT_SHOWN = ("headless", "translations")


@pytest.fixture
def german(part: Any) -> dict[str, str]:
    return dict(part("translations.german").table())


def _named(properties: Any) -> Iterator[str]:
    """Names, tooltips and items of properties that people see."""
    for prop in properties:
        if prop.identifier == "rna_type" or prop.is_hidden or prop.name == prop.identifier:
            continue
        yield from (prop.name, prop.description)
        for item in prop.enum_items_static if prop.type == "ENUM" else ():
            yield from (item.name, item.description)


def _registered(part: Any) -> set[str]:
    found: set[str] = set()
    for cls in part("registration").CLASSES:
        found.add(getattr(cls, "bl_label", ""))
        properties = cls.bl_rna.properties
        if issubclass(cls, bpy.types.Operator):
            found.add((cls.__doc__ or "").strip())
            namespace, name = cls.bl_idname.split(".")
            properties = getattr(getattr(bpy.ops, namespace), name).get_rna_type().properties
        elif not issubclass(cls, bpy.types.PropertyGroup | bpy.types.AddonPreferences):
            continue
        found.update(_named(one for one in properties if one.is_runtime))
    codes = {item[1] for channel in _CODES for item in part("annotate.vocabulary").label_items(channel)[3:]}
    return {text for text in found - codes if _has_words(text)}


def _has_words(text: str) -> bool:
    return re.search(r"[A-Za-z]{2}", re.sub(r"\{[^}]*\}", "", text)) is not None


def _calls(folder: Path) -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(folder.rglob("*.py")):
        if path.relative_to(folder).parts[0] not in _NOT_SHOWN:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    yield f"{path.name}:{node.lineno}", node


def _name(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _branches(node: ast.AST) -> Iterator[ast.AST]:
    """What an argument may be: both sides of a choice."""
    if isinstance(node, ast.IfExp):
        yield from (*_branches(node.body), *_branches(node.orelse))
    else:
        yield node


def _shown(call: ast.Call) -> Iterator[ast.AST]:
    if _name(call) in (*_SHOWN_BY, *_TRANSLATORS):
        for argument in call.args:
            yield from _branches(argument)
    for keyword in call.keywords:
        if keyword.arg in _SHOWN_AS:
            yield from _branches(keyword.value)


def _literals(folder: Path) -> set[str]:
    return {
        node.value
        for _, call in _calls(folder)
        for node in _shown(call)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _has_words(node.value)
    }


def _placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def test_every_name_tooltip_and_choice_has_its_translation(blender, part, german):
    texts = _registered(part)
    assert len(texts) > 400
    assert sorted(texts - german.keys()) == []


def test_every_text_that_is_drawn_or_reported_has_its_translation(checkout, german):
    texts = _literals(checkout / "blender_addon")
    assert len(texts) > 100
    assert sorted(texts - german.keys()) == []


def test_texts_with_values_are_translated_before_they_are_filled_in(checkout):
    made = [
        f"{where}: {ast.unparse(node)}"
        for where, call in _calls(checkout / "blender_addon")
        for node in _shown(call)
        if isinstance(node, ast.JoinedStr)
        and any(isinstance(one, ast.Constant) and _has_words(str(one.value)) for one in node.values)
        and not (len(node.values) == 3 and ast.unparse(node).endswith("} s'"))
    ]
    assert made == [], "use iface, tip or rpt with placeholders"


def test_both_languages_fill_in_the_same(german):
    differing = [text for text, said in german.items() if _placeholders(text) != _placeholders(said)]
    assert differing == []


def test_a_translation_ends_and_opens_as_the_text_does(german):
    for text, said in german.items():
        assert said == said.strip() or text != text.strip(), text
        assert said.endswith(".") == text.endswith("."), text
        assert said, text


def test_labels_fit_the_sidebar_as_the_english_ones_do(part):
    labels = part("translations.german_labels").LABELS
    assert {text: said for text, said in labels.items() if len(said) > max(28, 1.6 * len(text))} == {}


def test_the_table_is_read_when_blender_speaks_german_and_let_go_with_the_extension(part, monkeypatch):
    module = part("translations")
    known: dict[str, Any] = {}
    spoken = SimpleNamespace(
        locale="en_US",
        contexts=bpy.app.translations.contexts,
        register=known.__setitem__,
        unregister=known.__delitem__,
    )
    monkeypatch.setattr(module.bpy, "app", SimpleNamespace(translations=spoken))
    module.follow()
    assert known == {}
    spoken.locale = "de_DE"
    module.follow()
    (table,) = known.values()
    assert table["de_DE"]["*", "Generate Gestures"] == "Gesten erzeugen"
    assert table["de_DE"]["Operator", "Stop"] == "Beenden"
    assert table["de_DE"]["*", "Stop"] == "Halt"
    assert table["de_DE"][module.CONTEXT, "Speaker"] == "Sprecher"
    spoken.locale = "fr_FR"
    module.follow()
    assert known == {}
    spoken.locale = "de"
    module.follow()
    module.unregister()
    assert known == {}


def test_every_placeholder_is_given_a_value(checkout):
    wrong = [
        f"{where}: {ast.unparse(call)}"
        for where, call in _calls(checkout / "blender_addon")
        if _name(call) in _TRANSLATORS and call.keywords
        for text in _branches(call.args[0])
        if not isinstance(text, ast.Constant)
        or _placeholders(text.value) != sorted(str(one.arg) for one in call.keywords)
    ]
    assert wrong == []
