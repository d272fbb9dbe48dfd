# SPDX-License-Identifier: GPL-3.0-or-later
"""ELAN annotation files (.eaf): tiers in, tiers out."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping

from aqgt.errors import AqgtError
from aqgt.formats.files import PathLike, read_bytes, write_bytes
from aqgt.formats.intervals import Interval, Tiers, tier_of_words, words_from_intervals
from aqgt.words import Word

_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


def read_elan(path: PathLike) -> dict[str, list[Interval]]:
    """All tiers of an .eaf file by name, in the order of the file.

    A time slot without a time lies evenly between its neighbours. An annotation that refers to another (a
    symbolic sub-tier) has that one's times.

    Raises:
        AqgtError: the file is missing, no XML, or its annotations refer to what isn't there.
    """
    data = read_bytes(path)
    # An .eaf never declares entities of its own; a file that does could grow without bound.
    if b"<!ENTITY" in data:
        raise _bad(path, "it declares entities")
    try:
        root = ET.fromstring(data)
    except ET.ParseError as error:
        raise _bad(path, f"it is no XML ({error})") from None
    if root.tag != "ANNOTATION_DOCUMENT":
        raise _bad(path, f"its root is “{root.tag}”")
    times, spans = _slots(root), {}
    for each in root.iter("ALIGNABLE_ANNOTATION"):
        begin, end = (times.get(each.get(f"TIME_SLOT_REF{n}", "")) for n in (1, 2))
        if begin is None or end is None or end < begin:
            raise _bad(path, f"the annotation {each.get('ANNOTATION_ID')} has no times")
        spans[each.get("ANNOTATION_ID", "")] = begin, end
    parents = {
        each.get("ANNOTATION_ID", ""): each.get("ANNOTATION_REF", "") for each in root.iter("REF_ANNOTATION")
    }
    tiers: dict[str, list[Interval]] = {}
    for tier in root.iter("TIER"):
        intervals = tiers.setdefault(tier.get("TIER_ID", ""), [])
        for holder in tier.iter("ANNOTATION"):
            for each in holder:
                span = _span(each.get("ANNOTATION_ID", ""), spans, parents)
                if span is None:
                    raise _bad(path, f"the annotation {each.get('ANNOTATION_ID')} refers to none with times")
                intervals.append(Interval((each.findtext("ANNOTATION_VALUE") or "").strip(), *span))
    return tiers


def read_elan_words(path: PathLike, language: str = "en", tier: str | None = None) -> list[Word]:
    """The timed words of an .eaf file; see `intervals.tier_of_words` for which tier."""
    tiers = read_elan(path)
    return words_from_intervals(tier_of_words(tiers, tier, f"“{path}”"), language)


def write_elan(path: PathLike, tiers: Tiers, media: str | None = None) -> None:
    """Writes tiers to an .eaf file that ELAN 6 opens.

    Args:
        media: address of the sound or film, e.g. ``file:///…/voice.wav``.
    """
    ET.register_namespace("xsi", _SCHEMA_INSTANCE)
    root = ET.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "",
            "DATE": "1970-01-01T00:00:00+00:00",  # the same tiers give the same file
            "FORMAT": "3.0",
            "VERSION": "3.0",
            f"{{{_SCHEMA_INSTANCE}}}noNamespaceSchemaLocation": _SCHEMA,
        },
    )
    header = ET.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    if media is not None:
        ET.SubElement(header, "MEDIA_DESCRIPTOR", {"MEDIA_URL": media, "MIME_TYPE": "audio/x-wav"})
    order = ET.SubElement(root, "TIME_ORDER")
    moments = sorted(
        {_milliseconds(t) for tier in tiers.values() for each in tier for t in (each.start, each.end)}
    )
    slots = {moment: f"ts{number}" for number, moment in enumerate(moments, start=1)}
    for moment, name in slots.items():
        ET.SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": name, "TIME_VALUE": str(moment)})
    number = 0
    for tier_name, intervals in tiers.items():
        tier = ET.SubElement(root, "TIER", {"TIER_ID": tier_name, "LINGUISTIC_TYPE_REF": "default-lt"})
        for each in sorted(intervals, key=lambda one: one.start):
            number += 1
            holder = ET.SubElement(tier, "ANNOTATION")
            annotation = ET.SubElement(
                holder,
                "ALIGNABLE_ANNOTATION",
                {
                    "ANNOTATION_ID": f"a{number}",
                    "TIME_SLOT_REF1": slots[_milliseconds(each.start)],
                    "TIME_SLOT_REF2": slots[_milliseconds(each.end)],
                },
            )
            ET.SubElement(annotation, "ANNOTATION_VALUE").text = each.text
    ET.SubElement(
        root,
        "LINGUISTIC_TYPE",
        {"LINGUISTIC_TYPE_ID": "default-lt", "TIME_ALIGNABLE": "true", "GRAPHIC_REFERENCES": "false"},
    )
    ET.indent(root, "    ")
    write_bytes(path, ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _slots(root: ET.Element) -> dict[str, float]:
    """Seconds of each time slot; those without a time lie evenly between their neighbours."""
    slots = [(each.get("TIME_SLOT_ID", ""), each.get("TIME_VALUE")) for each in root.iter("TIME_SLOT")]
    known = [(at, int(value) / 1000) for at, (_, value) in enumerate(slots) if value is not None]
    times: dict[str, float] = {}
    for at, (name, value) in enumerate(slots):
        if value is not None:
            times[name] = int(value) / 1000
            continue
        before = max((pair for pair in known if pair[0] < at), default=None)
        after = min((pair for pair in known if pair[0] > at), default=None)
        if before and after:
            share = (at - before[0]) / (after[0] - before[0])
            times[name] = before[1] + share * (after[1] - before[1])
        elif before or after:
            times[name] = (before or after or (0, 0.0))[1]
    return times


def _span(
    name: str, spans: Mapping[str, tuple[float, float]], parents: Mapping[str, str]
) -> tuple[float, float] | None:
    """The times of an annotation or of what it refers to, however far up."""
    seen: set[str] = set()
    while name not in spans:
        if name in seen or name not in parents:
            return None
        seen.add(name)
        name = parents[name]
    return spans[name]


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _bad(path: PathLike, problem: str) -> AqgtError:
    return AqgtError(f"“{path}” is no ELAN file: {problem}.", "Save it from ELAN as .eaf.", "bad-elan")
