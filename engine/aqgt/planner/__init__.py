# SPDX-License-Identifier: GPL-3.0-or-later
"""Suggests annotation spans from words and prosody, by rules kept as data."""
