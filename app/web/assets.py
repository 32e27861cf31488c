"""Static files under names with a digest of their content, so that browsers keep them for good.

`url_for('static', filename='css/app.css')` gives `/static/css/app.0f3a52c1b9d4.css`. The files of
those names, and their Brotli and gzip forms, are put into the folder PUBLIC_PATH when the
application is made: a web server in front may serve that folder, and WhiteNoise does where there is
none. What an earlier release has put there stays, for the pages that visitors still have open.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from wsgiref.headers import Headers

from flask import Flask
from whitenoise import WhiteNoise
from whitenoise.compress import Compressor

from app.web.headers import SECURITY_HEADERS

DIGEST_LENGTH = 12  # hexadecimal digits
FINGERPRINTED = rf'\.[0-9a-f]{{{DIGEST_LENGTH}}}\.\w+$'
# Of all that Bootstrap-Flask brings, what a page of ours may ask for.
BOOTSTRAP_FILES = ['css/bootstrap.min.css', 'js/bootstrap.min.js', 'umd/popper.min.js']


class StaticFiles:
    """Files of one folder, and what they are called below PUBLIC_PATH/`prefix`."""

    def __init__(self, folder: Path, names: Iterable[str], public: Path, prefix: str) -> None:
        self.folder = folder
        self.public = public
        self.prefix = prefix
        self.fingerprinted = {name: _fingerprinted(folder, name) for name in names}

    def publish(self) -> None:
        """Put what is missing into the public folder. Raises OSError where that may not be."""
        for name, fingerprinted in self.fingerprinted.items():
            target = self.public / self.prefix / fingerprinted
            if not target.exists():
                self._publish(self.folder / name, target)

    def _publish(self, source: Path, target: Path) -> None:
        """Copy a file and compress it. It is there when all its forms are, and not before."""
        target.parent.mkdir(parents=True, exist_ok=True)
        # Where nobody looks, but on the same disk. Several processes may do this at once.
        with TemporaryDirectory(prefix='.', dir=self.public) as folder:
            draft = Path(folder, target.name)
            shutil.copyfile(source, draft)
            compressed = [Path(name) for name in Compressor(quiet=True).compress(str(draft))]
            for path in [*compressed, draft]:
                path.replace(target.parent / path.name)


def _fingerprinted(folder: Path, name: str) -> str:
    path = folder / name
    status = path.stat()
    stem, suffix = os.path.splitext(name)
    return f'{stem}.{_digest(path, status.st_mtime_ns, status.st_size)}{suffix}'


@lru_cache
def _digest(path: Path, _modified: int, _size: int) -> str:
    return sha256(path.read_bytes()).hexdigest()[:DIGEST_LENGTH]


def _names(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob('*')):
        if path.is_file():
            yield path.relative_to(folder).as_posix()


def _add_headers(headers: Headers, _path: str, _url: str) -> None:
    for name, value in SECURITY_HEADERS.items():
        headers[name] = value


def init_app(app: Flask) -> None:
    """Publish the static files of `app` and of Bootstrap, and let all links lead to them."""
    if app.debug:
        return  # whoever changes a file wants to see it at the next request
    public = Path(app.config['PUBLIC_PATH'])
    own, bootstrap = Path(str(app.static_folder)), app.blueprints['bootstrap']
    files = {
        'static': StaticFiles(own, _names(own), public, 'static'),
        'bootstrap.static': StaticFiles(
            Path(str(bootstrap.static_folder)), BOOTSTRAP_FILES, public, 'bootstrap/static'
        ),
    }
    try:
        for published in files.values():
            published.publish()
    except OSError as error:
        # The plain names work as well: they are only slower.
        app.logger.warning('Static files are not published in PUBLIC_PATH: %s', error)
        return

    @app.url_defaults
    def use_fingerprint(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint in files and 'filename' in values:
            name = values['filename']
            values['filename'] = files[endpoint].fingerprinted.get(name, name)

    server = WhiteNoise(
        app.wsgi_app,
        immutable_file_test=FINGERPRINTED,
        allow_all_origins=False,
        add_headers_function=_add_headers,
    )
    for published in files.values():
        server.add_files(str(public / published.prefix), f'{published.prefix}/')
    app.wsgi_app = server  # type: ignore[method-assign]
