"""What servers in front of the application have changed of a request, and how it is put right."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask
from werkzeug import Request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.utils import redirect

from app.web.headers import SECURITY_HEADERS

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


class RedirectToHttps:
    """Sends a visitor without TLS, for whom no form would work, to the same page of the site.

    The first server in front has to say so: whoever asks this one directly comes from inside.
    """

    def __init__(self, wsgi_app: 'WSGIApplication', site: str) -> None:
        self.wsgi_app = wsgi_app
        self.host = urlsplit(site).netloc

    def __call__(
        self, environ: 'WSGIEnvironment', start_response: 'StartResponse'
    ) -> Iterable[bytes]:
        if environ['wsgi.url_scheme'] != 'http':
            return self.wsgi_app(environ, start_response)
        secure = Request({**environ, 'wsgi.url_scheme': 'https', 'HTTP_HOST': self.host})
        # With 308, a program sends again what it has sent.
        response = redirect(secure.url, 301 if secure.method in ('GET', 'HEAD') else 308)
        response.headers.extend(SECURITY_HEADERS)
        return response(environ, start_response)


def init_app(app: Flask) -> None:
    """Believe the headers of PROXY_COUNT servers, and those of nobody else.

    Each appends the address that it was asked from to X-Forwarded-For; what stands before those is
    what anybody can claim. The host is not taken from a header: servers in front pass it on.
    """
    count, site = app.config['PROXY_COUNT'], app.config['SITE_URL'] or ''
    if count and urlsplit(site).scheme == 'https':
        app.wsgi_app = RedirectToHttps(app.wsgi_app, site)  # type: ignore[method-assign]
    if count:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=0, x_port=0, x_prefix=0
        )
    if app.config['PREFERRED_URL_SCHEME'] == 'https':
        app.wsgi_app = AlwaysHttps(app.wsgi_app)  # type: ignore[method-assign]
