# SPDX-License-Identifier: GPL-3.0-or-later
"""What a take's Action remembers: where it comes from, and the motion itself, as custom properties.

The motion is kept because an Action holds a rig's rotations: from it alone no BVH of the reference skeleton,
and no take on another character, could be made after the file was closed.
"""

from __future__ import annotations

import datetime
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np

from aqgt.errors import AqgtError
from aqgt.protocol.provenance import Provenance

from ..scene.strips import laid_strips
from ..translations import tip

if TYPE_CHECKING:
    from aqgt.annotations import Span
    from aqgt.motion import Motion
    from aqgt.words import Word

    from .recipe import Recipe

FORMAT = 1
_MARK = "aqgt_take"


@dataclass(frozen=True)
class Take:
    """What can be read back from an Action: the motion, its words and annotations, its origin.

    Attributes:
        motion: at its own frame rate.
        words: what is said, in seconds from the start of the motion.
        spans: the annotations it was made with, in the same seconds.
        provenance: where the motion comes from.
        start: where the motion begins on the timeline, in seconds.
        recipe: what makes the same motion again; None where it did not come from an engine.
        sources: of a merged take: name, share of time and provenance of each take it was merged from.
    """

    motion: Motion
    words: tuple[Word, ...]
    spans: tuple[Span, ...]
    provenance: Provenance
    start: float
    recipe: Recipe | None = None
    sources: tuple[Mapping[str, Any], ...] = ()


def is_take(action: bpy.types.Action | None) -> bool:
    """Whether an Action was made by this add-on."""
    return action is not None and _MARK in action.keys()  # noqa: SIM118 -- an Action is no mapping


def pack_motion(motion: Motion) -> bytes:
    """What an Action keeps of a motion; of a long one this takes longer than Blender may be kept waiting."""
    return zlib.compress(
        np.ascontiguousarray(motion.bone_vectors, dtype="<f4").tobytes(),
        level=0,  # packing floats saves a sixteenth and takes as long as writing every key
    )


def remember(action: bpy.types.Action, take: Take, frame_rate: float, packed: bytes | None = None) -> None:
    """Write a take's origin into its Action; the short parts are for people, in its custom properties.

    Args:
        action: the new Action.
        take: what it is to remember.
        frame_rate: of the scene whose frames the keys count in.
        packed: what `pack_motion` made of the take's motion, where that has been done.
    """
    from aqgt.formats.spans_json import span_to_dict
    from aqgt.formats.words_json import word_to_dict

    from .recipe import pack

    action[_MARK] = FORMAT
    action["aqgt_model"] = take.provenance.model
    action["aqgt_seed"] = take.provenance.seed
    action["aqgt_licence"] = take.provenance.licence
    action["aqgt_start"] = take.start
    action["aqgt_frame_rate"] = frame_rate
    action["aqgt_seconds"] = take.motion.duration
    action["aqgt_made"] = datetime.datetime.now().isoformat(" ", "minutes")
    action["aqgt_provenance"] = provenance_text(take.provenance)
    action["aqgt_sources"] = json.dumps(_plain(list(take.sources)))
    if take.recipe is not None:
        action["aqgt_recipe"], action["aqgt_sound"] = pack(take.recipe)
    action["aqgt_words"] = json.dumps([word_to_dict(word) for word in take.words])
    action["aqgt_spans"] = json.dumps([span_to_dict(span) for span in take.spans])
    action["aqgt_fps"] = take.motion.fps
    action["aqgt_lengths"] = take.motion.lengths.tolist()
    action["aqgt_motion"] = pack_motion(take.motion) if packed is None else packed


def recall(action: bpy.types.Action) -> Take:
    """The take an Action remembers.

    Raises:
        AqgtError: it is no take, a later version of the add-on wrote it, or it is damaged.
    """
    from aqgt.formats.spans_json import spans_from_json
    from aqgt.formats.words_json import words_from_json
    from aqgt.motion import Motion

    if not is_take(action):
        raise AqgtError(f"“{action.name}” is no take of this add-on.", "Choose a generated take.", "no-take")
    if action[_MARK] != FORMAT:
        raise AqgtError(
            f"“{action.name}” was written by another version of the add-on.",
            "Update the add-on.",
            "take-version",
        )
    if "aqgt_motion" not in action.keys():  # noqa: SIM118 -- an Action is no mapping
        raise AqgtError(
            f"“{action.name}” holds no motion: its custom property is gone.",
            "Generate it again, or choose another take.",
            "no-motion",
        )
    try:
        vectors = np.frombuffer(zlib.decompress(action["aqgt_motion"]), dtype="<f4").reshape(-1, 53, 3)
        return Take(
            Motion(action["aqgt_fps"], vectors, np.array(action["aqgt_lengths"])),
            tuple(words_from_json(json.loads(action["aqgt_words"]))),
            tuple(spans_from_json(json.loads(action["aqgt_spans"]))),
            provenance_of(action),
            action["aqgt_start"],
            recipe_of(action),
            sources_of(action),
        )
    except (zlib.error, KeyError, TypeError, ValueError) as error:
        raise AqgtError(
            f"What “{action.name}” remembers is damaged: its custom properties were changed.",
            "Generate it again, or choose another take.",
            "no-motion",
        ) from error


def provenance_of(action: bpy.types.Action) -> Provenance:
    """Where the motion of a take comes from; fields of a later version are left out."""
    return read_provenance(json.loads(action["aqgt_provenance"]))


def read_provenance(data: Mapping[str, Any]) -> Provenance:
    """A provenance from what `provenance_text` wrote, once parsed."""
    known = {field.name for field in fields(Provenance)}
    return Provenance(**{key: value for key, value in data.items() if key in known})


def provenance_text(provenance: Provenance) -> str:
    """A provenance as JSON."""
    return json.dumps(_plain(asdict(provenance)))


def sources_of(action: bpy.types.Action) -> tuple[Mapping[str, Any], ...]:
    """What a merged take was merged from; nothing for any other take."""
    return tuple(json.loads(action.get("aqgt_sources", "[]")))


def recipe_of(action: bpy.types.Action) -> Recipe | None:
    """What makes a take's motion again; None where the take does not hold it.

    Raises:
        AqgtError: a later version of the add-on wrote it.
    """
    if not has_recipe(action):
        return None
    from .recipe import unpack

    return unpack(action["aqgt_recipe"], action["aqgt_sound"])


def has_recipe(action: bpy.types.Action) -> bool:
    """Whether a take holds what makes its motion again."""
    return "aqgt_recipe" in action.keys()  # noqa: SIM118 -- an Action is no mapping


def why_not_again(action: bpy.types.Action) -> str:
    """Why a take can't be generated again, without a full stop; empty where it can."""
    if sources_of(action):
        return tip("The take was merged from others: generate those again")
    if not has_recipe(action):
        return tip("The take does not hold what it was made from")
    return ""


def frame_rate_of(action: bpy.types.Action, now: float) -> float:
    """The frame rate that a take's keys count in; that of the scene now where an older take does not say."""
    return float(action.get("aqgt_frame_rate", now))


def takes_of(armature: bpy.types.Object) -> Sequence[tuple[bpy.types.NlaTrack, bpy.types.Action]]:
    """The takes on an armature's NLA tracks, newest first, each with its (uppermost) track."""
    found = {one.strip.action: one.track for one in laid_strips(armature) if is_take(one.strip.action)}
    return [(track, action) for action, track in reversed(found.items())]


def newest_take(armature: bpy.types.Object | None) -> bpy.types.Action:
    """The Action of the character's newest take.

    Raises:
        AqgtError: it has none.
    """
    takes = takes_of(armature) if armature is not None else []
    if not takes:
        raise AqgtError("The character has no take.", "Generate gestures first.", "no-take")
    return takes[0][1]


def take_named(name: str) -> bpy.types.Action:
    """An Action by name.

    Raises:
        AqgtError: there is none.
    """
    action: bpy.types.Action | None = bpy.data.actions.get(name)
    if action is None:
        raise AqgtError(f"There is no action “{name}”.", "Choose a take.", "no-take")
    return action


def _plain(value: Any) -> Any:
    """Numbers of numpy and tuples as JSON knows them."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value
