# SPDX-License-Identifier: GPL-3.0-or-later
"""The 17 annotation channels that steer AQ-GT-A, spans over seconds, and the matrix the network reads.

Stored value = label index + 1; 0 = "annotated, nothing here"; -1 = "no annotation available".
Labels are those of the SaGA corpus; each has an English name next to the German original where they differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError

NOTHING = 0.0
UNKNOWN = -1.0


@dataclass(frozen=True)
class Label:
    """One label of a channel family: the stored value, its English name, and every other accepted spelling."""

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
                table[_canonical(spelling)] = label
        return table

    def label(self, name: str) -> Label:
        """The label of that name, in English or German, any case.

        Raises:
            AqgtError: the channel has no such label; the message lists those it has.
        """
        found = self._by_name.get(_canonical(name))
        if found is None:
            known = ", ".join(label.name for label in self.labels)
            raise AqgtError(
                f"“{name}” is no label of the channel {self.title}.", f"Use one of: {known}.", "bad-label"
            )
        return found

    def name_of(self, value: float) -> str | None:
        """English name of a stored value, or None for 0, -1 and unused values."""
        return next((label.name for label in self.labels if label.value == int(value)), None)


def _canonical(name: str) -> str:
    return name.strip().casefold().replace(" ", "-")


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
        (5, "discourse", "metaphoric Diskurs discourse/beat discourse/indexing discourse-beat discourse-iconic"),
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
        (9, "G_bent", ""), (10, "B", "flat flach"), (11, "C_large", ""), (12, "B_loose", ""), (13, "C_small", ""),
        (14, "5_loose", "relaxed locker"), (17, "O", "ring Ring"), (18, "C_large_loose", ""), (19, "H_loose", ""),
        (20, "D", ""),
    ),
    "wrist": _labels((1, "D-CE", ""), (2, "D-EK", ""), (3, "D-KO", ""), (4, "D-O", ""), (5, "D-C", ""), (6, "0", "none")),
    "extent": _labels((1, "0", "none"), (2, "small", "klein"), (3, "medium", "mittel"), (4, "large", "groß gross")),
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


@dataclass(frozen=True)
class Span:
    """Labels for one gesture over a stretch of time.

    Attributes:
        start: onset of the stroke in seconds; the preparation begins before it.
        end: end of the stroke and its hold in seconds, or None to let the track decide (next span, at most 1.2 s).
        side: ``"left"``, ``"right"`` or ``"both"``.
        labels: family -> English label name for the hands of ``side`` (families of ``SIDED_FAMILIES``), plus
            optionally ``"entity"`` and ``"speech_position"``. Keys with a side (``"shape_left"``) overrule.
        source: ``"user"`` or ``"planner"``.
        locked: True where a planner must not touch it.
        rest: True for an explicit "no gesture" (``G: end``): the hands of ``side`` rest until the next span.
    """

    start: float
    end: float | None = None
    side: str = "both"
    labels: Mapping[str, str] = field(default_factory=dict)
    source: str = "user"
    locked: bool = False
    rest: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.start < float("inf") or (self.end is not None and not self.start < self.end < float("inf")):
            raise AqgtError(
                f"The annotation runs from {self.start} s to {self.end} s.",
                "Give times in seconds, the end after the start.",
                "bad-span",
            )
        if self.side not in ("left", "right", "both"):
            raise AqgtError(f"“{self.side}” is no side.", "Use left, right or both.", "bad-span")

    @property
    def sides(self) -> tuple[str, ...]:
        """The hands this span speaks of."""
        return ("left", "right") if self.side == "both" else (self.side,)


@dataclass(frozen=True)
class AnnotationTrack:
    """What the network reads: 17 channels over the frames of a clip.

    Attributes:
        values: `[17, T]` float32 stored values.
        fps: frames per second.
    """

    values: NDArray[np.float32]
    fps: float

    def __post_init__(self) -> None:
        values = np.asarray(self.values, dtype=np.float32)
        if values.ndim != 2 or values.shape[0] != N_CHANNELS:
            raise AqgtError(f"The track has the shape {values.shape}.", "Give an array of shape [17, frames].", "bad-track")
        object.__setattr__(self, "values", values)

    @classmethod
    def unknown(cls, n_frames: int, fps: float) -> AnnotationTrack:
        """A track without any annotation: -1 everywhere."""
        return cls(np.full((N_CHANNELS, n_frames), UNKNOWN, dtype=np.float32), fps)
