# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of the results: new Actions on new NLA tracks."""
