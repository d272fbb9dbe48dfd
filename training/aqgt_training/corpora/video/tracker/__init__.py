# SPDX-License-Identifier: GPL-3.0-or-later
"""The tracker: a program of its own, as MediaPipe wants other versions of numpy and protobuf than the rest.

It runs in an environment with the extra “video” (`video.tracking` starts it) and imports nothing of the
project; its imports are relative so that it is the same package there and here.
"""
