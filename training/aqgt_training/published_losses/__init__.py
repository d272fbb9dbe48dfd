# SPDX-License-Identifier: GPL-3.0-or-later
"""The losses that AQ-GT and AQ-GT-A were published with, as pure functions.

Fresh models are trained by `aqgt_training.losses`; these are for training the published networks again
and for comparing with them. Sources: the published implementation's formulas, and for their ideas H. Voß and
S. Kopp, "AQ-GT" (ICMI 2023) and "Augmented Co-Speech Gesture Generation" (IVA 2023).

Poses are `[B, T, C]`: B windows, T = 34 frames at 15 per second, C = 53 joints · 3 = 159 coordinates of
mean-subtracted bone vectors in model units (neck to head top is about 0.1).

* `settings`: the weights and the values of the training that were in use
* `motion`: differences between motions: poses, derivatives, and distances on rebuilt positions
* `generator`: all terms of the generator and their total
* `adversarial`: the discriminator's WGAN-div loss with its gradient penalty, and the generator's side of it
* `networks`: losses of the gesture autoencoder, the sound and pose VQ, and the annotation network
"""
