# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast the engine is on this machine, beside the way the published code goes: `aqgt bench`."""
