"""What servers in front of the application have changed of a request, and how it is put right."""

from collections.abc import Iterable
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from werkzeug import Request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.utils import redirect

from app.web.headers import SECURITY_HEADERS


def always_https(wsgi_app: WSGIApplication) -> WSGIApplication:
    """Visitors speak TLS with a server in front, whatever that one speaks with this application."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ['wsgi.url_scheme'] = 'https'
        return wsgi_app(environ, start_response)

    return answer


def redirect_to_https(wsgi_app: WSGIApplication, site: str) -> WSGIApplication:
    """Send a visitor without TLS, for whom no form would work, to the same page of the site.

    The first server in front has to say so: whoever asks this one directly comes from inside.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ['wsgi.url_scheme'] != 'http':
            return wsgi_app(environ, start_response)
        host = urlsplit(site).netloc
        secure = Request({**environ, 'wsgi.url_scheme': 'https', 'HTTP_HOST': host})
        # With 308, a program sends again what it has sent.
        response = redirect(secure.url, 301 if secure.method in ('GET', 'HEAD') else 308)
        response.headers.extend(SECURITY_HEADERS)
        return response(environ, start_response)

    return answer


def init_app(app: Flask) -> None:
    """Believe the headers of PROXY_COUNT servers, and those of nobody else.

    Each appends the address that it was asked from to X-Forwarded-For; what stands before those is
    what anybody can claim. The host is not taken from a header: servers in front pass it on.
    """
    count, site = app.config['PROXY_COUNT'], app.config['SITE_URL'] or ''
    if count and urlsplit(site).scheme == 'https':
        app.wsgi_app = redirect_to_https(app.wsgi_app, site)  # type: ignore[assignment]  # mypy wants a method
    if count:
        app.wsgi_app = ProxyFix(
            app.wsgi_app, x_for=count, x_proto=count, x_host=0, x_port=0, x_prefix=0
        )
    if app.config['PREFERRED_URL_SCHEME'] == 'https':
        app.wsgi_app = always_https(app.wsgi_app)  # type: ignore[assignment]  # mypy wants a method
