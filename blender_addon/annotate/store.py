# SPDX-License-Identifier: GPL-3.0-or-later
"""Gesture markers and the annotations they hold: read, write, follow what people do to the markers.

A marker's name is a short form of the annotation in its property group. Where the name is not the one that
the group was filled from, somebody typed it: then the name counts. Reading never writes: panels may read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import bpy

from aqgt.annotations import SPEECH_KEYS, Span, canonical
from aqgt.errors import AqgtError
from aqgt.gesture_forms import FORM, forms_of
from aqgt.markers import ParsedMarker, is_marker, parse_marker, print_marker

from ..scene.markers import go_to, marker_time, new_marker, place_marker
from .vocabulary import CHANNELS, NOT_NAMED, OF_HANDS

_CHANNELS = tuple(key for key in CHANNELS if key != "occurrence")
_quiet = 0


@dataclass(frozen=True)
class Annotation:
    """A gesture marker as it is read.

    Attributes:
        time: onset of the stroke on the timeline, in seconds.
        name: the marker's name.
        content: whom it addresses and what it says; empty where it can't be read.
        suggested: the planner made it, and nobody has changed it since.
        locked: nothing may change it.
        problem: why it can't be read, and what to do.
    """

    time: float
    name: str
    content: ParsedMarker
    suggested: bool = False
    locked: bool = False
    problem: AqgtError | None = None

    def speaks_to(self, character: str | None) -> bool:
        """Whether it addresses a character of that name; None: whatever is addressed."""
        address = self.content.character
        return address is None or character is None or canonical(address) == canonical(character)

    def span(self, start: float = 0.0) -> Span:
        """The span, in seconds from ``start`` on the timeline.

        Raises:
            AqgtError: it can't be read, or lies before ``start``.
        """
        if self.problem is not None:
            raise self.problem
        span = self.content.at(round(self.time - start, 6))
        return replace(span, source="planner" if self.suggested else "user", locked=self.locked)


def gesture_markers(scene: bpy.types.Scene) -> list[bpy.types.TimelineMarker]:
    """The gesture markers of a scene in order of time."""
    found = [marker for marker in scene.timeline_markers if is_marker(marker.name)]
    return sorted(found, key=lambda marker: (marker.frame, marker.name))


def read(scene: bpy.types.Scene, marker: bpy.types.TimelineMarker) -> Annotation:
    """What a gesture marker says now, however it came to say it."""
    group: Any = marker.aqgt
    moved = group.frame_read != marker.frame
    filled = group.name_read == marker.name
    time = marker_time(scene, marker, 0.0 if moved or not filled else group.subframe)
    if filled:
        content = _content(group)
        return Annotation(time, marker.name, content, group.suggested and not moved, group.locked)
    try:
        return Annotation(time, marker.name, parse_marker(marker.name), locked=group.locked)
    except AqgtError as error:
        return Annotation(time, marker.name, ParsedMarker(), locked=group.locked, problem=error)


def has_gestures(scene: bpy.types.Scene) -> bool:
    """Whether a scene has gesture markers."""
    return any(is_marker(marker.name) for marker in scene.timeline_markers)


def heading(scene: bpy.types.Scene, marker: bpy.types.TimelineMarker) -> Annotation:
    """`read` without what the marker says and to whom; right of one whose group is up to date."""
    group: Any = marker.aqgt
    time = marker_time(scene, marker, group.subframe)
    return Annotation(time, marker.name, ParsedMarker(), group.suggested, group.locked)


def speaks_to_all(marker: bpy.types.TimelineMarker) -> bool:
    """Whether the group is what the name says, and addresses nobody in particular."""
    group: Any = marker.aqgt
    return group.name_read == marker.name and group.target is None and not group.address


def write(scene: bpy.types.Scene, marker: bpy.types.TimelineMarker, annotation: Annotation) -> None:
    """Let a marker hold an annotation: its group, its frame and its name.

    Raises:
        AqgtError: a label is unknown, or the character's name fits into no marker; nothing is changed then.
    """
    name = print_marker(annotation.content.at(0.0), annotation.content.character)
    subframe = place_marker(scene, marker, annotation.time)
    marker.name = name
    _fill(scene, marker, annotation.content)
    group: Any = marker.aqgt
    group.subframe = subframe
    group.suggested, group.locked = annotation.suggested, annotation.locked


def check(annotation: Annotation) -> None:
    """Whether a marker can hold an annotation; raises like `write`."""
    print_marker(annotation.content.at(0.0), annotation.content.character)


def same_address(one: str | None, other: str | None) -> bool:
    """Whether two annotations address the same character, or both none."""
    return canonical(one or "") == canonical(other or "")


def add(scene: bpy.types.Scene, annotation: Annotation) -> bpy.types.TimelineMarker:
    """A new marker that holds an annotation; raises like `write`, and then there is none."""
    check(annotation)
    marker = new_marker(scene, annotation.time, "G:")
    write(scene, marker, annotation)
    return marker


def from_span(span: Span, start: float = 0.0, character: str | None = None) -> Annotation:
    """The annotation of a span that counts its seconds from ``start`` on the timeline."""
    length = None if span.end is None else span.end - span.start
    content = ParsedMarker(character, span.side, dict(span.labels), span.rest, length)
    return Annotation(span.start + start, "", content, span.source == "planner", span.locked)


def changed(annotation: Annotation, **changes: Any) -> Annotation:
    """A person's changed copy of an annotation; ``changes`` are fields of it or of its content."""
    own = {key: changes.pop(key) for key in ("time", "locked") if key in changes}
    return replace(annotation, content=replace(annotation.content, **changes), suggested=False, **own)


def is_stale(marker: bpy.types.TimelineMarker) -> bool:
    """Whether the group lags behind what was done to its marker, or to the character it addresses."""
    group: Any = marker.aqgt
    if group.name_read == marker.name and group.frame_read == marker.frame:  # most, at each draw of a panel
        return group.target is not None and group.target.name != group.address
    return is_marker(marker.name)


def is_pending(scene: bpy.types.Scene, marker: bpy.types.TimelineMarker) -> bool:
    """Whether `sync` would change the marker's group."""
    return is_stale(marker) and read(scene, marker).problem is None


def sync(scene: bpy.types.Scene) -> None:
    """Take in what people did to the markers: typed names fill the groups, moves are followed.

    A marker that can't be read keeps its group as it was, so that mending its name loses nothing.
    """
    for marker in scene.timeline_markers:
        if not is_pending(scene, marker):
            continue
        annotation = read(scene, marker)
        group: Any = marker.aqgt
        if group.name_read != marker.name:
            _fill(scene, marker, annotation.content)
        elif group.target is not None and group.target.name != group.address:
            _rename(marker)
        if group.frame_read != marker.frame or not annotation.suggested:
            group.suggested = False
        if group.frame_read != marker.frame:
            group.frame_read, group.subframe = marker.frame, 0.0


def on_edit(group: Any, _context: bpy.types.Context) -> None:
    """A person changed a property of the panel: the name follows, and the annotation is their own."""
    if _quiet:
        return
    marker = _owner(group)
    if marker is not None:
        group.suggested = False
        _rename(marker)


def on_target(group: Any, context: bpy.types.Context) -> None:
    """A person chose another character."""
    if not _quiet:
        group.address = group.target.name if group.target is not None else ""
        on_edit(group, context)


def on_click(settings: Any, _context: bpy.types.Context) -> None:
    """A person clicked an annotation in the list: the playhead goes there."""
    scene = settings.id_data
    if not _quiet and 0 <= settings.active < len(scene.timeline_markers):
        go_to(scene, scene.timeline_markers[settings.active])


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Set properties without acting as if a person had."""
    global _quiet
    _quiet += 1
    try:
        yield
    finally:
        _quiet -= 1


def activate(scene: bpy.types.Scene, marker: bpy.types.TimelineMarker | None) -> None:
    """Make a marker the active one of the list; the playhead stays."""
    places = {one.as_pointer(): index for index, one in enumerate(scene.timeline_markers)}
    with quietly():
        scene.aqgt_annotate.active = places.get(marker.as_pointer(), -1) if marker is not None else -1


def active(scene: bpy.types.Scene) -> bpy.types.TimelineMarker | None:
    """The active gesture marker of the list."""
    index, markers = scene.aqgt_annotate.active, scene.timeline_markers
    if 0 <= index < len(markers) and is_marker(markers[index].name):
        found: bpy.types.TimelineMarker = markers[index]
        return found
    return None


def _content(group: Any) -> ParsedMarker:
    character = group.target.name if group.target is not None else group.address or None
    labels = {} if group.rest else _labels(group)
    return ParsedMarker(character, group.side, labels, group.rest, _length(group.length))


def _length(value: float) -> float | None:
    # Blender keeps single precision; a microsecond is more than anyone annotates.
    return round(value, 6) or None


def _labels(group: Any) -> dict[str, str]:
    """The labels by family, and by hand where the two hands differ."""
    hands = ("left", "right") if group.side == "both" else (group.side,)
    labels: dict[str, str] = {}
    for family in OF_HANDS:
        of_hands = {f"{family}_{hand}": getattr(group, f"{family}_{hand}") for hand in hands}
        if len(set(of_hands.values())) == 1:
            of_hands = {family: next(iter(of_hands.values()))}
        labels |= of_hands
    labels |= {key: getattr(group, channel) for key, channel in SPEECH_KEYS.items()}
    return {key: label for key, label in labels.items() if label != NOT_NAMED}


def _fill(scene: bpy.types.Scene, marker: bpy.types.TimelineMarker, content: ParsedMarker) -> None:
    span = content.at(0.0)
    named = {channel.key: label for channel, label in span.channels()}
    named |= {f"{FORM}_{hand}": label for hand, label in forms_of(span).items()}
    group: Any = marker.aqgt
    with quietly():
        for key in _CHANNELS:
            setattr(group, key, _identifier(key, named))
        group.side, group.rest = content.side, content.rest
        group.length = content.duration or 0.0
        group.target = _armature(scene, content.character)
        group.address = content.character or ""
        if group.target is not None:
            group.address = group.target.name
        group.subframe = 0.0
    group.name_read, group.frame_read = marker.name, marker.frame


def _identifier(key: str, named: Mapping[str, str]) -> str:
    if key not in named:
        return NOT_NAMED
    channel = CHANNELS[key]
    value = channel.value_of(named[key])
    return channel.name_of(value) or ("nothing" if value == 0 else "unknown")


def _armature(scene: bpy.types.Scene, character: str | None) -> bpy.types.Object | None:
    for one in scene.objects if character else ():
        if one.type == "ARMATURE" and canonical(one.name) == canonical(character):
            return one
    return None


def _rename(marker: bpy.types.TimelineMarker) -> None:
    """Write the short form of the group into the name."""
    group: Any = marker.aqgt
    if group.target is not None:
        group.address = group.target.name
    content = _content(group)
    try:
        name = print_marker(content.at(0.0), content.character)
    except AqgtError:  # a character's name that fits into no marker; the group knows it all the same
        name = print_marker(content.at(0.0))
    marker.name = group.name_read = name


def _owner(group: Any) -> bpy.types.TimelineMarker | None:
    # Blender gives a property group no way to its marker. Markers of an Action's pose are of the same type.
    wanted, markers = group.as_pointer(), getattr(group.id_data, "timeline_markers", ())
    return next((one for one in markers if one.aqgt.as_pointer() == wanted), None)
