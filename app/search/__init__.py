"""Full-text search (chapter 16). It knows no model, and nobody else knows which engine is behind.

A new engine is one file beside these, and one line in `_choose`.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol, TypeVar

from flask import Flask, current_app
from sqlalchemy import make_url

from app.search.engine import (
    DEEPEST_HIT,
    FIELD_END,
    Changes,
    Document,
    Documents,
    Engine,
    Order,
    Refused,
    SearchUnavailable,
)
from app.search.query import mark, parse
from app.search.text import split

__all__ = [
    'DEEPEST_HIT',
    'Document',
    'Order',
    'SearchUnavailable',
    'add_to_index',
    'document',
    'index_exists',
    'is_being_rebuilt',
    'mark',
    'parse',
    'query_index',
    'rebuild_index',
    'remove_from_index',
    'update_index',
]

PAUSE = 30  # seconds without a call to an engine that is away

logger = logging.getLogger(__name__)
T = TypeVar('T')


class Searchable(Protocol):
    """What can be found: anything with an id and the names of the fields to look into."""

    id: Any
    __searchable__: list[str]


def add_to_index(index: str, model: Searchable) -> None:
    """Make `model` be found in `index`, in place of what was there under its id.

    An engine in trouble is logged, not raised: what was saved is saved.
    """
    with suppress(SearchUnavailable):
        if not index_exists(index):
            with rebuild_index(index):
                pass
    text = document(getattr(model, field) for field in model.__searchable__)
    update_index(index, {model.id: text})


def remove_from_index(index: str, model: Searchable) -> None:
    """Make `model` be found no more. An engine in trouble is logged, not raised."""
    update_index(index, {model.id: None})


def query_index(
    index: str, query: str, page: int, per_page: int, order: Order = 'best'
) -> tuple[list[int], int]:
    """Return the ids on page `page`, counted from 1, of what `query` finds, and the true total.

    `order` is 'best' or 'newest'. Pages past 10,000 hits are empty. Raises SearchUnavailable.
    """
    per_page = min(max(per_page, 1), DEEPEST_HIT)
    offset = min((max(page, 1) - 1) * per_page, DEEPEST_HIT)
    limit = min(per_page, DEEPEST_HIT - offset)
    parsed = parse(query)
    return _state().call(lambda engine: engine.query(index, parsed, offset, limit, order))


def update_index(index: str, changes: Changes) -> None:
    """Add and replace many entries at once, and remove those that are None.

    An index that is not there yet is left alone: when it is built, it will have them. An engine in
    trouble is logged, not raised.
    """
    try:
        _state().call(lambda engine: engine.write(index, changes))
    except SearchUnavailable as error:
        logger.warning(
            '%d entries of the index %s are not up to date, "flask search reindex" repairs it: %s',
            len(changes),
            index,
            error,
        )


def index_exists(index: str) -> bool:
    """Tell whether there is such an index. Raises SearchUnavailable."""
    return _state().call(lambda engine: engine.exists(index))


def is_being_rebuilt(index: str) -> bool:
    """Tell whether somebody is filling a new index. Raises SearchUnavailable."""
    return _state().call(lambda engine: engine.is_being_rebuilt(index))


@contextmanager
def rebuild_index(index: str) -> Iterator[Callable[[Documents], None]]:
    """Fill a new index through the function given, which replaces the old one when complete.

    Also tried with an engine that was found to be away. Raises SearchUnavailable.
    """
    try:
        with _state().engine.rebuild(index) as add:
            yield add
    except SearchUnavailable as error:
        logger.error('The index %s was not rebuilt: %s', index, error)
        raise
    _state().paused_until = 0.0


def document(fields: Any) -> Document:
    """Return what is kept of the texts `fields` of one entry."""
    return f' {FIELD_END} '.join(' '.join(split(field or '')) for field in fields)


class _State:
    """The engine of an application, and whether it is left alone for a while."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.paused_until = 0.0
        self.reason = ''

    def call(self, operation: Callable[[Engine], T]) -> T:
        """Let the engine do something, unless it was found to be away just now."""
        if time.monotonic() < self.paused_until:
            raise SearchUnavailable(self.reason)
        try:
            return operation(self.engine)
        except Refused as error:
            logger.error('Search has failed: %s', error)
            raise
        except SearchUnavailable as error:
            self.paused_until = time.monotonic() + PAUSE
            self.reason = str(error)
            logger.error('Search is unavailable for %d seconds: %s', PAUSE, error)
            raise


def _state() -> _State:
    state: _State = current_app.extensions['search']
    return state


def init_app(app: Flask) -> None:
    """Choose the engine of `app`, and set `app.elasticsearch`: the client, or None."""
    app.extensions['search'] = _State(_choose(app))


def _choose(app: Flask) -> Engine:
    app.elasticsearch = None  # type: ignore[attr-defined]  # chapter 16's name
    if app.config['ELASTICSEARCH_URL']:
        from app.search.elasticsearch import ElasticsearchEngine, connect

        app.elasticsearch = connect(app.config['ELASTICSEARCH_URL'])  # type: ignore[attr-defined]  # chapter 16's name
        return ElasticsearchEngine(app.elasticsearch)  # type: ignore[attr-defined]  # chapter 16's name
    from app.search.fts5 import Fts5

    if app.config['SEARCH_INDEX']:
        return Fts5(Path(app.config['SEARCH_INDEX']))
    url = make_url(app.config['SQLALCHEMY_DATABASE_URI'])
    if url.get_backend_name() == 'sqlite' and url.database in (None, '', ':memory:'):
        # The database ends with the application, and so does what can be found in it.
        folder = tempfile.mkdtemp(prefix='microblog-')
        engine = Fts5(Path(folder) / 'search.db')
        weakref.finalize(engine, shutil.rmtree, folder, ignore_errors=True)
        return engine
    # One for each database, so that another database never answers with this one's numbers.
    name = sha256(url.render_as_string(hide_password=True).encode()).hexdigest()[:8]
    return Fts5(Path(app.config['INSTANCE_PATH']) / f'search-{name}.db')
