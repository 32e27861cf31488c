"""Answers for what watches over the application: load balancers, containers, monitors.

`/healthz` says that the process is up, `/readyz` that it can serve: the database answers and is at
the newest migration, or at one that only a newer release knows.
"""

from functools import lru_cache

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from werkzeug import Request, Response

from app.extensions import db, migrate
from app.web.plain_routes import PlainRoutes


def _answer(text: str, status: int = 200) -> Response:
    return Response(f'{text}\n', status, headers={'Cache-Control': 'no-store'})


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
    def alive(_request: Request) -> Response:
        return _answer('ok')

    def ready(_request: Request) -> Response:
        with app.app_context():
            problem = _problem()
        return _answer(problem or 'ok', status=503 if problem else 200)

    views = {'/healthz': alive, '/readyz': ready}
    app.wsgi_app = PlainRoutes(app.wsgi_app, views)
