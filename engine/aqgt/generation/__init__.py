# SPDX-License-Identifier: GPL-3.0-or-later
"""From a request to a motion: windows, stitching, variants."""
