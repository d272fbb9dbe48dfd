# SPDX-License-Identifier: GPL-3.0-or-later
"""Training stages, one module per network that is trained."""
