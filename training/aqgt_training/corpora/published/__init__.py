# SPDX-License-Identifier: GPL-3.0-or-later
"""What the published code does to poses, words and annotations before a network sees them."""
