# SPDX-License-Identifier: GPL-3.0-or-later
"""Timeline markers that begin with “G:” steer the gestures."""
