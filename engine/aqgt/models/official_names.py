# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of weights: those of these networks and those of the published files, both ways."""

from __future__ import annotations

from collections.abc import Iterable

_VQ = {
    "encoder_bottom": "enc_b.blocks",
    "encoder_top": "enc_t.blocks",
    "decoder_top": "dec_t.blocks",
    "decoder": "dec.blocks",
    "to_top": "quantize_conv_t",
    "to_bottom": "quantize_conv_b",
    "quantise_top": "quantize_t",
    "quantise_bottom": "quantize_b",
    "upsample_top": "upsample_t",
}
_ANNOTATION = {
    "embedding": "embedding",
    "gru.gru": "gru",
    "norm": "norm1",
    "heads": "annotation_modules",
    "occurrence": "occ_net",
}
_SPEECH = {
    "audio.bottom.0": "audio_bottom1.1",
    "audio.bottom.2": "audio_bottom2.0",
    "audio.top.0": "audio_top1.1",
    "audio.top.2": "audio_top2.0",
    "text.body.0": "text_encoder.decoder.1",
    "text.body.3": "text_encoder.decoder.4",
    "text.norm": "text_encoder.textnorm",
}
_DISCRIMINATOR = {
    **_SPEECH,
    "poses.body": "pose_encoder.pose_encoder",
    "poses.dropout.logit": "pose_encoder.dropout_encoder.p_logit",
    "norm.1": "bnorm",
    "gru.gru": "gru",
    "state.0": "anorm",
    "join.0": "fnorm",
    "join.2": "fin_out1.0",
    "annotations": "anno_net",
    "score.0": "fin_norm",
    "score.2": "fin_out2.0",
    "score.4": "fin_norm2",
    "score.5": "fin_out3.0",
}
_AUTOENCODER = {
    "encoder.convolutions": "pose_encoder.net",
    "encoder.affine": "pose_encoder.out_net",
    "encoder.mean": "pose_encoder.fc_mu",
    "encoder.log_variance": "pose_encoder.fc_logvar",
    "decoder.pre": "decoder.pre_pose_net",
    "decoder.gru.gru": "decoder.gru",
    "decoder.out": "decoder.out",
}
_ENCODERS = {
    **_SPEECH,
    "speaker.embedding": "speaker_embedding1.0",
    "speaker.body.0": "speaker_embedding1.1",
    "speaker.body.2": "speaker_embedding2.0",
    "speaker.mean": "speaker_mu",
    "speaker.log_variance": "speaker_logvar",
    "pose.0": "pose_emb1.0",
    "pose.2": "pose_emb2.0",
    "beats.energy.0": "square_layer1.0",
    "beats.energy.2": "square_layer2.0",
    "beats.onset.0": "oenv_layer1.0",
    "beats.onset.2": "oenv_layer2.0",
    "audio_norm.1": "audio_norm",
    "logits.gru": "Wav2Vec2modelGRU",
    "logits.norm": "Wav2Vec2model_norm",
    "seed_codes.embedding": "pose_embeddings.0",
    "seed_codes.gru": "pose_embeddings.1",
    "seed_annotations.gru": "anno_GRU",
    "annotations.body": "emb_condenser",
}
_ANNOTATION_CHANNEL = {
    "embedding": "embedding.0",
    "body.0": "embedding.1",
    "body.3": "embedding2.0",
    "mean": "mu",
    "log_variance": "logvar",
}
_BACKBONE = {
    "norm": "gru_layer_norm",
    "gru_1.gru": "gru_1",
    "gru_2.gru": "gru_2",
    "join.1": "gru_out_norm",
    "join.2.0": "out_emb1.0",
    "join.2.2": "out_emb2.0",
    "join.2.4": "out_emb2.2",
}
_TRANSFORMER_LAYERS = {
    "positions.{0}.encoding": "pos_encoder.{0}.pe",
    "layers.{0}": "transformers.{0}.0",
    "projections.{0}.2": "transformers.{0}.3",
    "projections.{0}.4": "layer_norms.{0}",
    "out.1": "out_net.1",
}
_ALIGNER = {
    "first_guess.2.0": "beat_out_emb.0",
    "first_guess.2.2": "beat_out_emb.2",
    "context_norm": "temporal_align_norm",
    "align.2.0": "temporal_align1.0",
    "align.2.2": "temporal_align2.0",
    "align.2.4": "temporal_align3.0",
    "code_norm": "temporal_align_out_norm",
    "to_code.2": "temporal_align4.0",
    "residual.0": "temporal_align5.0",
}
_MOST_LAYERS = 16


def _under(inside: dict[str, str], ours: str, official: str = "") -> dict[str, str]:
    return {f"{ours}.{a}": f"{official}.{b}" if official else b for a, b in inside.items()}


def _generator(number_channel: int, n_channels: int) -> dict[str, str]:
    table = {
        **_under(_ENCODERS, "encoders"),
        **_under(_ANNOTATION, "encoders.seed_annotations.network", "anno_net"),
        **_under(_BACKBONE, "backbone"),
        **_under(_ALIGNER, "aligner"),
        **_under(_VQ, "aligner.head.vq", "seq_pose_encoder"),
        "speaker_guess.body": "z_arc",
        "speaker_guess.embedding": "z_emb",
        "unused.0": "beat_emb1.0",
        "unused.1": "beat_emb2.0",
    }
    for channel in range(n_channels):
        inside = {"body": ""} if channel == number_channel else _ANNOTATION_CHANNEL
        ours, official = f"encoders.annotations.channels.{channel}", f"anno_emb.{channel}"
        table |= {f"{ours}.{a}": f"{official}.{b}".rstrip(".") for a, b in inside.items()}
    for stack in ("transformer_1", "transformer_2"):
        for layer in range(_MOST_LAYERS):
            numbered = {a.format(layer): b.format(layer) for a, b in _TRANSFORMER_LAYERS.items()}
            table |= _under(numbered, f"backbone.{stack}", stack)
    return table


_TABLES = {
    "pose_vq": _VQ,
    "audio_vq": _VQ,
    "annotation_model": _ANNOTATION,
    "generator": _generator(number_channel=1, n_channels=17),
    "discriminator": _DISCRIMINATOR,
    "gesture_autoencoder": _AUTOENCODER,
}
NETWORKS = tuple(_TABLES)
"""Names of the published networks."""
EMPTY = {"generator": ("dummy_param",)}
"""Weights of the published files that hold no number."""
NOT_OFFICIAL = ("pose_mean", "pose_std", "rest_pose")
"""Buffers of these networks that the published files keep elsewhere."""


def official_name(network: str, name: str) -> str:
    """The published name of one of our weights.

    Raises:
        KeyError: the published network has no such weight.
    """
    table = _TABLES[network]
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        if prefix in table:
            rest = ".".join(parts[length:])
            if table[prefix].endswith(".blocks"):  # a residual block's layers
                rest = rest.replace(".body.", ".conv.")
            return f"{table[prefix]}.{rest}" if rest else table[prefix]
    raise KeyError(name)


def official_names(network: str, names: Iterable[str]) -> dict[str, str]:
    """Our names → published names; weights that the published files don't hold are left out."""
    return {name: official_name(network, name) for name in names if name not in NOT_OFFICIAL}


_OLD_PARTS = {"gru": "transformer_1", "gru2": "transformer_2", "gru3": "gru_2"}


def current_name(network: str, name: str) -> str | None:
    """The published name of a weight in an older or wrapped file; None for one that nothing needs."""
    first, _, rest = name.partition(".")
    if network == "generator":
        return f"{_OLD_PARTS[first]}.{rest}" if first in _OLD_PARTS else name
    if network == "audio_vq":  # a training wrapper's file holds the network as its part "generator"
        return None if first.startswith("LogVAE_") else name.removeprefix("generator.")
    if network == "annotation_model":  # a copy of the pose VQ may lie beside it
        return None if first == "vq" else name
    return name
