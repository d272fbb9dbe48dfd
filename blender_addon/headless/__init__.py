# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command `aqgt` has done inside a Blender process without a window.

`entry.py` is the script Blender is started with; `registry.py` names the kinds of jobs.
"""
