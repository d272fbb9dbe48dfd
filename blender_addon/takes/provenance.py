# SPDX-License-Identifier: GPL-3.0-or-later
"""What a take's Action remembers: where it comes from, and the motion itself, as custom properties.

The motion is kept because an Action holds a rig's rotations: from it alone no BVH of the reference skeleton,
and no take on another character, could be made after the file was closed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import bpy
import numpy as np

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.formats.spans_json import span_to_dict, spans_from_json
from aqgt.formats.words_json import word_to_dict, words_from_json
from aqgt.motion import Motion
from aqgt.protocol.messages import Provenance
from aqgt.words import Word

FORMAT = 1
_MARK = "aqgt_take"


@dataclass(frozen=True)
class Take:
    """What can be read back from an Action: the motion, its words and annotations, its origin."""

    motion: Motion
    words: tuple[Word, ...]
    spans: tuple[Span, ...]
    provenance: Provenance
    start: float


def is_take(action: bpy.types.Action | None) -> bool:
    """Whether an Action was made by this add-on."""
    return action is not None and _MARK in action.keys()  # noqa: SIM118 -- an Action is no mapping


def pack_motion(motion: Motion) -> bytes:
    """What an Action keeps of a motion; of a long one this takes longer than Blender may be kept waiting."""
    return zlib.compress(
        np.ascontiguousarray(motion.bone_vectors, dtype="<f4").tobytes(),
        level=0,  # packing floats saves a sixteenth and takes as long as writing every key
    )


def remember(action: bpy.types.Action, take: Take, packed: bytes | None = None) -> None:
    """Write a take's origin into its Action; the short parts are for people, in its custom properties.

    Args:
        action: where to.
        take: what is remembered.
        packed: what `pack_motion` made of the take's motion, where that has been done.
    """
    action[_MARK] = FORMAT
    action["aqgt_model"] = take.provenance.model
    action["aqgt_seed"] = take.provenance.seed
    action["aqgt_licence"] = take.provenance.licence
    action["aqgt_start"] = take.start
    action["aqgt_provenance"] = json.dumps(_plain(asdict(take.provenance)))
    action["aqgt_words"] = json.dumps([word_to_dict(word) for word in take.words])
    action["aqgt_spans"] = json.dumps([span_to_dict(span) for span in take.spans])
    action["aqgt_fps"] = take.motion.fps
    action["aqgt_lengths"] = take.motion.lengths.tolist()
    action["aqgt_motion"] = pack_motion(take.motion) if packed is None else packed


def recall(action: bpy.types.Action) -> Take:
    """The take an Action remembers.

    Raises:
        AqgtError: it is no take, or a later version of the add-on wrote it.
    """
    if not is_take(action):
        raise AqgtError(f"“{action.name}” is no take of this add-on.", "Choose a generated take.", "no-take")
    if action[_MARK] != FORMAT:
        raise AqgtError(
            f"“{action.name}” was written by another version of the add-on.",
            "Update the add-on.",
            "take-version",
        )
    vectors = np.frombuffer(zlib.decompress(action["aqgt_motion"]), dtype="<f4").reshape(-1, 53, 3)
    return Take(
        Motion(action["aqgt_fps"], vectors, np.array(action["aqgt_lengths"])),
        tuple(words_from_json(json.loads(action["aqgt_words"]))),
        tuple(spans_from_json(json.loads(action["aqgt_spans"]))),
        Provenance(**json.loads(action["aqgt_provenance"])),
        action["aqgt_start"],
    )


def takes_of(armature: bpy.types.Object) -> Sequence[tuple[bpy.types.NlaTrack, bpy.types.Action]]:
    """The takes on an armature's NLA tracks, newest first, each with its (uppermost) track."""
    data = armature.animation_data
    if data is None:
        return []
    found = {
        strip.action: track for track in data.nla_tracks for strip in track.strips if is_take(strip.action)
    }
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
