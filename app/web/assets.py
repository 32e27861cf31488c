"""Static files under names with a digest of their content, so that browsers keep them for good.

`url_for('static', filename='css/app.css')` gives `/static/css/app.0f3a52c1b9d4.css`. The files of
those names, and their Brotli and gzip forms, are put into the folder PUBLIC_PATH when the
application is made: a web server in front may serve that folder, and WhiteNoise does where there is
none. What an earlier release has put there stays, for the pages that visitors still have open.
"""

import os
import shutil
from collections.abc import Iterator
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


def _publish(source: Path, target: Path, public: Path) -> None:
    """Copy a file and compress it. It is there when all its forms are, and not before."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    # Where nobody looks, but on the same disk. Several processes may do this at once.
    with TemporaryDirectory(prefix='.', dir=public) as folder:
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
    # Endpoint: below which prefix, the files of which folder.
    folders = {
        'static': ('static', own, _names(own)),
        'bootstrap.static': (
            'bootstrap/static',
            Path(str(bootstrap.static_folder)),
            BOOTSTRAP_FILES,
        ),
    }
    published: dict[tuple[str, str], str] = {}
    try:
        for endpoint, (prefix, folder, names) in folders.items():
            for name in names:
                published[endpoint, name] = fingerprinted = _fingerprinted(folder, name)
                _publish(folder / name, public / prefix / fingerprinted, public)
    except OSError as error:
        # The plain names work as well: they are only slower.
        app.logger.warning('Static files are not published in PUBLIC_PATH: %s', error)
        return

    @app.url_defaults
    def use_fingerprint(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint in folders and 'filename' in values:
            name = values['filename']
            values['filename'] = published.get((endpoint, name), name)

    server = WhiteNoise(
        app.wsgi_app,
        immutable_file_test=FINGERPRINTED,
        allow_all_origins=False,
        add_headers_function=_add_headers,
    )
    for prefix, *_rest in folders.values():
        server.add_files(str(public / prefix), f'{prefix}/')
    app.wsgi_app = server
