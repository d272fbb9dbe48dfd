# SPDX-License-Identifier: GPL-3.0-or-later
"""Published models into and out of a model's folder: importing, exporting, fetching, verifying."""
