# SPDX-License-Identifier: GPL-3.0-or-later
"""File formats, each read and written without anything but numpy and the standard library."""
