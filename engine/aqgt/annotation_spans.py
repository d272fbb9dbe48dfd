# SPDX-License-Identifier: GPL-3.0-or-later
"""Spans: labels for one gesture over a stretch of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from aqgt.annotation_channels import CHANNEL_BY_KEY, SIDED_FAMILIES, Channel, canonical
from aqgt.errors import AqgtError

HANDS = ("left", "right")
_OTHER = {"left": "right", "right": "left", "links": "rechts", "rechts": "links"}
SPEECH_KEYS: Mapping[str, str] = {"entity": "entity", "speech_position": "position_speech"}
"""Label keys that belong to no hand, and their channels."""

_FORM_KEYS = ("form", "form_left", "form_right")


@dataclass(frozen=True)
class Span:
    """Labels for one gesture over a stretch of time.

    Attributes:
        start: onset of the stroke in seconds; the preparation begins before it.
        end: end of the stroke and its hold in seconds, or None: the next span of that hand, at most 1.2 s.
        side: ``"left"``, ``"right"`` or ``"both"``.
        labels: family -> English label name for the hands of ``side`` (families of ``SIDED_FAMILIES``), plus
            optionally ``"entity"`` and ``"speech_position"``. Keys with a side (``"shape_left"``) overrule.
            ``"form"`` (or ``"form_left"``, ``"form_right"``) names a gesture form, see `aqgt.gesture_forms`.
            "nothing" and "unknown" are taken besides the labels of a channel.
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
        if not 0 <= self.start < float("inf") or not (
            self.end is None or self.start < self.end < float("inf")
        ):
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

    def channels(self) -> list[tuple[Channel, str]]:
        """Each channel this span writes, with its label; a key with a side stands over one without.

        Raises:
            AqgtError: a key names no channel, or one of a hand the span does not speak of.
        """
        written: dict[str, str] = {}
        for key, label in sorted(self.labels.items(), key=lambda item: item[0] in CHANNEL_BY_KEY):
            for channel_key in self._channel_keys(key):
                written[channel_key] = label
        return [(CHANNEL_BY_KEY[key], label) for key, label in written.items()]

    def label_of(self, family: str, hand: str) -> str | None:
        """The label this span gives one hand in a family such as "phase", or None."""
        if hand not in self.sides:
            return None
        return self.labels.get(f"{family}_{hand}", self.labels.get(family))

    def mirrored(self) -> Span:
        """The span with left and right exchanged: its hands, and the positions of its hands."""
        labels = {}
        for key, label in self.labels.items():
            family = CHANNEL_BY_KEY[key].family if key in CHANNEL_BY_KEY else key
            if family == "position" and key not in SPEECH_KEYS.values():
                label = _OTHER.get(canonical(label), label)
            name, _, hand = key.rpartition("_")
            labels[f"{name}_{_OTHER[hand]}" if hand in HANDS else key] = label
        return replace(self, side=_OTHER.get(self.side, self.side), labels=labels)

    def _channel_keys(self, key: str) -> list[str]:
        if key in SIDED_FAMILIES:
            return [f"{key}_{hand}" for hand in self.sides]
        if key in SPEECH_KEYS:
            return [SPEECH_KEYS[key]]
        if key in _FORM_KEYS:
            self._check_hand(key.removeprefix("form").strip("_"), key)
            return []  # beside the matrix, see `aqgt.gesture_forms`
        channel = CHANNEL_BY_KEY.get(key)
        if channel is None or key == "occurrence":
            known = ", ".join((*SIDED_FAMILIES, "form", *SPEECH_KEYS))
            raise AqgtError(f"“{key}” is nothing to annotate.", f"Use one of: {known}.", "bad-label")
        self._check_hand(channel.side if channel.side in HANDS else "", key)
        return [key]

    def _check_hand(self, hand: str, key: str) -> None:
        if hand and hand not in self.sides:
            raise AqgtError(
                f"An annotation of the {self.side} hand names “{key}”.",
                f"Make its side “both” or drop “{key}”.",
                "bad-span",
            )
