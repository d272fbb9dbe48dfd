# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of aqgt's default model; `aqgt.models.registry` finds them by `importlib.resources`."""
