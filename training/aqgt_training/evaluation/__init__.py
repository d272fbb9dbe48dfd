# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging a model: controlled gestures, speed and timing on held-out clips."""
