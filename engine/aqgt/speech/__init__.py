# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech in: reading audio, timing words, and the features that models listen to."""
