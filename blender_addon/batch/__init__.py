# SPDX-License-Identifier: GPL-3.0-or-later
"""Job files: many recordings at once, done by the engine's own processes while Blender stays free."""
