# SPDX-License-Identifier: GPL-3.0-or-later
"""Short trainings of a recipe that differ in one thing each, and what that thing is worth."""
