"""Sounds in which nobody speaks, made by formula: silence, hum, noises, chords, drums, bells and sweeps."""

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

RATE = 16_000
Samples = np.ndarray[Any, Any]


def write(path: Path, kind: str, seconds: float, seed: int = 0) -> Path:
    """A 16 kHz mono WAV of this kind of sound."""
    clock = np.arange(int(seconds * RATE)) / RATE
    samples = SOUNDS[kind](clock, np.random.default_rng(seed))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def _hum(clock: Samples, _: np.random.Generator) -> Samples:
    return 0.05 * np.sin(2 * np.pi * 50 * clock) + 0.02 * np.sin(2 * np.pi * 100 * clock)


def _coloured(power: float) -> Callable[[Samples, np.random.Generator], Samples]:
    def noise(clock: Samples, chance: np.random.Generator) -> Samples:
        spectrum = np.fft.rfft(chance.standard_normal(len(clock)))
        pitch = np.maximum(np.fft.rfftfreq(len(clock), 1 / RATE), 1.0)
        samples = np.fft.irfft(spectrum / pitch**power, len(clock))
        return 0.2 * samples / np.abs(samples).max()

    return noise


def _chords(clock: Samples, _: np.random.Generator) -> Samples:
    """A chord a second, each of three tones with three partials, dying away."""
    steps = [(220, 277.2, 329.6), (196, 246.9, 293.7), (174.6, 220, 261.6), (246.9, 311.1, 370)]
    samples = np.zeros_like(clock)
    for beat in range(int(np.ceil(len(clock) / RATE))):
        part = slice(beat * RATE, (beat + 1) * RATE)
        fading = np.exp(-1.5 * (clock[part] - beat))
        for tone in steps[beat % 4]:
            samples[part] += fading * sum(np.sin(2 * np.pi * tone * k * clock[part]) / k for k in (1, 2, 3))
    return 0.1 * samples


def _drums(clock: Samples, chance: np.random.Generator) -> Samples:
    samples = np.zeros_like(clock)
    for beat in range(int(len(clock) * 4 / RATE)):
        start = beat * RATE // 4
        after = clock[start : start + RATE // 5] - clock[start]
        kick = np.sin(2 * np.pi * (60 + 90 * np.exp(-30 * after)) * after) * np.exp(-18 * after)
        brush = 0.5 * chance.standard_normal(len(after)) * np.exp(-(40 if beat % 2 else 22) * after)
        samples[start : start + len(after)] += kick if beat % 4 == 0 else brush
    return 0.5 * samples


def _band(clock: Samples, chance: np.random.Generator) -> Samples:
    return 0.7 * _chords(clock, chance) + 0.6 * _drums(clock, chance)


def _fiddle(clock: Samples, _: np.random.Generator) -> Samples:
    """A melody of eight partials with vibrato: as near to a voice as a formula gets."""
    notes = np.array([440, 494, 523, 587, 659, 587, 523, 494], dtype=float)
    pitch = notes[(clock * 2).astype(int) % 8] * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * clock))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    tone = np.sum([np.sin(k * phase) / k for k in range(1, 9)], axis=0)
    return 0.1 * tone * (0.6 + 0.4 * np.sin(4 * np.pi * clock))


def _clicks(clock: Samples, _: np.random.Generator) -> Samples:
    samples = np.zeros_like(clock)
    samples[:: RATE // 2] = 0.8
    return samples


SOUNDS: dict[str, Callable[[Samples, np.random.Generator], Samples]] = {
    "silence": lambda clock, _: np.zeros_like(clock),
    "dither": lambda clock, chance: chance.integers(-1, 2, len(clock)) / 32768,
    "hum": _hum,
    "white noise": lambda clock, chance: 0.1 * chance.standard_normal(len(clock)),
    "soft noise": lambda clock, chance: 0.005 * chance.standard_normal(len(clock)),
    "pink noise": _coloured(0.5),
    "brown noise": _coloured(1.0),
    "noise bursts": lambda clock, chance: 0.1 * chance.standard_normal(len(clock)) * (np.sin(8 * np.pi * clock) > 0),
    "chords": _chords,
    "drums": _drums,
    "band": _band,
    "fiddle": _fiddle,
    "clicks": _clicks,
    "sweep": lambda clock, _: 0.2 * np.sin(2 * np.pi * (300 * clock + 100 * clock**2)),
    "dialling": lambda clock, _: (
        0.2 * (np.sin(2 * np.pi * 770 * clock) + np.sin(2 * np.pi * 1336 * clock)) * (np.sin(3 * np.pi * clock) > 0)
    ),
}
