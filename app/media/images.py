"""Uploaded files become pictures: decoded and encoded anew, whatever they are.

A process of its own does it, decoder.py, one at a time on this machine.
"""

import fcntl
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from flask import current_app

MOST_BYTES = 15 * 1024 * 1024  # of a file that is uploaded
MEGAPIXELS = 50  # the most; decoder.py looks
PATH = '/media/'  # of the site, below which they are
LARGE, SMALL = 2048, 640  # pixels of the longer side
AVATARS = 256, 96  # pixels wide and high
DIGEST_LENGTH = 32  # hexadecimal digits
FILE_NAME = re.compile(
    rf'(?P<folder>[0-9a-f]{{2}})/(?P<digest>(?P=folder)[0-9a-f]{{{DIGEST_LENGTH - 2}}})-\d+\.webp'
)
TIME_LIMIT = 15  # seconds that all of it may take
PATIENCE = 10  # seconds that one waits for those before it

DECODER = Path(__file__).with_name('decoder.py')
LOCK = 'decoder.lock'  # a file in INSTANCE_PATH


class BadPictureError(ValueError):
    """The file is no picture that we take. Its reason is one of the words below."""

    UNREADABLE, PIXELS, MEMORY, EMPTY, BYTES = 'unreadable', 'pixels', 'memory', 'empty', 'bytes'

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BusyError(Exception):
    """Too many pictures at once, or one that takes too long: later it may work."""


@dataclass(frozen=True)
class Picture:
    """A picture as it is kept: in several sizes, under the digest of them all."""

    digest: str
    width: int
    height: int
    files: dict[str, bytes]  # by name

    @property
    def size(self) -> int:
        return sum(map(len, self.files.values()))


def file_name(digest: str, size: int) -> str:
    """Return the name of a picture's file whose longer side has at most `size` pixels."""
    return f'{digest[:2]}/{digest}-{size}.webp'


def digest_of(name: str) -> str | None:
    """Return the digest of the picture whose file is called `name`, None for what is none."""
    match = FILE_NAME.fullmatch(name)
    return match and match['digest']


def photograph(file: IO[bytes]) -> Picture:
    """Make the picture of a post. Raises BadPictureError, BusyError."""
    return _make(file, (LARGE, SMALL), None)


def avatar(file: IO[bytes], place: float = 0.5) -> Picture:
    """Make the picture of a person: the square that begins at `place`, 0 to 1, of what is over."""
    return _make(file, AVATARS, place)


def _make(file: IO[bytes], sizes: tuple[int, ...], square: float | None) -> Picture:
    length = file.seek(0, 2)
    file.seek(0)
    if not length:
        raise BadPictureError(BadPictureError.EMPTY)
    if length > MOST_BYTES:
        raise BadPictureError(BadPictureError.BYTES)
    facts, encoded = _decode(file, {'sizes': sizes, 'square': square})
    digest = sha256(encoded).hexdigest()[:DIGEST_LENGTH]
    files, start = {}, 0
    for size, length in zip(sizes, facts['lengths'], strict=True):
        files[file_name(digest, size)] = encoded[start : start + length]
        start += length
    return Picture(digest, facts['width'], facts['height'], files)


def _decode(file: IO[bytes], wanted: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    # Neither the environment nor the folder that we are in has anything to say.
    command = [sys.executable, '-I', str(DECODER), json.dumps(wanted)]
    with _alone():
        try:
            done = subprocess.run(  # noqa: S603 (no shell)
                command, stdin=file, capture_output=True, timeout=TIME_LIMIT, check=False
            )
        except subprocess.TimeoutExpired:
            raise BusyError from None
    line, _, encoded = done.stdout.partition(b'\n')
    if done.returncode or not line:
        # Ended by its limits, or by a mistake in a decoder.
        raise BadPictureError(BadPictureError.UNREADABLE)
    facts: dict[str, Any] = json.loads(line)
    if 'refused' in facts:
        raise BadPictureError(facts['refused'])
    return facts, encoded


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other process or thread of this machine decodes a picture."""
    end = time.monotonic() + PATIENCE
    path = Path(current_app.instance_path, LOCK)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w') as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise BusyError from None
                time.sleep(0.02)
        yield
