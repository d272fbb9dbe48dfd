# SPDX-License-Identifier: GPL-3.0-or-later
"""The training stack of AQ-GT-A: corpora, losses, stages, evaluation and recipes."""
