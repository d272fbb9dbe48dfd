# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of AQ-GT and AQ-GT-A, their configuration, and the registry of trained models."""
