# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging a model: does it follow annotations, how does it move, and what do people see in it?"""
