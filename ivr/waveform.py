"""The picture of a sound: bars around a middle line, drawn as one SVG path."""

from __future__ import annotations

from collections.abc import Sequence

HEIGHT = 100  # of the picture's own units; the page stretches it
LOWEST = 3  # so that silence is seen as a line


def waveform_path(peaks: Sequence[int], bars: int) -> str:
    """Vertical strokes, one for each bar. Units: peaks 0 to 100; x 0 to `bars`, y 0 to 100.

    Bars for which there is more than one peak are as high as the highest.
    """
    return two_sided_path(peaks, peaks, bars)


def two_sided_path(above: Sequence[int], below: Sequence[int], bars: int) -> str:
    """The same with one sound above the middle line and another one below it: who speaks is seen."""
    strokes = []
    for bar in range(bars):
        up, down = (max(LOWEST, _loudest(peaks, bar, bars)) / 2 for peaks in (above, below))
        strokes.append(f"M{bar}.5 {HEIGHT / 2 - up:g}v{up + down:g}")
    return "".join(strokes)


def _loudest(peaks: Sequence[int], bar: int, bars: int) -> int:
    first, last = bar * len(peaks) // bars, (bar + 1) * len(peaks) // bars
    return max(peaks[first : max(last, first + 1)], default=0)
