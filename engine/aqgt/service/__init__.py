# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine process: it serves generation over ZeroMQ."""
