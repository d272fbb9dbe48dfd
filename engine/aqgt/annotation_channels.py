# SPDX-License-Identifier: GPL-3.0-or-later
"""The 17 annotation channels that steer AQ-GT-A and their labels.

Stored value = label index + 1; 0 = "annotated, nothing here"; -1 = "no annotation available".
Labels are those of the SaGA corpus; each has an English name next to the German original where they differ.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from aqgt.errors import AqgtError

NOTHING = 0.0
UNKNOWN = -1.0
NOT_LABELS: Mapping[str, float] = {
    "nothing": NOTHING, "nichts": NOTHING, "unknown": UNKNOWN, "unbekannt": UNKNOWN,
}  # fmt: skip
"""What every channel takes besides its labels: nothing is there, or nobody knows."""


@dataclass(frozen=True)
class Label:
    """One label of a channel family: stored value, English name, and every other accepted spelling."""

    value: int
    name: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Channel:
    """One row of the annotation matrix.

    Attributes:
        index: row, 0–16.
        key: unique name, e.g. ``"phase_left"``.
        family: what it labels, e.g. ``"phase"``; channels of one family share their labels.
        side: ``"left"``, ``"right"``, ``"speech"`` or ``"none"``.
        title: English name for people.
        title_de: German name for people.
    """

    index: int
    key: str
    family: str
    side: str
    title: str
    title_de: str

    @property
    def labels(self) -> tuple[Label, ...]:
        """The labels of this channel; empty for occurrence, which is a number from 0 to 1."""
        return FAMILIES[self.family]

    @cached_property
    def _by_name(self) -> dict[str, Label]:
        table: dict[str, Label] = {}
        for label in self.labels:
            for spelling in (label.name, *label.aliases):
                table[canonical(spelling)] = label
        return table

    def label(self, name: str) -> Label:
        """The label of that name, in English or German, any case.

        Raises:
            AqgtError: the channel has no such label; the message lists those it has.
        """
        found = self._by_name.get(canonical(name))
        if found is None:
            known = ", ".join(label.name for label in self.labels)
            raise AqgtError(
                f"“{name}” is no label of the channel {self.title}.", f"Use one of: {known}.", "bad-label"
            )
        return found

    def value_of(self, name: str) -> float:
        """The stored value of a label's name; "nothing" is 0 and "unknown" -1.

        Raises:
            AqgtError: the channel has no such label; the message lists those it has.
        """
        special = NOT_LABELS.get(canonical(name))
        return float(self.label(name).value) if special is None else special

    def name_of(self, value: float) -> str | None:
        """English name of a stored value, or None for 0, -1 and unused values."""
        return next((label.name for label in self.labels if label.value == value), None)


def canonical(name: str) -> str:
    """The form in which names are compared: no case, ß as ss, one form of each umlaut, hyphens for blanks."""
    composed = unicodedata.normalize("NFKC", name)
    return "-".join(composed.strip().casefold().replace("_", " ").replace("-", " ").split())


def _labels(*rows: tuple[int, str, str]) -> tuple[Label, ...]:
    return tuple(Label(value, name, tuple(aliases.split())) for value, name, aliases in rows)


FAMILIES: Mapping[str, tuple[Label, ...]] = {
    "entity": _labels(
        (1, "horseshoe", "Hufeisen"), (2, "storey", "Stockwerk floor"), (3, "stairs", "Treppe"),
        (4, "window", "Fenster"), (5, "church", "Kirche"), (6, "door", "Tür Tuer"),
        (7, "outdoor-objects", "Aussenobjekte Außenobjekte"), (8, "lamps", "Lampen"), (9, "tower", "Turm"),
        (10, "bowl", "Schale"), (11, "street", "Straße Strasse road"), (12, "town-hall", "Rathaus"),
        (13, "square", "Platz"), (14, "building", "Gebäude Gebaeude"), (15, "art-object", "Kunstobjekt"),
        (16, "roof", "Dach"), (17, "fountain", "Brunnen"), (18, "hedge", "Hecke"),
    ),
    "occurrence": (),
    "phase": _labels(
        (1, "prep", "preparation Vorbereitung"), (2, "stroke", "Ausführung Ausfuehrung"),
        (3, "retr", "retraction Rückzug Rueckzug"), (4, "post.hold", "post-hold hold Halten"),
        (5, "pre.hold", "pre-hold"),
    ),
    "phrase": _labels(
        (1, "beat", "Taktstock"), (2, "iconic", "ikonisch"),
        (3, "deictic", "deiktisch pointing deictic-beat deictic-discourse"),
        (4, "iconic-deictic", "ikonisch-deiktisch"),
        (5, "discourse", "metaphoric metaphorisch Diskurs discourse/beat discourse/indexing discourse-beat "
                         "discourse-iconic"),
        (6, "move", "Bewegung iconic-beat"), (8, "iconic-deictic-beat", ""),
    ),
    "position": _labels(
        (1, "left", "links"), (2, "on-top", "drauf"), (3, "right", "rechts"), (4, "in-front", "davor"),
        (5, "inside", "drinnen"), (6, "here", "hier"), (7, "beside", "daneben"), (8, "behind", "dahinter"),
        (9, "together", "zusammen"), (10, "below", "drunter"), (11, "towards", "hin"),
        (12, "around", "drumherum"), (13, "between", "zwischen"),
    ),
    "shape": _labels(
        (1, "B_spread", ""), (2, "B_loose_spread", "B_spread_loose"), (3, "G", "index-finger Zeigefinger"),
        (4, "5_bent", ""), (5, "C", ""), (6, "G_loose", ""), (7, "5", "open offen"), (8, "C_loose", ""),
        (9, "G_bent", ""), (10, "B", "flat flach"), (11, "C_large", ""), (12, "B_loose", ""),
        (13, "C_small", ""), (14, "5_loose", "relaxed locker"), (17, "O", "ring"), (18, "C_large_loose", ""),
        (19, "H_loose", ""), (20, "D", ""),
    ),
    "wrist": _labels(
        (1, "D-CE", ""), (2, "D-EK", ""), (3, "D-KO", ""), (4, "D-O", ""), (5, "D-C", ""), (6, "0", "none"),
    ),
    "extent": _labels((1, "0", "none"), (2, "small", "klein"), (3, "medium", "mittel"), (4, "large", "groß")),
    "practice": _labels(
        (1, "0", "none"), (2, "shaping", "formen"), (3, "indexing", "zeigen"),
        (4, "shaping-modelling", "drawing-modelling modelling-drawing"), (5, "grasping-indexing", ""),
        (6, "drawing", "zeichnen"), (7, "modelling", "modellieren"), (8, "hedging", "abwägen abwaegen"),
        (9, "grasping", "greifen"), (10, "sizing", "größe groesse"), (11, "counting", "zählen zaehlen"),
        (12, "action", "Handlung"), (13, "modelling-indexing", ""), (14, "shaping-sizing", ""),
    ),
}  # fmt: skip
"""Labels by family. Spellings follow the corpus; aliases hold the German original and merged variants."""

CHANNELS: tuple[Channel, ...] = (
    Channel(0, "entity", "entity", "none", "Entity", "Gegenstand"),
    Channel(1, "occurrence", "occurrence", "none", "Occurrence", "Vorkommen"),
    Channel(2, "phase_left", "phase", "left", "Phase, left hand", "Phase, linke Hand"),
    Channel(3, "phase_right", "phase", "right", "Phase, right hand", "Phase, rechte Hand"),
    Channel(4, "phrase_left", "phrase", "left", "Gesture type, left hand", "Gestentyp, linke Hand"),
    Channel(5, "phrase_right", "phrase", "right", "Gesture type, right hand", "Gestentyp, rechte Hand"),
    Channel(6, "position_left", "position", "left", "Position, left hand", "Position, linke Hand"),
    Channel(7, "position_right", "position", "right", "Position, right hand", "Position, rechte Hand"),
    Channel(8, "position_speech", "position", "speech", "Position in speech", "Position in der Sprache"),
    Channel(9, "shape_left", "shape", "left", "Hand shape, left", "Handform links"),
    Channel(10, "shape_right", "shape", "right", "Hand shape, right", "Handform rechts"),
    Channel(11, "wrist_left", "wrist", "left", "Wrist distance, left", "Abstand Handgelenk links"),
    Channel(12, "wrist_right", "wrist", "right", "Wrist distance, right", "Abstand Handgelenk rechts"),
    Channel(13, "extent_left", "extent", "left", "Extent, left", "Ausdehnung links"),
    Channel(14, "extent_right", "extent", "right", "Extent, right", "Ausdehnung rechts"),
    Channel(15, "practice_left", "practice", "left", "Practice, left hand", "Praktik, linke Hand"),
    Channel(16, "practice_right", "practice", "right", "Practice, right hand", "Praktik, rechte Hand"),
)
N_CHANNELS = len(CHANNELS)
CHANNEL_BY_KEY: Mapping[str, Channel] = {channel.key: channel for channel in CHANNELS}
SIDED_FAMILIES = ("phase", "phrase", "position", "shape", "wrist", "extent", "practice")
"""Families with one channel per hand."""
EMBEDDING_SIZES: tuple[int, ...] = (20, 1, 6, 6, 9, 9, 14, 14, 14, 21, 21, 7, 7, 6, 6, 15, 15)
"""Table size of each channel's embedding in the published networks (occurrence is a number: 1)."""
