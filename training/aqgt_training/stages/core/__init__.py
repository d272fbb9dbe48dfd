# SPDX-License-Identifier: GPL-3.0-or-later
"""The training loop that all stages share, and what belongs to it.

* `settings`: what every stage's config may say
* `devices`: one device, several, several computers
* `players`: a network with its optimiser and learning rate
* `feed`: batches in an order that a resumed training finds again
* `task`: what a stage gives to the loop
* `trainer`: the loop
* `checkpoints`: saving and going on
* `average`, `tracking`: moving averages of weights; logs, curves
* `network_files`: what a stage hands to the next one
"""
