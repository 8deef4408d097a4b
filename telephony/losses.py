"""What is heard in place of packets that got lost on their way: what the decoder of the voice guesses. Pure.

Shape of sounds: (samples,) int16, 48 kHz mono.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

LONGEST = 4_800  # samples, 100 ms; what is missing for longer was meant as a pause
_ONE_FRAME = 0b1111_1100  # of a packet's first byte: its kind, without how many frames it has

Samples = NDArray[np.int16]
Decode = Callable[[bytes], Samples]


def made_up(missing: int, before: bytes, decode: Decode) -> Samples:
    """So many samples that come after the packet `before`; they fade out, and are silence where nobody can guess.

    A packet of one frame without content says that it got lost: the decoder then goes on with what it heard last
    (Source: RFC 6716 §3.2.1). Call it before the packet that follows is decoded. Cost: about that of decoding.
    """
    sound = np.zeros(missing, np.int16)
    if not before:
        return sound
    lost, at = bytes([before[0] & _ONE_FRAME]), 0
    while at < missing and len(guess := decode(lost)[: missing - at]):
        sound[at : at + len(guess)] = guess
        at += len(guess)
    return sound
