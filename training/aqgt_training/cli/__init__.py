# SPDX-License-Identifier: GPL-3.0-or-later
"""The `aqgt-train` command line, one file per command."""
