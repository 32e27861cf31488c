"""Answers that are given before everything else: no session is opened, no line logged, no host
refused, no database asked."""

from collections.abc import Callable, Iterable, Mapping
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug import Request, Response
from werkzeug.exceptions import MethodNotAllowed

METHODS = ['GET', 'HEAD']


class PlainRoutes:
    """Calls the view of an address in `views`, and the application for all others."""

    def __init__(
        self, wsgi_app: WSGIApplication, views: Mapping[str, Callable[[Request], Response]]
    ) -> None:
        self.wsgi_app = wsgi_app
        self.views = views

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        view = self.views.get(environ.get('PATH_INFO', ''))
        if view is None:
            return self.wsgi_app(environ, start_response)
        request = Request(environ)
        if request.method not in METHODS:
            return MethodNotAllowed(METHODS)(environ, start_response)
        response = view(request)
        response.headers['X-Content-Type-Options'] = 'nosniff'
        return response(environ, start_response)
