# SPDX-License-Identifier: GPL-3.0-or-later
"""What each operator may change when it succeeds, and how it is called so that it does.

A failure may change nothing at all. The names of what may change are those of `state.changes`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy

from aqgt.formats.npz import write_npz
from tests.blender.takes import part, waving

Arguments = dict[str, Any]


@dataclass(frozen=True)
class Law:
    """What is known of an operator.

    Attributes:
        may: what it may change; a name that ends in `*` stands for all that begin so.
        calls: arguments with which it succeeds on the stage; makes files in the folder it is given.
        before: what has to be done first.
        wrong: arguments that it refuses.
        never_fails: whether there is nothing that it could refuse.
        needs_window: whether it can only refuse here, where there is none.
    """

    may: Sequence[str] = ()
    calls: Callable[[Path], list[Arguments]] = field(default=lambda _folder: [{}])
    before: Callable[[], Any] | None = None
    wrong: Sequence[Arguments] = ()
    never_fails: bool = False
    needs_window: bool = False


_WORDS = ("words: Voice", "words of the file: Scene")
_MARKERS = ("markers: Scene", "annotate panel: Scene")
_TAKE = ("actions +", "data-blocks: actions +", "takes panel: Anna", "tracks: Anna", "pose by hand -")
_PLAYED = ("takes panel: Anna", "tracks: Anna")
_ROWS = ("retarget panel: Scene",)
_TEXT = ("texts +", "texts: *", "data-blocks: texts +")


def _file(name: str, text: str = "") -> Callable[[Path], list[Arguments]]:
    def calls(folder: Path) -> list[Arguments]:
        if text:
            (folder / name).write_text(text, encoding="utf-8")
        return [{"filepath": str(folder / name)}]

    return calls


def _each(**arguments: Sequence[Any]) -> Callable[[Path], list[Arguments]]:
    return lambda _folder: [{name: value} for name, values in arguments.items() for value in values]


def _compare() -> None:
    takes = [action for _, action in part("takes.provenance").takes_of(bpy.data.objects["Anna"])]
    bpy.ops.aqgt.take_compare(action=takes[0].name, other=takes[1].name)


def _other_take(_folder: Path) -> list[Arguments]:
    takes = [action for _, action in part("takes.provenance").takes_of(bpy.data.objects["Anna"])]
    return [{"other": takes[1].name}]


def _exports(folder: Path) -> list[Arguments]:
    formats = part("takes.formats").FORMATS
    kinds = sorted(formats, key=lambda kind: kind not in ("FBX", "GLB"))  # those that touch most of a file
    return [
        {"kind": kind, "played": played, "filepath": str(folder / f"{kind}{played}{formats[kind].suffix}")}
        for played in (False, True)
        for kind in kinds
        if kind != "USD" or "usd_export" in dir(bpy.ops.wm)
    ]


def _bones(folder: Path) -> list[Arguments]:
    bpy.ops.aqgt.save_map(filepath=str(folder / "kept.json"))
    return [{"filepath": str(folder / "kept.json")}]


def _preset(folder: Path) -> list[Arguments]:
    return _file("theirs.json", json.dumps({"kind": "annotation", "title": "Theirs", "side": "left"}))(folder)


def _annotations(folder: Path) -> list[Arguments]:
    path = str(folder / "kept_annotations.json")
    bpy.ops.aqgt.annotations_export(filepath=path)
    return [{"filepath": path, "instead": instead} for instead in (False, True)]


def _retarget_from_file() -> None:
    settings = bpy.context.scene.aqgt_retarget
    path = Path(bpy.data.filepath).with_name("motion.npz")
    write_npz(path, waving(3))
    settings.source, settings.filepath = "FILE", str(path)


def _job(gather: str, jobs: str) -> Callable[[], None]:
    def begin() -> None:
        module, _, function = gather.rpartition(".")
        getattr(part("one_job"), jobs).run(getattr(part(module), function)(bpy.context))

    return begin


def _log() -> None:
    part("connection.engine_process").log_file().write_text("started\n", encoding="utf-8")


def _slow_batch() -> None:
    batch = part("batch.process")
    batch.start(bpy.context.scene.aqgt_batch.jobs, 7)


_SUBTITLES = "1\n00:00:00,500 --> 00:00:01,500\nsaid in a file\n"

LAWS: dict[str, Law] = {
    "engine_start": Law(),
    "engine_stop": Law(before=lambda: bpy.ops.aqgt.engine_start()),
    "engine_check": Law(),
    "engine_log": Law(_TEXT, before=_log),
    "report": Law(_TEXT, never_fails=True),
    "transcript_paste": Law(("speech panel: Scene",), needs_window=True),
    "transcript_import": Law((*_WORDS, "speech panel: Scene"), _file("said.srt", _SUBTITLES)),
    "align": Law(_WORDS),
    "transcribe": Law((*_WORDS, "speech panel: Scene")),
    "align_cancel": Law(("threads",), before=_job("speech.align.gather_alignment", "wording")),
    "word_add": Law(_WORDS),
    "word_remove": Law(_WORDS),
    "words_estimate": Law(_WORDS),
    "words_clear": Law(_WORDS),
    "marker_add": Law(_MARKERS, never_fails=True),
    "marker_add_range": Law(_MARKERS),
    "marker_add_words": Law(_MARKERS),
    "marker_drag": Law(_MARKERS, wrong=({"start": 2.0, "end": 1.0},)),
    "annotation_retime": Law(_MARKERS),
    "annotation_duplicate": Law(_MARKERS),
    "annotation_mirror": Law(_MARKERS),
    "annotation_delete": Law(_MARKERS),
    "annotation_lock": Law(_MARKERS),
    "annotation_reason": Law((*_MARKERS, "frame: Scene"), never_fails=True),
    "preset_save": Law(("annotate panel: Scene",)),
    "preset_apply": Law(_MARKERS, _each(place=("PLAYHEAD", "WORDS", "RANGE", "CHOSEN"))),
    "preset_delete": Law(("annotate panel: Scene",)),
    "preset_import": Law(("annotate panel: Scene",), _preset),
    "preset_export": Law((), _file("mine.json")),
    "suggest": Law(_MARKERS),
    "annotations_export": Law((), _file("annotations.eaf")),
    "annotations_import": Law(_MARKERS, _annotations),
    "generate": Law(_TAKE),
    "cancel": Law(("threads",), before=_job("generate.gather.gather", "generation")),
    "take_export": Law((), _exports),
    "take_rename": Law(
        ("actions +", "actions -", "data-blocks: actions *", *_PLAYED), _each(name=("Renamed",))
    ),
    "take_delete": Law(("actions -", "data-blocks: actions -", *_PLAYED)),
    "take_solo": Law(("tracks: Anna",)),
    "take_mute": Law(("tracks: Anna",)),
    "take_apply_to": Law(
        ("actions +", "data-blocks: actions +", "takes panel: Ben", "tracks: Ben", "pose by hand -")
    ),
    "take_compare": Law(_PLAYED, _other_take),
    "take_show": Law(_PLAYED, before=_compare),
    "take_compare_end": Law(_PLAYED, _each(keep=(False, True)), before=_compare),
    "take_merge": Law(_TAKE),
    "take_generate_again": Law(_TAKE),
    "auto_map": Law(_ROWS),
    "show_map": Law(_ROWS),
    "remember_map": Law(("own properties: Built",), _each(forget=(False, True))),
    "save_map": Law((), _file("bones.toml")),
    "load_map": Law(_ROWS, _bones),
    "retarget": Law(_TAKE, before=_retarget_from_file),
    "bone_status": Law(never_fails=True),
    "batch_run": Law(),
    "batch_cancel": Law(before=_slow_batch),
    "batch_report": Law(before=lambda: bpy.ops.aqgt.batch_run()),
}
"""By the operators' names without “aqgt.”."""
