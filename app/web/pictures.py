"""The pictures that people have uploaded, at /media/, where no server in front has the folder.

They are asked for many at a time: no session is opened, no database asked. An address is nobody's
to guess, and gone with the last use of its picture; until then what is behind it never changes.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, current_app, request
from werkzeug import Request, Response
from werkzeug.exceptions import MethodNotAllowed

from app.media.images import MOST_BYTES, PATH, digest_of
from app.media.storage import (
    IMMUTABLE,
    LEFT_ALONE,
    MIMETYPE,
    StorageUnavailableError,
    storage,
)
from app.models.media import ALT_LENGTH, MOST_PICTURES
from app.web.plain_routes import METHODS
from app.web.site import public_site

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEADERS = {
    'X-Content-Type-Options': 'nosniff',
    # Opened by itself, a picture is a picture and nothing else.
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
    'Referrer-Policy': 'same-origin',
}


class Pictures:
    """Answers for the addresses of pictures, and calls the application for all others."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.wsgi_app: WSGIApplication = app.wsgi_app

    def __call__(
        self, environ: 'WSGIEnvironment', start_response: 'StartResponse'
    ) -> Iterable[bytes]:
        path = environ.get('PATH_INFO', '')
        if not path.startswith(PATH):
            return self.wsgi_app(environ, start_response)
        asked = Request(environ)
        if asked.method not in METHODS:
            return MethodNotAllowed(METHODS)(environ, start_response)
        response = self._answer(path.removeprefix(PATH), asked)
        response.headers.update(HEADERS)
        return response(environ, start_response)

    def _answer(self, name: str, asked: Request) -> Response:
        if digest_of(name) is None:
            return Response('Not found\n', 404)
        try:
            with self.app.app_context():
                data = storage().get(name)
        except StorageUnavailableError:
            return Response('Try again later\n', 503, headers={'Retry-After': str(LEFT_ALONE)})
        if data is None:
            return Response('Not found\n', 404)
        response = Response(data, mimetype=MIMETYPE, headers={'Cache-Control': IMMUTABLE})
        response.set_etag(name.rpartition('/')[2])
        return response.make_conditional(asked)


def picture_url(address: str) -> str | None:
    """Return the address of a picture as it stands in a page, wherever the application is mounted.

    None for one of Gravatar's where that is not to be asked.
    """
    if address.startswith(PATH):
        return f'{request.script_root}{address}'
    return address if current_app.config['GRAVATAR'] else None


def public_picture_url(address: str) -> str:
    """Return the same as other sites are to write it, '' for None."""
    if not address.startswith(PATH):
        return picture_url(address) or ''
    return public_site().rstrip('/') + address


def init_app(app: Flask) -> None:
    app.jinja_env.filters['picture_url'] = picture_url
    app.jinja_env.globals['most_pictures'] = MOST_PICTURES
    app.jinja_env.globals['most_megabytes'] = MOST_BYTES // 1024 // 1024
    app.jinja_env.globals['alt_length'] = ALT_LENGTH
    app.wsgi_app = Pictures(app)
