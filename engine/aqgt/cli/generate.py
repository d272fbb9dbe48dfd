# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt generate`: speech in, motion out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer


def generate(
    audio: Annotated[Path, typer.Argument(help="Audio or video file with speech.")],
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", help="Where the motion goes: .npz, .bvh or .mp4; may be repeated."),
    ] = None,
    text: Annotated[Path | None, typer.Option(help="What is said, as plain text.")] = None,
    words: Annotated[
        Path | None,
        typer.Option(
            help="Timed words: as `aqgt align` writes them, .srt, .vtt, .TextGrid, .eaf, WhisperX's .json."
        ),
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option(help="Your annotations: spans as JSON, or lines like `3.2 G: iconic right`."),
    ] = None,
    annotate: Annotated[
        str,
        typer.Option(
            help="auto: without annotations of yours the planner makes them; around: it also fills the time"
            " between yours; none: it does nothing."
        ),
    ] = "auto",
    fill: Annotated[
        str,
        typer.Option(help="planner: it chooses what your annotations leave open; none: left to the model."),
    ] = "planner",
    density: Annotated[
        float, typer.Option(min=0.0, max=2.0, help="How many gestures the planner makes; 1 = usual.")
    ] = 1.0,
    energy: Annotated[
        float, typer.Option(min=0.0, max=2.0, help="How large the planner's gestures are; 1 = usual.")
    ] = 1.0,
    handedness: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of one-handed gestures for the right hand.")
    ] = 0.6,
    idle: Annotated[
        float, typer.Option(min=0.0, max=2.0, help="Breathing, sway and nods; 1 = usual, 0 = none.")
    ] = 1.0,
    head: Annotated[bool, typer.Option(help="Whether the head moves, or is held at rest.")] = True,
    preset: Annotated[
        list[str] | None,
        typer.Option(help="Annotation preset, applied last; repeated: one result for each, named after it."),
    ] = None,
    model: Annotated[str, typer.Option(help="Name of a model; see `aqgt models list`.")] = "compact",
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes another motion.")] = 0,
    speaker: Annotated[
        int | None, typer.Option(min=0, help="Speaker identity of the model; left out: its usual one.")
    ] = None,
    sampling: Annotated[
        str,
        typer.Option(help="seeded: style and labels vary around their means, by the seed; off: they don't."),
    ] = "seeded",
    variants: Annotated[int, typer.Option(min=1, help="How many motions to make.")] = 1,
    language: Annotated[str, typer.Option(help="Language of the speech.")] = "en",
    precision: Annotated[
        str | None,
        typer.Option(
            help="exact, or fast: published models hear and read in bfloat16 (default: engine.yaml)."
        ),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Processor threads (default: the cores that are free now).")
    ] = None,
    word_vectors: Annotated[
        Path | None,
        typer.Option(help="The fastText .bin of a model that was trained with one; also $AQGT_FASTTEXT."),
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="Address of a running engine; without it this process does the work.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Your key file, where the engine wants one.", metavar="FILE")
    ] = None,
) -> None:
    """Make gestures for a recording."""
    from aqgt.cli.inputs import read_annotations, read_sound, words_of
    from aqgt.cli.outputs import MOTION_SUFFIXES, named_after, require_suffix, write_result
    from aqgt.cli.progress import note
    from aqgt.protocol.checks import check_choice
    from aqgt.protocol.messages import ANNOTATE, FILL, SAMPLING, GenerateRequest

    outputs = output or [Path(audio.stem + ".npz")]
    for path in outputs:
        require_suffix(path, MOTION_SUFFIXES)
    check_choice("--annotate", annotate, ANNOTATE)
    check_choice("--fill", fill, FILL)
    check_choice("--sampling", sampling, SAMPLING)
    sound = read_sound(audio)
    spans = read_annotations(annotations) if annotations is not None else ()
    timed = words_of(sound, text, words, language)
    request = GenerateRequest(
        audio=sound,
        words=timed,
        spans=spans,
        annotate=annotate,
        fill=fill,
        density=density,
        energy=energy,
        handedness=handedness,
        idle=idle,
        head=head,
        model=model,
        speaker=speaker,
        sampling=sampling,
        seed=seed,
        variants=variants,
        language=language,
    )
    presets: list[str | None] = [*dict.fromkeys(preset or [])] or [None]
    results = _run(
        [replace(request, preset=name) for name in presets], engine, key, word_vectors, precision, threads
    )
    for sentence in dict.fromkeys(sentence for result in results for sentence in result.notes):
        note(sentence)
    for path in outputs:
        for name, result in zip(presets, results, strict=True):
            target = path if name is None or len(presets) == 1 else named_after(path, name)
            for variant in range(len(result.motions)):
                written = write_result(target, result, timed, sound, variant)
                note(f"{written}: {result.motions[variant].duration:.1f} s.")


def _run(
    requests: list[Any],
    engine: str | None,
    key: Path | None,
    word_vectors: Path | None,
    precision: str | None,
    threads: int | None,
) -> list[Any]:
    """The results of requests that differ in their preset alone."""
    from aqgt.cli.progress import stages
    from aqgt.errors import AqgtError

    if engine is not None and word_vectors is not None:
        raise AqgtError(
            "A running engine opens its own files.",
            "Leave --word-vectors away, and start the engine with $AQGT_FASTTEXT set.",
            "bad-usage",
        )
    shares = [0.0] * len(requests)
    with stages("Generating") as advance:

        def told(number: int, progress: Any) -> None:
            shares[number] = progress.window / progress.windows
            advance(sum(shares) / len(shares))

        if engine is not None:
            from aqgt.protocol.client import EngineClient

            with EngineClient(engine, name="aqgt generate", key_file=key) as client:
                return client.generate_many(requests, told)
        from aqgt.generation import generate_many
        from aqgt.models.registry import load_model
        from aqgt.service.checks import check_request
        from aqgt.service.config import EngineConfig, read_engine_config
        from aqgt.settings import check_settings
        from aqgt.threads import use_threads

        config = read_engine_config()
        if precision is not None:
            changed = {**config.model_dump(), "precision": precision}
            config = check_settings(changed, EngineConfig, "the command line")
        use_threads(threads or config.threads)
        for request in requests:
            check_request(request, config.limits)
        loaded = load_model(
            requests[0].model,
            device=_device(config.device),
            word_vectors=word_vectors,
            precision=config.precision,
        )
        return generate_many(requests, loaded, on_progress=told)


def _device(wish: str) -> str:
    from aqgt.service.backend import choose_device

    return choose_device(wish)
