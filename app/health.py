"""Answers for what watches over the application: load balancers, containers, monitors.

`/healthz` says that the process is up, `/readyz` that it can serve: the database answers and is at
the newest migration, or at one that only a newer release knows. Both stand before everything else,
so that no session is opened, no line logged and no host refused.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from werkzeug import Request, Response
from werkzeug.exceptions import MethodNotAllowed

from app.extensions import db, migrate

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

METHODS = ['GET', 'HEAD']


class HealthRoutes:
    def __init__(self, app: Flask) -> None:
        self.app = app
        self.wsgi_app = app.wsgi_app
        self.views = {'/healthz': self.alive, '/readyz': self.ready}

    def __call__(
        self, environ: 'WSGIEnvironment', start_response: 'StartResponse'
    ) -> Iterable[bytes]:
        view = self.views.get(environ.get('PATH_INFO', ''))
        if view is None:
            return self.wsgi_app(environ, start_response)
        request = Request(environ)
        if request.method not in METHODS:
            return MethodNotAllowed(METHODS)(environ, start_response)
        response = view()
        response.headers['Cache-Control'] = 'no-store'
        response.headers['X-Content-Type-Options'] = 'nosniff'
        return response(environ, start_response)

    def alive(self) -> Response:
        return Response('ok\n')

    def ready(self) -> Response:
        with self.app.app_context():
            problem = _problem()
        return Response(f'{problem or "ok"}\n', status=503 if problem else 200)


def _problem() -> str | None:
    """Return in two words what keeps this process from serving, or None."""
    try:
        with db.engine.connect() as connection:
            present = MigrationContext.configure(connection).get_current_heads()
    except SQLAlchemyError:
        return 'database unavailable'
    behind = not present or bool(_revisions_before_head() & {*present})
    return 'migrations pending' if behind else None


@lru_cache
def _revisions_before_head() -> frozenset[str]:
    """Return the revisions that a later one of this release follows upon."""
    scripts = ScriptDirectory.from_config(migrate.get_config())
    heads = {*scripts.get_heads()}
    return frozenset(
        script.revision for script in scripts.walk_revisions() if script.revision not in heads
    )


def init_app(app: Flask) -> None:
    app.wsgi_app = HealthRoutes(app)  # type: ignore[method-assign]
