# SPDX-License-Identifier: GPL-3.0-or-later
"""Add, remove, estimate and clear words of the list."""

from __future__ import annotations

from typing import Any

import bpy

from aqgt.errors import AqgtError
from aqgt.formats.words_json import words_from_json

from ..translations import of_error, rpt, tip
from ..ui import redraw
from .words import check_editable, digest, list_of_sound, quiet, stored

_NONE = "There are no words. Align or import a transcript first"


def estimate_times(group: Any) -> int:
    """Lay the words marked estimated anew between those around them, by their letters; how many."""
    rows = [row for row in group.words if row.text.strip()]
    tokens = [
        {"text": row.text} | ({} if row.estimated else {"start": row.start, "end": row.end}) for row in rows
    ]
    with quiet():
        for row, word in zip(rows, words_from_json(tokens), strict=True):
            if row.estimated:
                row.start, row.end = word.start, word.end
    return sum(row.estimated for row in rows)


class _WordOperator:
    """What works on the words of the chosen sound."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed, with the reason, where there are no words or they cannot be changed."""
        group = stored(context)
        if group is None:
            cls.poll_message_set(tip(_NONE))  # type: ignore[attr-defined]
            return False
        try:
            check_editable(group)
        except AqgtError as error:
            cls.poll_message_set(of_error(error))  # type: ignore[attr-defined]
            return False
        return True


class AQGT_OT_word_add(_WordOperator, bpy.types.Operator):
    """Add a word after the chosen one; its times are laid between its neighbours and marked estimated"""

    bl_idname = "aqgt.word_add"
    bl_label = "Add Word"

    text: bpy.props.StringProperty(name="Word", default="word")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add it."""
        group: Any = stored(context)
        if not self.text.strip():
            self.report({"ERROR"}, "The word has no text. Type what is said.")
            return {"CANCELLED"}
        at = max(1, min(group.index + 1, len(group.words)))
        with quiet():
            row = group.words.add()
            row.text, row.estimated = self.text.strip(), True
            group.words.move(len(group.words) - 1, at)
            group.index = at
        before = group.words[at - 1]
        following = group.words[at + 1].start if at + 1 < len(group.words) else None
        tokens: list[dict[str, Any]] = [
            {"text": before.text or "-", "start": before.start, "end": before.end}
        ]
        tokens.append({"text": self.text})
        if following is not None:
            tokens.append({"text": "-", "start": following, "end": following})
        word = words_from_json(tokens)[1]
        with quiet():
            group.words[at].start, group.words[at].end = word.start, word.end
        redraw()
        return {"FINISHED"}


class AQGT_OT_word_remove(_WordOperator, bpy.types.Operator):
    """Remove the chosen word"""

    bl_idname = "aqgt.word_remove"
    bl_label = "Remove Word"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it; the one that follows is chosen."""
        group: Any = stored(context)
        with quiet():
            group.words.remove(max(0, min(group.index, len(group.words) - 1)))
            group.index = max(0, min(group.index, len(group.words) - 1))
        redraw()
        return {"FINISHED"}


class AQGT_OT_words_estimate(_WordOperator, bpy.types.Operator):
    """Lay the words marked estimated anew between the words around them, by their letters"""

    bl_idname = "aqgt.words_estimate"
    bl_label = "Estimate Times Again"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Only words that are marked move."""
        count = estimate_times(stored(context))
        if not count:
            self.report({"ERROR"}, "No word is marked as estimated. Mark those whose times are unknown.")
            return {"CANCELLED"}
        self.report({"INFO"}, rpt("{number} words laid between their neighbours", number=count))
        redraw()
        return {"FINISHED"}


class AQGT_OT_words_clear(_WordOperator, bpy.types.Operator):
    """Forget the words of this sound; the transcript stays"""

    bl_idname = "aqgt.words_clear"
    bl_label = "Clear Words"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Leave an empty list."""
        group: Any = list_of_sound(context)
        with quiet():
            group.words.clear()
            group.index = group.version = 0
            group.made, group.said = "", digest("")
        redraw()
        return {"FINISHED"}
