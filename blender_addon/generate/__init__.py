# SPDX-License-Identifier: GPL-3.0-or-later
"""The job: from what the scene says to a motion."""
