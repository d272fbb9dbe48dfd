# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said: the sound and its transcript."""
