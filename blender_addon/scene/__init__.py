# SPDX-License-Identifier: GPL-3.0-or-later
"""The only code that knows Blender's API versions, and the only code here that counts in frames."""
