# SPDX-License-Identifier: GPL-3.0-or-later
"""What has been generated so far, shown while the rest is made; the file keeps nothing of it."""
