# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt.speech.audio import check_audio, read_audio, write_wav

av = pytest.importorskip("av")


def encode(path: Path, samples: np.ndarray, rate: int, codec: str) -> None:
    """Writes `samples [channels, N]` with PyAV."""
    layout = {1: "mono", 2: "stereo"}[len(samples)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples, dtype=np.float32), "fltp", layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        fifo = av.AudioResampler(format=stream.format.name, layout=layout, rate=rate)
        size = stream.codec_context.frame_size or len(samples[0])
        blocks = av.AudioFifo()
        for resampled in [*fifo.resample(frame), *fifo.resample(None)]:
            blocks.write(resampled)
        while blocks.samples:
            container.mux(stream.encode(blocks.read(min(size, blocks.samples))))
        container.mux(stream.encode(None))


def pulse(rate: int, seconds: float = 2.0, at: float = 0.75) -> np.ndarray:
    """A short 1 kHz tone around one moment."""
    t = np.arange(int(rate * seconds)) / rate
    return 0.5 * np.sin(2 * np.pi * 1000 * t) * np.exp(-(((t - at) / 0.01) ** 2))


def middle(samples: np.ndarray) -> float:
    """Where the energy lies, in seconds at 16 kHz."""
    power = samples.astype(float) ** 2
    return float((power * np.arange(len(power))).sum() / power.sum() / 16000)


def test_16_khz_mono_wav_is_read_bit_for_bit(tmp_path: Path, babble: np.ndarray) -> None:
    exact = np.round(babble * 32768).clip(-32768, 32767) / 32768
    write_wav(tmp_path / "a.wav", exact)
    np.testing.assert_array_equal(read_audio(tmp_path / "a.wav"), exact.astype(np.float32))


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.wav", "pcm_s16le", 44100),
        ("a.wav", "pcm_f32le", 48000),
        ("a.wav", "pcm_s16le", 22050),
        ("a.wav", "pcm_u8", 8000),
        ("a.mp3", "libmp3lame", 44100),
        ("a.ogg", "libopus", 48000),
        ("a.flac", "flac", 48000),
        ("a.mp4", "aac", 44100),
    ],
)
def test_formats_keep_time_level_and_length(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    if codec not in av.codecs_available:
        pytest.skip(f"this PyAV has no {codec}")
    left = pulse(rate)
    encode(tmp_path / name, np.stack([left, 0 * left]), rate, codec)
    samples = read_audio(tmp_path / name)
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(32000, abs=1600)
    assert middle(samples[8000:16000]) + 0.5 == pytest.approx(0.75, abs=0.002)
    # The mean of a loud and a silent channel: half the level.
    assert np.abs(samples).max() == pytest.approx(0.25, abs=0.03)


def test_values_above_full_scale_are_not_clipped(tmp_path: Path) -> None:
    encode(tmp_path / "a.wav", 3.0 * pulse(16000)[None], 16000, "pcm_f32le")
    assert np.abs(read_audio(tmp_path / "a.wav")).max() == pytest.approx(1.5, abs=0.01)


def test_long_sound_does_not_drift(tmp_path: Path) -> None:
    encode(tmp_path / "a.wav", pulse(44100, 300.0, 299.0)[None], 44100, "pcm_s16le")
    samples = read_audio(tmp_path / "a.wav")
    assert len(samples) == pytest.approx(300 * 16000, abs=2)
    assert middle(samples) == pytest.approx(299.0, abs=1e-4)


def video_only(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=15)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_bad_file(kind: str, folder: Path) -> Path:
    path = folder / f"{kind}.wav"
    if kind == "folder":
        path.mkdir()
    elif kind == "text":
        path.write_text("Four score and seven years ago\n" * 50)
    elif kind == "zero bytes":
        path.touch()
    elif kind == "no samples":
        write_wav(path, np.zeros(0))
    elif kind == "video":
        path = folder / "video.mp4"
        video_only(path)
    return path


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("missing", "no-file"),
        ("folder", "not-audio"),
        ("text", "not-audio"),
        ("zero bytes", "empty-audio"),
        ("no samples", "empty-audio"),
        ("video", "no-audio-stream"),
    ],
)
def test_bad_files_are_named_with_a_next_step(tmp_path: Path, kind: str, code: str) -> None:
    with pytest.raises(AqgtError) as caught:
        read_audio(write_bad_file(kind, tmp_path))
    assert caught.value.code == code
    assert caught.value.next_step.endswith(".")
    assert kind in caught.value.sentence


@pytest.mark.parametrize(
    ("audio", "code"),
    [
        (np.zeros(0, np.float32), "empty-audio"),
        (np.full(16000, np.nan, np.float32), "bad-audio"),
        (np.array([0.1, np.inf] * 8000), "bad-audio"),
        (np.zeros(16000, np.float32), "silent-audio"),
        (np.full(16000, 5e-5, np.float32), "silent-audio"),
        (np.full(3200, 0.1, np.float32), "short-audio"),
        (np.zeros((16000, 2), np.float32), "bad-audio"),
        (np.zeros(16000, np.int16), "bad-audio"),
    ],
)
def test_unusable_arrays_are_refused(audio: np.ndarray, code: str) -> None:
    with pytest.raises(AqgtError) as caught:
        check_audio(audio)
    assert caught.value.code == code
    assert caught.value.next_step


def test_usable_arrays_pass(babble: np.ndarray) -> None:
    np.testing.assert_array_equal(check_audio(babble), babble)
    assert check_audio(babble.astype(np.float64)).dtype == np.float32
    assert check_audio(np.zeros(16000, np.float32), allow_silence=True).size == 16000
    with pytest.raises(AqgtError, match=r"at most 0\.02") as caught:
        check_audio(babble, maximum=1.2)
    assert caught.value.code == "long-audio"


def test_loud_sound_is_written_without_clipping(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", 4 * pulse(16000))
    expected = pulse(16000) / np.abs(pulse(16000)).max()
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav"), expected, atol=1e-4)
