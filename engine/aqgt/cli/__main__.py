# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m aqgt.cli` is the command `aqgt`."""

from aqgt.cli.app import main

if __name__ == "__main__":
    main()
