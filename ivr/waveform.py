"""The picture of a sound: bars around a middle line, drawn as one SVG path."""

from __future__ import annotations

from collections.abc import Sequence

HEIGHT = 100  # of the picture's own units; the page stretches it
LOWEST = 3  # so that silence is seen as a line


def waveform_path(peaks: Sequence[int], bars: int) -> str:
    """Vertical strokes, one for each bar. Units: peaks 0 to 100; x 0 to `bars`, y 0 to 100.

    Bars for which there is more than one peak are as high as the highest.
    """
    strokes = []
    for bar in range(bars):
        first, last = bar * len(peaks) // bars, (bar + 1) * len(peaks) // bars
        loudest = max(peaks[first : max(last, first + 1)], default=0)
        height = max(LOWEST, loudest)
        strokes.append(f"M{bar}.5 {(HEIGHT - height) / 2:g}v{height}")
    return "".join(strokes)
