# SPDX-License-Identifier: GPL-3.0-or-later
"""The two lines under the figure: the word that is said, and the annotation that is at work."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from aqgt.annotations import Span
from aqgt.words import Word

INK = (58, 62, 70, 255)
MUTED = (128, 134, 146, 255)
OPEN_SPAN = 1.2
"""Seconds that a span without an end is shown."""

_SHOWN = ("phrase", "extent", "position", "practice")
_MEANINGLESS = ("none", "0")


def word_at(words: Sequence[Word], time: float) -> str:
    """The word that is said at a time; a word stays until the next one for up to 0.2 s."""
    return next((word.text for word in words if word.start <= time < word.end + 0.2), "") if words else ""


def span_at(spans: Sequence[Span], time: float) -> str:
    """The annotation at work at a time, in a few words."""
    for span in spans:
        end = span.end if span.end is not None else span.start + OPEN_SPAN
        if not span.rest and span.start <= time < end:
            return describe(span)
    return ""


def describe(span: Span) -> str:
    """A span in a few words, e.g. ``"iconic · right · large"``."""
    shown = []
    for family in _SHOWN:
        label = span.labels.get(family) or next(
            (span.labels[f"{family}_{side}"] for side in span.sides if f"{family}_{side}" in span.labels), ""
        )
        if label and label not in _MEANINGLESS:
            shown.append(label)
        if family == "phrase":
            shown.append("both hands" if span.side == "both" else f"{span.side} hand")
    return " · ".join(shown[:4])


@lru_cache(maxsize=512)
def rendered(text: str, size: int, colour: tuple[int, int, int, int]) -> Image.Image:
    """The text as a picture with a transparent background, cut to its size."""
    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("RGBA", (int(right - left) + 4, int(bottom - top) + 4), (0, 0, 0, 0))
    ImageDraw.Draw(image).text((2 - left, 2 - top), text, font=font, fill=colour)
    return image


def draw_captions(image: Image.Image, word: str, annotation: str) -> None:
    """Write both lines, centred at the bottom of the picture."""
    height = image.height
    for text, share, baseline, colour in (
        (word, 0.052, 0.905, INK),
        (annotation, 0.028, 0.962, MUTED),
    ):
        if text:
            picture = rendered(text, max(8, round(height * share)), colour)
            x = (image.width - picture.width) // 2
            image.paste(picture, (x, round(height * baseline) - picture.height // 2), picture)
