# SPDX-License-Identifier: GPL-3.0-or-later
"""A span of one take put into another: a new take from the motions that both remember."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, TypeVar

import bpy

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.protocol.messages import Provenance
from aqgt.words import Word

from ..translations import rpt
from . import crossfade
from .apply import apply_take
from .placing import Placed, place, spans_seen, words_seen
from .provenance import Take

_Timed = TypeVar("_Timed", Word, Span)


def merge_takes(
    scene: bpy.types.Scene,
    armature: bpy.types.Object,
    into: bpy.types.Action,
    source: bpy.types.Action,
    span: tuple[float, float],
    fade: float,
) -> tuple[str, list[str]]:
    """Lay a new take on the character: ``into``, but in a span of the timeline ``source``. Both stay.

    Args:
        scene: whose frames count.
        armature: the character.
        into: the take that is kept outside the span.
        source: the take that plays within.
        span: first and last frame of the scene.
        fade: seconds that each join takes at least.

    Returns:
        The name of the new take, and sentences for the user.

    Raises:
        AqgtError: one take holds no motion, or they do not both play in the span; nothing has changed.
    """
    if into == source:
        raise AqgtError("A take can't be merged into itself.", "Choose another one.", "same-take")
    base, other = place(scene, armature, into), place(scene, armature, source)
    frames = base.frames
    first = max(math.ceil(span[0]), frames[0], other.frames[0])
    last = min(math.floor(span[1]), frames[-1], other.frames[-1])
    if last - first < 1:
        raise AqgtError(
            "The two takes do not both play in this span.", "Choose a span within both of them.", "bad-span"
        )
    notes = []
    if first > math.ceil(span[0]) or last < math.floor(span[1]):
        notes.append(
            rpt(
                "The span was cut to frames {first:.0f}–{last:.0f}, where both takes play",
                first=first,
                last=last,
            )
        )
    begin, end = int(first - frames[0]), int(last - frames[0])
    merged = crossfade.merge(_motion(base, base, frames), _motion(other, base, frames), begin, end, fade)
    longest = max(merged.fades)
    if longest > 1.5 * fade:
        notes.append(
            rpt(
                "The joins take {seconds:.1f} s, so that they are no faster than the gestures",
                seconds=longest,
            )
        )
    start = frames[0] / base.fps
    seconds = (begin / base.fps, (end + 1) / base.fps)
    take = Take(
        merged.motion,
        _either(words_seen(base, start), words_seen(other, start), seconds),
        _either(spans_seen(base, start), spans_seen(other, start), seconds),
        _provenance(base.take.provenance, other.take.provenance),
        start,
        sources=(_source(into, base, "outside the span"), _source(source, other, _within(seconds))),
    )
    name, more = apply_take(scene, armature, take, name=f"{into.name} merged")
    return name, notes + more


def _motion(placed: Placed, base: Placed, frames: Any) -> Motion:
    """What a take shows at frames of the scene, with the base's lengths of bones."""
    motion = Motion(placed.fps, placed.vectors(frames), placed.take.motion.lengths)
    if placed is base:
        return motion
    return motion.with_lengths(base.take.motion.lengths, keep_root=True)


def _either(
    outside: Iterable[_Timed], inside: Iterable[_Timed], span: tuple[float, float]
) -> tuple[_Timed, ...]:
    """Words or annotations of one take outside the span, of the other inside, by where they begin."""
    begin, end = span
    kept = [one for one in outside if not begin <= one.start < end]
    kept.extend(one for one in inside if begin <= one.start < end)
    return tuple(sorted(kept, key=lambda one: one.start))


def _provenance(one: Provenance, two: Provenance) -> Provenance:
    """Where a merged motion comes from: both; whatever either licence asks for holds for it."""
    same = one.model_hash == two.model_hash
    return Provenance(
        model=one.model if one.model == two.model else f"{one.model} + {two.model}",
        model_hash=one.model_hash if same else "",
        licence=one.licence if one.licence == two.licence else f"{one.licence} and {two.licence}",
        commercial_use=one.commercial_use and two.commercial_use,
        seed=one.seed,
        settings={"merged": True},
        engine_version=one.engine_version,
        deterministic=one.deterministic and two.deterministic,
    )


def _source(action: bpy.types.Action, placed: Placed, share: str) -> dict[str, Any]:
    take = placed.take
    return {
        "name": action.name,
        "share": share,
        "provenance": asdict(take.provenance),
        "sources": list(take.sources),
    }


def _within(seconds: tuple[float, float]) -> str:
    return f"{seconds[0]:.2f}–{seconds[1]:.2f} s"
