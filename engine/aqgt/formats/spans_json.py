# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotation spans as JSON: `{"spans": [{"start", "end", "side", "labels", …}]}`, or the bare list."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.formats.files import PathLike, dump_json, read_json, write_text
from aqgt.gesture_forms import forms_of

_DEFAULT = Span(0.0)


def span_to_dict(span: Span) -> dict[str, Any]:
    """A span as plain values; what equals the default is left out."""
    values: dict[str, Any] = {
        "start": span.start,
        "end": span.end,
        "side": span.side,
        "labels": dict(span.labels),
    }
    for key in ("source", "locked", "rest"):
        if getattr(span, key) != getattr(_DEFAULT, key):
            values[key] = getattr(span, key)
    return values


def span_from_dict(values: Any) -> Span:
    """A span from plain values; keys other than those of `Span` are passed over.

    Raises:
        AqgtError: a value is missing or of the wrong kind, or the span names an unknown channel or label.
    """
    if not isinstance(values, Mapping) or not _is_number(values.get("start")):
        raise _bad(values, "a start in seconds")
    end, labels = values.get("end"), values.get("labels", {})
    if not (end is None or _is_number(end)):
        raise _bad(values, "an end in seconds or none")
    if not isinstance(labels, Mapping) or not all(
        isinstance(x, str) for pair in labels.items() for x in pair
    ):
        raise _bad(values, 'labels as names: {"phrase": "iconic"}')
    span = Span(
        float(values["start"]),
        None if end is None else float(end),
        str(values.get("side", _DEFAULT.side)),
        dict(labels),
        str(values.get("source", _DEFAULT.source)),
        bool(values.get("locked", False)),
        bool(values.get("rest", False)),
    )
    for channel, label in span.channels():
        channel.value_of(label)
    forms_of(span)
    return span


def spans_from_json(content: Any) -> list[Span]:
    """The spans of a decoded JSON file.

    Raises:
        AqgtError: it holds no list of spans, or one of them is wrong.
    """
    entries = content.get("spans") if isinstance(content, Mapping) else content
    if not isinstance(entries, list):
        raise AqgtError(
            "The file holds no list of annotations.",
            "Give a list of {start, end, side, labels}.",
            "bad-spans",
        )
    return [span_from_dict(entry) for entry in entries]


def read_spans(path: PathLike) -> list[Span]:
    """The spans of a JSON file, in its order.

    Raises:
        AqgtError: the file is missing, no JSON, or holds something else.
    """
    return spans_from_json(read_json(path))


def write_spans(path: PathLike, spans: Iterable[Span]) -> None:
    """Write spans to a JSON file that `read_spans` gives back."""
    write_text(path, dump_json({"spans": [span_to_dict(span) for span in spans]}))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _bad(values: object, wanted: str) -> AqgtError:
    return AqgtError(f"The annotation {str(values)[:80]} can't be read.", f"Give it {wanted}.", "bad-spans")
