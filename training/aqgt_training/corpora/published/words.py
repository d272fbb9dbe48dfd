# SPDX-License-Identifier: GPL-3.0-or-later
"""Words as the published pipeline writes and chooses them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TypeVar

_MARK = re.compile(r"([,.!?])")
_OTHER = re.compile(r"[^a-z,.!?]+")

TimedWord = TypeVar("TimedWord", bound=Sequence)


def normalised(text: str) -> str:
    """Text without accents, in small letters, marks set apart, everything but letters and marks gone."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
    plain = plain.lower().replace("'", "").replace("’", "")
    return " ".join(_OTHER.sub(" ", _MARK.sub(r" \1 ", plain)).split())


def in_window(
    words: Sequence[TimedWord], start: float, end: float, fps: float, window_fps: float = 15.0
) -> list[TimedWord]:
    """The words ``[text, first frame, last frame]`` of a window, as the published code chooses them.

    Args:
        words: ordered, in frames of the video.
        start, end: the clip's first frame in the video plus the window's frames at ``window_fps``. Both are
            scaled as a whole, so the words are the right ones only in a clip that begins at frame 0.
        fps: frames per second of the video.
    """
    start, end = start * fps / window_fps, end * fps / window_fps
    chosen = []
    for word in words:
        if word[1] >= end:
            break
        if word[2] > start:
            chosen.append(word)
    return chosen
