# SPDX-License-Identifier: GPL-3.0-or-later
"""A motion onto a character: which bone plays which role, and how the motion is laid on."""
