# SPDX-License-Identifier: GPL-3.0-or-later
"""What the published models read of a clip, computed as the published code does."""
