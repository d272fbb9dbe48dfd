# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of AQ-GT-A and the registry that loads them."""
