"""Sounds that were made once and are kept: one file for each, found by a hash of what it is made from.

Shape: `<root>/<first two digits>/<hash>.opus`, written whole or not at all, by one writer at a time: engines and
workers on one machine share the folder. Where one could not be made, an empty `<hash>.failed` says so until it could.
What has not been used for long is forgotten; it can be made again.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from common import clock

SUFFIX, FAILED_SUFFIX = ".opus", ".failed"
LOCK = ".lock"
USED_EVERY_S = 3600.0  # how finely it is noted when a file was used last


@dataclass(frozen=True, slots=True)
class SoundCache:
    """The kept sounds below one folder."""

    root: Path

    def get(self, key: str, make: Callable[[], bytes]) -> bytes:
        """The sound of a key; it is made when it is not there. Raises what `make` raises; then only that is kept.

        Locks: one of 256 by the hash, while the sound is made, so that nobody else makes it at the same time.
        """
        path = self._path(key)
        kept = self._read(path)
        if kept is not None:
            return kept
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.parent / LOCK):
            kept = self._read(path)
            if kept is None:
                kept = self._made(path, make)
        return kept

    def has(self, key: str) -> bool:
        return self._path(key).is_file()

    def has_failed(self, key: str) -> bool:
        """Whether the sound of a key could not be made when somebody last wanted it."""
        return self._path(key).with_suffix(FAILED_SUFFIX).is_file()

    def forget_unused(self, before: dt.datetime) -> int:
        """Remove what was last used before this, and what a crash left half written. Returns how many files."""
        oldest = before.timestamp()
        old = [path for path in self.root.glob("*/*") if path.name != LOCK and _used_at(path) < oldest]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _made(self, path: Path, make: Callable[[], bytes]) -> bytes:
        failed = path.with_suffix(FAILED_SUFFIX)
        try:
            made = make()
        except Exception:
            failed.touch()
            raise
        _write_whole(path, made)
        failed.unlink(missing_ok=True)
        return made

    def _path(self, key: str) -> Path:
        digest = hashlib.sha256(key.encode(errors="replace")).hexdigest()
        return self.root / digest[:2] / (digest + SUFFIX)

    def _read(self, path: Path) -> bytes | None:
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        now = clock.now().timestamp()
        if now - _used_at(path) > USED_EVERY_S:
            with contextlib.suppress(OSError):  # forgotten meanwhile, or a read-only disk
                os.utime(path, (now, now))
        return data


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Nobody else, thread or process, holds this lock during the block; a killed holder lets go of it."""
    with lock.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write_whole(path: Path, data: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())  # a power cut must not leave an empty sound under its name
    os.replace(file.name, path)


def _used_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # somebody else was faster
        return clock.now().timestamp()
