# SPDX-License-Identifier: GPL-3.0-or-later
"""A frozen pose VQ makes the rows that are read and no others, with the right gradients."""

from __future__ import annotations

from contextlib import nullcontext

import torch

from aqgt.models.kernels import plain
from aqgt.models.vq import VqVae, VqWidths


def test_a_frozen_pose_vq_decodes_three_rows_in_training_too() -> None:
    """Rows and gradients are those of the whole decoding; without a frozen decoder the whole one is taken."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        vq = VqVae(VqWidths(8, 8, 1, 4, 16)).double().eval().requires_grad_(False)
        top, bottom = torch.randn(3, 4, 1, 20).double(), torch.randn(3, 4, 2, 40).double()
    found = []
    for way in (nullcontext(), plain()):
        latents = (top.clone().requires_grad_(), bottom.clone().requires_grad_())
        with way:
            rows = vq.decode_rows(*latents)
        (rows * torch.linspace(-1, 1, rows.numel()).double().view_as(rows)).sum().backward()
        found.append((rows.detach(), *(each.grad for each in latents)))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-9)
    vq.requires_grad_(True)
    vq.decode_rows(top, bottom).sum().backward()
    assert vq.decoder[-1].weight.grad is not None
