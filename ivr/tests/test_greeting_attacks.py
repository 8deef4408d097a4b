"""Files made to hurt: each is refused in words, and nothing of it stays."""

from __future__ import annotations

import io
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from common import confined_program
from ivr import greetings
from ivr.models import GreetingFile
from sounds.audio import client
from tests import sounds

TONE_48K = sounds.tone(1.0, rate=48_000)


def store(project, upload: bytes, name="attack.mp3"):
    return greetings.store_greeting(project, io.BytesIO(upload), original_name=name, description="")


def chunk(name: bytes, body: bytes, claimed: int | None = None) -> bytes:
    return name + struct.pack("<I", len(body) if claimed is None else claimed) + body


def riff(*chunks: bytes, claimed: int = 0xFFFFFFFF) -> bytes:
    return b"RIFF" + struct.pack("<I", claimed) + b"WAVE" + b"".join(chunks)


def pcm(channels=1, rate=8_000, bits=16, kind=1) -> bytes:
    block = channels * bits // 8
    return chunk(
        b"fmt ", struct.pack("<HHIIHH", kind, channels, rate, (rate * block) & 0xFFFFFFFF, block & 0xFFFF, bits)
    )


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("welcome.mp3", sounds.mp3(TONE_48K))
    return file.getvalue()


def noise(size: int) -> bytes:
    return np.random.default_rng(4711).bytes(size)


SECRET = "TOP SECRET"
ATTACKS = {
    "nothing": (b"", greetings.EmptyFile),
    "one byte": (b"\xff", greetings.NotAudio),
    "html": (b"<!doctype html><script>alert(1)</script>", greetings.NotAudio),
    "html before mp3": (b"<html>" + sounds.mp3(TONE_48K), greetings.NotAudio),
    "zip with an mp3": (zipped(), greetings.NotAudio),
    "program": (b"\x7fELF" + noise(4096), greetings.NotAudio),
    "wav without its magic": (sounds.wav(sounds.tone(1.0))[4:], greetings.NotAudio),
    "noise": (b"\x00" + noise(50_000), greetings.NotAudio),
    "noise that starts like an mp3": (b"\xff\xfb\x90\x64" + noise(50_000), greetings.DamagedAudio),
    "noise that starts like a tag": (b"ID3\x04\x00\x00\x00\x00\x00\x0a" + noise(50_000), greetings.DamagedAudio),
    "tag that claims 256 MB": (b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + sounds.mp3(TONE_48K)[:500], greetings.DamagedAudio),
    "noise that starts like an ogg": (b"OggS" + noise(50_000), greetings.DamagedAudio),
    "noise that starts like a flac": (b"fLaC" + noise(50_000), greetings.DamagedAudio),
    "noise that starts like an m4a": (b"\x00\x00\x00\x18ftypM4A " + noise(50_000), greetings.DamagedAudio),
    "m4a that claims 4 GB of index": (
        b"\x00\x00\x00\x10ftypM4A \x00\x00\x00\x00\xff\xff\xff\xf0moov" + noise(2_000),
        greetings.NotAudio,
    ),
    "wav header only": (riff(pcm()), greetings.DamagedAudio),
    "wav that claims 4 GB of nothing": (riff(pcm(), chunk(b"data", b"", 0xFFFFFFFF)), greetings.DamagedAudio),
    "wav with a 4 GB chunk": (riff(chunk(b"LIST", b"", 0xFFFFFFF0), pcm()), greetings.DamagedAudio),
    "wav with 65535 channels": (
        riff(pcm(channels=65_535), chunk(b"data", noise(65_535 * 8))),
        greetings.DamagedAudio,
    ),
    "wav with 4 GHz": (riff(pcm(rate=0xFFFFFFFF), chunk(b"data", noise(50_000))), greetings.DamagedAudio),
    "wav without a rate": (riff(pcm(rate=0), chunk(b"data", noise(50_000))), greetings.DamagedAudio),
    "wav of unknown kind": (riff(pcm(kind=0x1234), chunk(b"data", noise(50_000))), greetings.UnsupportedCodec),
    "wav of silence": (riff(pcm(), chunk(b"data", bytes(16_000))), greetings.SilentAudio),
    "list of other files": (b"ffconcat version 1.0\nfile '/etc/passwd'\n", greetings.NotAudio),
    "playlist": (b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nfile:///etc/passwd\n", greetings.NotAudio),
    "video": (sounds.video_with_sound(), greetings.IsVideo),
    "two tracks": (sounds.m4a(TONE_48K, tracks=2), greetings.SeveralStreams),
    "flac bomb": (sounds.flac(np.zeros(4_000_000, np.int16), rate=4_000), greetings.TooLong),
}


@pytest.mark.parametrize(("upload", "refusal"), ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_is_refused_and_leaves_nothing_behind(ours, settings, upload, refusal):
    with pytest.raises(refusal) as caught:
        store(ours, upload)

    assert caught.value.message
    assert not GreetingFile.objects.exists()
    assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []


def test_what_is_served_of_a_polyglot_is_only_sound(ours):
    page = b"<html><script>alert(document.cookie)</script></html>"
    greeting = store(ours, sounds.mp3(TONE_48K) + page + zipped())

    for rate in (8_000, 24_000, 48_000):
        served = greetings.audio_path(greeting, rate).read_bytes()
        assert b"script" not in served
        assert not zipfile.is_zipfile(io.BytesIO(served))


def test_an_upload_that_never_ends_is_cut_off_at_the_limit(ours, settings):
    settings.GREETING_MAX_BYTES = 1_000_000

    class Endless(io.BytesIO):
        given = 0

        def read(self, size: int | None = -1) -> bytes:
            assert size not in (None, -1), "the whole upload was asked for at once"
            self.given += size or 0
            return b"\xff" * (size or 0)

    upload = Endless()
    with pytest.raises(greetings.TooLarge) as caught:
        greetings.store_greeting(ours, upload, original_name="endless.mp3", description="")

    assert caught.value.message == "The file is too large. At most 976.6\xa0KB are accepted."
    assert upload.given < 1_500_000
    assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []


def test_a_playlist_inside_a_container_opens_no_other_file(ours, settings, tmp_path):
    """An MP4 may name another file as the place of its samples."""
    (tmp_path / "secret.wav").write_bytes(sounds.wav(sounds.tone(1.0)))
    reference = str(tmp_path / "secret.wav").encode() + b"\0"
    whole = sounds.m4a(TONE_48K)
    assert b"\x00\x00\x00\x0curl \x00\x00\x00\x01" in whole  # "the samples are in this file"
    elsewhere = struct.pack(">I", 12 + len(reference)) + b"url \x00\x00\x00\x00" + reference

    with pytest.raises(greetings.GreetingRefused):
        store(ours, whole.replace(b"\x00\x00\x00\x0curl \x00\x00\x00\x01", elsewhere))

    assert not GreetingFile.objects.exists()


class TestClient:
    def replace_program(self, monkeypatch, tmp_path, code: str) -> None:
        package = tmp_path / "code" / "sounds" / "audio"
        package.mkdir(parents=True)
        (package.parent / "__init__.py").touch()
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(code)
        monkeypatch.setattr(confined_program, "CODE_FOLDER", tmp_path / "code")

    def test_the_program_gets_none_of_our_secrets(self, ours, monkeypatch, tmp_path):
        monkeypatch.setenv("PCC_SECRET_KEY", "do not tell")
        seen = tmp_path / "seen"
        self.replace_program(
            monkeypatch, tmp_path, f"import os; open({str(seen)!r}, 'w').write(' '.join(sorted(os.environ)))"
        )
        with pytest.raises(greetings.DamagedAudio):
            store(ours, b"RIFF")
        assert seen.read_text() in (
            "LANG OPENBLAS_NUM_THREADS PYTHONPATH",
            "LANG LC_CTYPE OPENBLAS_NUM_THREADS PYTHONPATH",
        )

    def test_a_program_that_hangs_is_killed(self, ours, settings, monkeypatch, tmp_path):
        monkeypatch.setattr(client, "TIME_LIMIT_S", 1)
        self.replace_program(monkeypatch, tmp_path, "import time; time.sleep(60)")
        started = time.monotonic()

        with pytest.raises(greetings.DamagedAudio):
            store(ours, b"RIFF")

        assert time.monotonic() - started < 20
        assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []

    @pytest.mark.parametrize(
        "code",
        [
            "raise SystemExit(1)",
            "import os; os.kill(os.getpid(), 11)",
            "print('x' * 100_000)",
            "print('[' * 16_000)",
            'print(\'{"kind": "exe"}\')',
        ],
    )
    def test_a_program_that_crashes_or_lies_means_a_damaged_file(self, ours, settings, monkeypatch, tmp_path, code):
        self.replace_program(monkeypatch, tmp_path, code)
        with pytest.raises(greetings.DamagedAudio):
            store(ours, b"RIFF")
        assert not GreetingFile.objects.exists()
        assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []
