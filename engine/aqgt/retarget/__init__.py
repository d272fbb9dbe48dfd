# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion onto a rig: bone maps, rig description and the solver (numpy only)."""
