# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: where it is, whether it answers, and the one this Blender started."""
