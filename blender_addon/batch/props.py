# SPDX-License-Identifier: GPL-3.0-or-later
"""Which job file, and how many processes."""

from __future__ import annotations

import bpy


class AQGT_PG_batch(bpy.types.PropertyGroup):
    """What the section Batch asks for."""

    jobs: bpy.props.StringProperty(
        name="Jobs", description="Job file: YAML, or a CSV table with one job per row", subtype="FILE_PATH"
    )
    workers: bpy.props.IntProperty(
        name="Processes",
        description="Processes at work at the same time; 0: one per core",
        default=0,
        min=0,
        max=256,
    )
