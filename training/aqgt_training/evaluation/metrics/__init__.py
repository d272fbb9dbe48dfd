# SPDX-License-Identifier: GPL-3.0-or-later
"""The field's metrics of generated gestures: pure functions on arrays, each with its formula and source.

Sources by name: Trimodal (Yoon et al. 2020), HA2G (Liu et al. 2022), GENEA (the challenges of 2020 to
2023), BEAT (Liu et al. 2022), EMAGE (Liu et al. 2024), AQ-GT (Voß & Kopp 2023). Empty sets, sequences of
different length and values that are not finite are refused with an `AqgtError`; a metric that has no value
for valid input (no beats, nothing moves) is NaN, never 0.
"""

from aqgt_training.evaluation.metrics.beats import (
    beat_alignment_2022,
    beat_consistency,
    beat_consistency_2024,
)
from aqgt_training.evaluation.metrics.distributions import (
    diversity,
    frechet_distance,
    hellinger_distance,
    l1_diversity,
    paired_feature_distance,
    speed_histogram,
)
from aqgt_training.evaluation.metrics.motion import (
    acceleration_difference,
    derivative_losses,
    joint_error,
    mean_acceleration,
    mean_jerk,
    srgr,
)

__all__ = [
    "frechet_distance",
    "paired_feature_distance",
    "diversity",
    "l1_diversity",
    "speed_histogram",
    "hellinger_distance",
    "joint_error",
    "acceleration_difference",
    "derivative_losses",
    "srgr",
    "mean_jerk",
    "mean_acceleration",
    "beat_consistency",
    "beat_alignment_2022",
    "beat_consistency_2024",
]
