"""What servers in front of the application have changed of a request, and how it is put right."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class AlwaysHttps:
    """Visitors speak TLS with a server in front, whatever that one speaks with this application."""

    def __init__(self, wsgi_app: 'WSGIApplication') -> None:
        self.wsgi_app = wsgi_app

    def __call__(
        self, environ: 'WSGIEnvironment', start_response: 'StartResponse'
    ) -> Iterable[bytes]:
        environ['wsgi.url_scheme'] = 'https'
        return self.wsgi_app(environ, start_response)


def init_app(app: Flask) -> None:
    """Believe the headers of PROXY_COUNT servers, and those of nobody else.

    Each appends the address that it was asked from to X-Forwarded-For; what stands before those is
    what anybody can claim. The host is not taken from a header: servers in front pass it on.
    """
    count = app.config['PROXY_COUNT']
    if count:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=0, x_port=0, x_prefix=0
        )
    if app.config['PREFERRED_URL_SCHEME'] == 'https':
        app.wsgi_app = AlwaysHttps(app.wsgi_app)  # type: ignore[method-assign]
