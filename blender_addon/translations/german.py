# SPDX-License-Identifier: GPL-3.0-or-later
"""German: all that the tables say, and what is put together from parts in English, too."""

from __future__ import annotations

from ..annotate.vocabulary import CHANNELS
from .german_choices import CHOICES
from .german_labels import LABELS
from .german_messages import MESSAGES
from .german_tips import TIPS

BUTTONS = {"Stop": "Beenden"}
"""What a button says where a gesture form has the same English name."""

_HEARD = {
    " Heard by compact and aqgt-a; aqgt takes it, but was trained without annotations": (
        " Darauf hören compact und aqgt-a; aqgt nimmt es an, wurde aber ohne Annotationen trainiert"
    ),
}
_PARTS = {
    "head": "Kopf",
    "torso": "Rumpf",
    "left arm": "linker Arm",
    "right arm": "rechter Arm",
    "left hand": "linke Hand",
    "right hand": "rechte Hand",
    "left fingers": "linke Finger",
    "right fingers": "rechte Finger",
}
_OF_PARTS = {
    "Whether the take moves: ": "Ob der Take dies bewegt: ",
    "How far it moves from its middle pose, 1 as is: ": (
        "Wie weit es sich von seiner mittleren Haltung entfernt, 1: wie es ist: "
    ),
    "Influence of its NLA strip: ": "Einfluss seines NLA-Streifens: ",
}
_OF_HANDS = {
    "Gesture": "Geste",
    "Type": "Art",
    "Phase": "Phase",
    "Extent": "Ausmaß",
    "Hand Shape": "Handform",
    "Position": "Position",
    "Practice": "Tätigkeit",
    "Wrist Distance": "Abstand des Handgelenks",
}


def table() -> dict[str, str]:
    """English to German."""
    found = LABELS | CHOICES | MESSAGES | TIPS
    for tail, said in _HEARD.items():
        found |= {text + tail: german + said for text, german in TIPS.items() if text.endswith(".")}
    for before, said in _OF_PARTS.items():
        found |= {before + part: said + german for part, german in _PARTS.items()}
    for title, said in _OF_HANDS.items():
        found |= {
            title: said,
            f"{title}, Left Hand": f"{said}, links",
            f"{title}, Right Hand": f"{said}, rechts",
        }
    for channel in CHANNELS.values():
        for label in channel.labels:
            found[f"The marker says “{label.name}”"] = f"Auf der Markierung steht „{label.name}“"
    return found
