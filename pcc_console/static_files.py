"""Whether the console's static files must be collected again: that takes seconds, and most starts change nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

NOTE = "run/static-files.sha256"
NOT_OURS = {".venv", "var", "node_modules", ".git"}


def fingerprint(base_dir: Path) -> str:
    """Return a digest of what decides what is collected: our static files, and the packages that bring others."""
    digest = hashlib.sha256((base_dir / "requirements" / "run.lock").read_bytes())
    for path in sorted(_our_static_files(base_dir)):
        status = path.stat()
        digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def are_collected(base_dir: Path, data_dir: Path) -> bool:
    """Tell whether the data folder holds the collected files of this very state."""
    note = data_dir / NOTE
    return (data_dir / "static").is_dir() and note.exists() and note.read_text() == fingerprint(base_dir)


def note_collected(base_dir: Path, data_dir: Path) -> None:
    """Remember that the files have been collected."""
    (data_dir / NOTE).write_text(fingerprint(base_dir))


def _our_static_files(base_dir: Path) -> Iterator[Path]:
    for room in base_dir.iterdir():
        if room.is_dir() and room.name not in NOT_OURS:
            folder = room if room.name == "static" else room / "static"
            yield from (path for path in folder.rglob("*") if path.is_file())
