# SPDX-License-Identifier: GPL-3.0-or-later
"""Co-speech gestures for any character: the vocabulary, the models and the engine of AQ-GT-A.

Importing this package loads numpy alone; everything heavier is imported by the subpackage that needs it.
"""

__version__ = "0.1.0"
