# SPDX-License-Identifier: GPL-3.0-or-later
"""From a folder of one's own videos to a clip database."""
