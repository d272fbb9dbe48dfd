# SPDX-License-Identifier: GPL-3.0-or-later
"""What client and engine say to each other: messages, their wire form, and the client."""
