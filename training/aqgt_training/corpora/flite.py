# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech from text by Flite's voices, with word, stress and accent times, through the system's libflite."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.words import Word

VOICES = ("slt", "rms", "awb")
SAMPLE_RATE = 16_000
_LIBRARIES = ("libflite.so.1", "libflite_usenglish.so.1", "libflite_cmulex.so.1")
_FIRST_SEGMENT = b"R:SylStructure.daughter1.daughter1.R:Segment.p.end"
_LAST_SEGMENT = b"R:SylStructure.daughtern.daughtern.R:Segment.end"
_SYLLABLE_START = b"R:SylStructure.daughter1.R:Segment.p.end"
_SYLLABLE_END = b"R:SylStructure.daughtern.R:Segment.end"


class _Wave(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_char_p),
        ("sample_rate", ctypes.c_int),
        ("num_samples", ctypes.c_int),
        ("num_channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    )


class _Voice(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("features", ctypes.c_void_p))


@dataclass(frozen=True)
class Syllable:
    """A spoken syllable: start and end in seconds, lexical stress, pitch accent."""

    start: float
    end: float
    stressed: bool
    accented: bool


@dataclass(frozen=True)
class Speech:
    """Spoken text: int16 samples `[N]` at 16 kHz, words and syllables with their times."""

    samples: NDArray[np.int16]
    words: Sequence[Word]
    syllables: Sequence[Syllable]


class Flite:
    """Flite's voices.

    Raises:
        AqgtError: the library or the voice is not installed; the message names Debian's package.
    """

    def __init__(self, voice: str) -> None:
        if voice not in VOICES:
            raise AqgtError(f"“{voice}” is no known voice.", f"Use one of: {', '.join(VOICES)}.", "no-voice")
        try:
            libraries = [ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL) for name in _LIBRARIES]
            library = ctypes.CDLL(f"libflite_cmu_us_{voice}.so.1", mode=ctypes.RTLD_GLOBAL)
        except OSError as error:
            raise AqgtError(
                "The speech synthesiser Flite is not installed.",
                "Install Debian's package libflite1 (`sudo apt-get install libflite1`).",
                "no-flite",
            ) from error
        self.voice = voice
        self._flite = libraries[0]
        self._declare()
        self._flite.flite_init()
        register = getattr(library, f"register_cmu_us_{voice}")
        register.restype, register.argtypes = ctypes.POINTER(_Voice), (ctypes.c_char_p,)
        self._voice = register(None)

    def speak(self, text: str, *, stretch: float = 1.0) -> Speech:
        """The text spoken; ``stretch`` > 1 is slower.

        Raises:
            AqgtError: nothing in the text can be spoken.
        """
        self._flite.feat_set_float(self._voice.contents.features, b"duration_stretch", float(stretch))
        # The voice's breath is noise from the C library: unseeded, a text would sound different each time.
        ctypes.CDLL(None).srand(1)
        utterance = self._flite.flite_synth_text(text.encode("utf-8", "ignore"), self._voice)
        if not utterance:
            raise AqgtError("Flite could not speak the text.", "Give plain English text.", "no-speech")
        try:
            wave = self._flite.utt_wave(utterance).contents
            samples = np.ctypeslib.as_array(wave.samples, (wave.num_samples,)).astype(np.int16).copy()
            if wave.sample_rate != SAMPLE_RATE:
                raise AqgtError(
                    f"The voice speaks at {wave.sample_rate} Hz.", "Use a 16 kHz voice.", "no-speech"
                )
            return Speech(samples, self._words(utterance), self._syllables(utterance))
        finally:
            self._flite.delete_utterance(utterance)

    def _words(self, utterance: int) -> list[Word]:
        words = []
        for item in self._items(utterance, b"Word"):
            name = self._flite.item_feat_string(item, b"name").decode("utf-8", "replace").strip()
            start = float(self._flite.ffeature_float(item, _FIRST_SEGMENT))
            end = float(self._flite.ffeature_float(item, _LAST_SEGMENT))
            if name and end > start:
                words.append(Word(name, start, end))
        return words

    def _syllables(self, utterance: int) -> list[Syllable]:
        return [
            Syllable(
                float(self._flite.ffeature_float(item, _SYLLABLE_START)),
                float(self._flite.ffeature_float(item, _SYLLABLE_END)),
                self._flite.ffeature_string(item, b"stress") == b"1",
                self._flite.ffeature_string(item, b"accented") == b"1",
            )
            for item in self._items(utterance, b"Syllable")
        ]

    def _items(self, utterance: int, relation: bytes) -> list[int]:
        found = []
        item = self._flite.relation_head(self._flite.utt_relation(utterance, relation))
        while item:
            found.append(item)
            item = self._flite.item_next(item)
        return found

    def _declare(self) -> None:
        pointer, text = ctypes.c_void_p, ctypes.c_char_p
        signatures = {
            "flite_init": (ctypes.c_int, ()),
            "flite_synth_text": (pointer, (text, ctypes.POINTER(_Voice))),
            "utt_wave": (ctypes.POINTER(_Wave), (pointer,)),
            "utt_relation": (pointer, (pointer, text)),
            "relation_head": (pointer, (pointer,)),
            "item_next": (pointer, (pointer,)),
            "item_feat_string": (text, (pointer, text)),
            "ffeature_float": (ctypes.c_float, (pointer, text)),
            "ffeature_string": (text, (pointer, text)),
            "feat_set_float": (None, (pointer, text, ctypes.c_float)),
            "delete_utterance": (None, (pointer,)),
        }
        for name, (result, arguments) in signatures.items():
            function = getattr(self._flite, name)
            function.restype, function.argtypes = result, arguments


@dataclass
class VoicePool:
    """Voices, each loaded once when first used."""

    names: Sequence[str] = VOICES

    @cached_property
    def _loaded(self) -> dict[str, Flite]:
        return {}

    def speak(self, voice: str, text: str, stretch: float = 1.0) -> Speech:
        """The text spoken by a voice of the pool."""
        if voice not in self._loaded:
            self._loaded[voice] = Flite(voice)
        return self._loaded[voice].speak(text, stretch=stretch)
