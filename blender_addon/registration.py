# SPDX-License-Identifier: GPL-3.0-or-later
"""The one ordered list of everything Blender is told about; unregistering walks it backwards.

Whatever is imported from here is compiled and run before Blender can go on. Modules that do the work of an
operator are therefore imported in the function that uses them, and by `warm_up` soon afterwards.
"""

from __future__ import annotations

from typing import Any

import bpy

from . import migration, one_job, preferences, translations, warm_up
from .annotate import drawn_range, following
from .annotate import exchange_ops as annotate_exchange
from .annotate import ops as annotate_ops
from .annotate import panel as annotate_panel
from .annotate import preset_ops as annotate_presets
from .annotate import props as annotate_props
from .annotate import range_ops as annotate_range
from .annotate import suggest_ops as annotate_suggest
from .batch import ops as batch_ops
from .batch import panel as batch_panel
from .batch import process as batch_process
from .batch import props as batch_props
from .connection import engine_process, session
from .connection import ops as connection_ops
from .connection import panel as connection_panel
from .connection import report as connection_report
from .generate import ops as generate_ops
from .generate import panel as generate_panel
from .generate import props as generate_props
from .headless import command
from .preview import live, temporary
from .retarget import ops as retarget_ops
from .retarget import panel as retarget_panel
from .retarget import props as retarget_props
from .speech import align_ops, changes, overlay, transcript_ops, word_list, word_ops, words
from .speech import panel as speech_panel
from .speech import props as speech_props
from .takes import again_ops as takes_again
from .takes import compare_ops as takes_compare
from .takes import export_ops as takes_export
from .takes import header as takes_header
from .takes import ops as takes_ops
from .takes import panel as takes_panel
from .takes import props as takes_props

CLASSES: tuple[type, ...] = (
    preferences.AQGT_Preferences,
    migration.AQGT_PG_settings,
    words.AQGT_PG_word,
    words.AQGT_PG_words,
    speech_props.AQGT_PG_speech,
    annotate_props.AQGT_PG_annotation,
    annotate_props.AQGT_PG_annotate,
    generate_props.AQGT_PG_generate,
    retarget_props.AQGT_PG_bone_row,
    retarget_props.AQGT_PG_retarget,
    batch_props.AQGT_PG_batch,
    takes_props.AQGT_PG_take,
    takes_props.AQGT_PG_takes,
    connection_ops.AQGT_OT_engine_start,
    connection_ops.AQGT_OT_engine_stop,
    connection_ops.AQGT_OT_engine_check,
    connection_ops.AQGT_OT_engine_log,
    connection_report.AQGT_OT_report,
    transcript_ops.AQGT_OT_transcript_paste,
    transcript_ops.AQGT_OT_transcript_import,
    align_ops.AQGT_OT_align,
    align_ops.AQGT_OT_transcribe,
    align_ops.AQGT_OT_align_cancel,
    word_ops.AQGT_OT_word_add,
    word_ops.AQGT_OT_word_remove,
    word_ops.AQGT_OT_words_estimate,
    word_ops.AQGT_OT_words_clear,
    word_list.AQGT_UL_words,
    annotate_ops.AQGT_OT_marker_add,
    annotate_ops.AQGT_OT_marker_add_range,
    annotate_range.AQGT_OT_marker_add_words,
    annotate_range.AQGT_OT_marker_drag,
    annotate_ops.AQGT_OT_annotation_retime,
    annotate_ops.AQGT_OT_annotation_duplicate,
    annotate_ops.AQGT_OT_annotation_mirror,
    annotate_ops.AQGT_OT_annotation_delete,
    annotate_ops.AQGT_OT_annotation_lock,
    annotate_ops.AQGT_OT_annotation_reason,
    annotate_presets.AQGT_OT_preset_save,
    annotate_presets.AQGT_OT_preset_apply,
    annotate_presets.AQGT_OT_preset_delete,
    annotate_presets.AQGT_OT_preset_import,
    annotate_presets.AQGT_OT_preset_export,
    annotate_panel.AQGT_UL_annotations,
    annotate_suggest.AQGT_OT_suggest,
    annotate_exchange.AQGT_OT_annotations_export,
    annotate_exchange.AQGT_OT_annotations_import,
    generate_ops.AQGT_OT_generate,
    generate_ops.AQGT_OT_cancel,
    takes_export.AQGT_OT_take_export,
    takes_export.AQGT_MT_take_export,
    takes_export.AQGT_MT_played_export,
    takes_ops.AQGT_OT_take_rename,
    takes_ops.AQGT_OT_take_delete,
    takes_ops.AQGT_OT_take_solo,
    takes_ops.AQGT_OT_take_mute,
    takes_ops.AQGT_OT_take_apply_to,
    takes_compare.AQGT_OT_take_compare,
    takes_compare.AQGT_OT_take_show,
    takes_compare.AQGT_OT_take_compare_end,
    takes_compare.AQGT_OT_take_merge,
    takes_again.AQGT_OT_take_generate_again,
    takes_panel.AQGT_UL_takes,
    takes_panel.AQGT_MT_take_compare,
    retarget_ops.AQGT_OT_auto_map,
    retarget_ops.AQGT_OT_show_map,
    retarget_ops.AQGT_OT_remember_map,
    retarget_ops.AQGT_OT_save_map,
    retarget_ops.AQGT_OT_load_map,
    retarget_ops.AQGT_OT_retarget,
    retarget_panel.AQGT_OT_bone_status,
    retarget_panel.AQGT_UL_bones,
    batch_ops.AQGT_OT_batch_run,
    batch_ops.AQGT_OT_batch_cancel,
    batch_ops.AQGT_OT_batch_report,
    connection_panel.AQGT_PT_connection,
    speech_panel.AQGT_PT_speech,
    speech_panel.AQGT_PT_speech_sequencer,
    annotate_panel.AQGT_PT_annotate,
    annotate_panel.AQGT_PT_annotation,
    annotate_panel.AQGT_PT_annotate_sequencer,
    annotate_panel.AQGT_PT_annotation_sequencer,
    annotate_panel.AQGT_PT_presets,
    annotate_panel.AQGT_PT_presets_sequencer,
    annotate_panel.AQGT_PT_suggest,
    annotate_panel.AQGT_PT_suggest_sequencer,
    generate_panel.AQGT_PT_generate,
    takes_panel.AQGT_PT_takes,
    takes_panel.AQGT_PT_take_merge,
    takes_panel.AQGT_PT_take_apply_to,
    takes_panel.AQGT_PT_take_about,
    retarget_panel.AQGT_PT_retarget,
    retarget_panel.AQGT_PT_bones,
    retarget_panel.AQGT_PT_laying,
    batch_panel.AQGT_PT_batch,
)

PROPERTIES: tuple[tuple[type, str, type], ...] = (
    (bpy.types.Sound, "aqgt_words", words.AQGT_PG_words),
    (bpy.types.Scene, "aqgt_settings", migration.AQGT_PG_settings),
    (bpy.types.Scene, "aqgt_speech", speech_props.AQGT_PG_speech),
    (bpy.types.Scene, "aqgt_annotate", annotate_props.AQGT_PG_annotate),
    (bpy.types.TimelineMarker, "aqgt", annotate_props.AQGT_PG_annotation),
    (bpy.types.Scene, "aqgt_generate", generate_props.AQGT_PG_generate),
    (bpy.types.Scene, "aqgt_retarget", retarget_props.AQGT_PG_retarget),
    (bpy.types.Scene, "aqgt_batch", batch_props.AQGT_PG_batch),
    (bpy.types.Action, "aqgt", takes_props.AQGT_PG_take),
    (bpy.types.Object, "aqgt_takes", takes_props.AQGT_PG_takes),
)

COMMANDS: tuple[tuple[str, Any], ...] = ((command.NAME, command.run),)
"""What `blender --command NAME …` runs."""

_commands: list[Any] = []

HANDLERS: tuple[tuple[str, Any], ...] = (
    ("load_pre", one_job.on_load_pre),
    ("load_pre", live.on_load_pre),
    *((event, live.on_clean) for event in live.CLEANING),
    *((event, changes.on_replaced) for event in ("load_post", "undo_post", "redo_post")),
    ("load_post", migration.on_load_post),
    ("save_pre", following.on_save_pre),
    ("save_pre", migration.on_save_pre),
)


def register() -> None:
    """Called by Blender when the extension is enabled."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    for owner, name, group in PROPERTIES:
        setattr(owner, name, bpy.props.PointerProperty(type=group))
    for event, function in HANDLERS:
        getattr(bpy.app.handlers, event).append(function)
    _commands.extend(bpy.utils.register_cli_command(name, function) for name, function in COMMANDS)
    overlay.add()
    takes_header.add()
    annotate_range.add_menus()
    migration.begin()
    translations.register()
    warm_up.begin()


def unregister() -> None:
    """Called by Blender when the extension is disabled; ends the job, the connection and the local engine."""
    warm_up.stop()
    translations.unregister()
    while _commands:
        bpy.utils.unregister_cli_command(_commands.pop())
    batch_process.stop()
    if bpy.app.timers.is_registered(batch_ops.tick):
        bpy.app.timers.unregister(batch_ops.tick)
    takes_header.remove()
    annotate_range.remove_menus()
    drawn_range.hide()
    overlay.remove()
    one_job.abandon_all()
    live.stop()
    temporary.sweep()
    following.stop()
    migration.stop()
    session.close()
    engine_process.stop()
    for event, function in reversed(HANDLERS):
        handlers = getattr(bpy.app.handlers, event)
        if function in handlers:
            handlers.remove(function)
    for owner, name, _ in reversed(PROPERTIES):
        delattr(owner, name)
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
