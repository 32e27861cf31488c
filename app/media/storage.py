"""Where pictures lie: in a folder, or on a server that speaks S3 (MEDIA_URL)."""

import errno
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs, urlsplit

from flask import Flask, current_app

MIMETYPE = 'image/webp'
IMMUTABLE = 'public, max-age=31536000, immutable'
CONNECT_TIME, ANSWER_TIME = 2, 5  # seconds that a server may take
LEFT_ALONE = 10  # seconds that one is not asked after it did not answer
DRAFT = '.draft-'  # what the name of a file begins with that is being written


class StorageUnavailableError(Exception):
    """Nothing can be stored or read at the moment."""


class Stored(NamedTuple):
    name: str
    time: datetime  # UTC, without a time zone


def is_draft(name: str) -> bool:
    """Tell whether a file was left half written, unless it is being written now."""
    return name.rpartition('/')[2].startswith(DRAFT)


class Storage(Protocol):
    """What each kind of storage can do. Raises StorageUnavailableError."""

    def put(self, name: str, data: bytes) -> None:
        """Keep `data` under `name`, in place of what is there."""

    def get(self, name: str) -> bytes | None:
        """Return what is kept under `name`, None for nothing."""

    def delete(self, names: Iterable[str]) -> None:
        """Remove what is kept under `names`, as far as it is there."""

    def everything(self) -> Iterator[Stored]:
        """Yield all that there is, also what was left half written."""


class Folder:
    """A folder of this machine, or one that several share."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, name: str, data: bytes) -> None:
        target = self.path / name
        draft = target.with_name(f'{DRAFT}{secrets.token_hex(8)}')
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with draft.open('wb') as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                draft.chmod(0o644)  # nginx is somebody else
                draft.replace(target)
            except OSError:
                draft.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise _unavailable(error) from error

    def get(self, name: str) -> bytes | None:
        try:
            return (self.path / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unavailable(error) from error

    def delete(self, names: Iterable[str]) -> None:
        try:
            for name in names:
                (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            raise _unavailable(error) from error

    def everything(self) -> Iterator[Stored]:
        for path in self.path.glob('*/*'):
            with suppress(FileNotFoundError):
                modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                name = path.relative_to(self.path).as_posix()
                yield Stored(name, modified.replace(tzinfo=None))


class S3:
    """A bucket: of Amazon's, MinIO's, Ceph's ... The usual AWS_ variables say who is asking."""

    def __init__(self, url: str) -> None:
        self.parts = urlsplit(url)
        self.store: Any = None
        self.silent_until = 0.0

    def put(self, name: str, data: bytes) -> None:
        attributes = {'Content-Type': MIMETYPE, 'Cache-Control': IMMUTABLE}
        self._ask('put', name, data, attributes=attributes)

    def get(self, name: str) -> bytes | None:
        answer = self._ask('get', name)
        return None if answer is None else bytes(self._ask_for(answer.bytes))

    def delete(self, names: Iterable[str]) -> None:
        self._ask('delete', [*names])

    def everything(self) -> Iterator[Stored]:
        batches = iter(self._ask('list'))
        while some := self._ask_for(next, batches, None):
            for facts in some:
                yield Stored(facts['path'], facts['last_modified'].replace(tzinfo=None))

    def _ask(self, what: str, *arguments: Any, **options: Any) -> Any:
        try:
            return self._ask_for(getattr(self._connected(), what), *arguments, **options)
        except FileNotFoundError:
            return None

    def _ask_for(self, method: Any, *arguments: Any, **options: Any) -> Any:
        """Ask, unless the server was silent a moment ago: not every visitor has to wait for it."""
        from obstore.exceptions import BaseError

        if time.monotonic() < self.silent_until:
            raise StorageUnavailableError
        try:
            return method(*arguments, **options)
        except FileNotFoundError:
            raise
        except (BaseError, OSError) as error:
            self.silent_until = time.monotonic() + LEFT_ALONE
            first_line = str(error).partition('\n')[0]
            current_app.logger.error('Pictures cannot be stored or read: %s', first_line)
            raise StorageUnavailableError from error

    def _connected(self) -> Any:
        if self.store is None:
            # Only who uses it pays for it: 10 MB of memory.
            from obstore.store import S3Store

            [endpoint] = parse_qs(self.parts.query).get('endpoint', [None])
            options: dict[str, Any] = {'endpoint': endpoint} if endpoint else {}
            self.store = S3Store(
                self.parts.netloc,
                prefix=self.parts.path.strip('/') or None,
                virtual_hosted_style_request=not endpoint,
                client_options={
                    'allow_http': True,
                    'connect_timeout': f'{CONNECT_TIME}s',
                    'timeout': f'{ANSWER_TIME}s',
                },
                retry_config={
                    'max_retries': 1,
                    'retry_timeout': timedelta(seconds=CONNECT_TIME),
                },
                **options,
            )
        return self.store


def _unavailable(error: OSError) -> StorageUnavailableError:
    reason = 'the disk is full' if is_full(error) else str(error)
    current_app.logger.error('Pictures cannot be stored or read: %s', reason)
    return StorageUnavailableError(reason)


def is_full(error: OSError) -> bool:
    """Tell whether an error means that a disk, or a person's share of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def storage() -> Storage:
    """Return where the present application keeps pictures."""
    found: Storage = current_app.extensions['media']
    return found


def init_app(app: Flask) -> None:
    url = app.config['MEDIA_URL']
    folder = Path(app.instance_path, 'media')
    app.extensions['media'] = S3(url) if url else Folder(folder)
