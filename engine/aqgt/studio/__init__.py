# SPDX-License-Identifier: GPL-3.0-or-later
"""Work without a window: many clips at once, and Blender as a subprocess that retargets and renders."""
