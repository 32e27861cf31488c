"""What makes a model be found (chapter 16): the mixin, and an index that follows each commit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, ClassVar, Self

from flask import Flask, current_app
from sqlalchemy import Connection, Select, StaticPool, Table, func, select
from sqlalchemy.exc import SQLAlchemyError

from app import search
from app.background import present_app
from app.database import changes
from app.extensions import db
from app.search import Order

BATCH = 5000  # entries held in memory at a time
SMALL = 5000  # entries; a missing index of no more is built while the visitor waits

_building = threading.Lock()


class SearchableMixin:
    """A model whose fields `__searchable__` can be searched, in an index named like its table."""

    __searchable__: ClassVar[list[str]]
    __table__: ClassVar[Any]
    __tablename__: str
    id: Any

    @classmethod
    def search(
        cls, expression: str, page: int, per_page: int, order: Order = 'best'
    ) -> tuple[list[Self], int]:
        """Return the entries on page `page` of what `expression` finds, and how many there are.

        `order` is 'best' or 'newest'. Raises search.SearchUnavailable.
        """
        return cls.entries(*cls.hits(expression, page, per_page, order))

    @classmethod
    def hits(
        cls, expression: str, page: int, per_page: int, order: Order = 'best'
    ) -> tuple[list[int], int]:
        """The first half of `search`, which asks the engine alone: ids, and how many there are.

        The engine may take its time; no transaction should be open meanwhile.
        """
        index = cls.__tablename__
        ids, total = search.query_index(index, expression, page, per_page, order)
        if total == 0 and not search.index_exists(index):
            cls._build_missing_index()
            ids, total = search.query_index(index, expression, page, per_page, order)
        return ids, total

    @classmethod
    def entries(cls, ids: list[int], total: int) -> tuple[list[Self], int]:
        """The second half, which asks the database for the entries that were hit."""
        if not ids:
            return [], total
        found = {entry.id: entry for entry in db.session.scalars(cls.select_by_ids(ids))}
        strays = {id_ for id_ in ids if id_ not in found}
        if strays and not _is_alone():
            # Removed while the engine was away, or so new that this transaction does not see it.
            update(cls, strays)
        return [found[id_] for id_ in ids if id_ in found], total - len(strays)

    @classmethod
    def select_by_ids(cls, ids: list[int]) -> Select[Any]:
        """Select entries for a page, with what the page shows of them."""
        return select(cls).where(cls.id.in_(ids))

    @classmethod
    def reindex(cls, progress: Callable[[int], object] = lambda _count: None) -> None:
        """Build the index anew out of all rows, and replace the old one when it is complete.

        `progress` is told how many entries were added each time. Raises search.SearchUnavailable.
        """
        with search.rebuild_index(cls.__tablename__) as add, _connection() as connection:
            last = 0
            while documents := _documents(cls, connection, cls.id > last):
                add(documents)
                progress(len(documents))
                last = max(documents)

    @classmethod
    def _build_missing_index(cls) -> None:
        with _building:
            if search.index_exists(cls.__tablename__):
                return
            if search.is_being_rebuilt(cls.__tablename__):
                raise search.SearchUnavailable('the index is being built')
            beginning = select(cls.id).limit(SMALL + 1).subquery()
            count = db.session.scalar(select(func.count()).select_from(beginning)) or 0
            if count <= SMALL or _is_alone():
                cls.reindex()
                return
            threading.Thread(target=_build, args=(present_app(), cls), daemon=True).start()
        raise search.SearchUnavailable('the index is being built')


def _build(app: Flask, model: type[SearchableMixin]) -> None:
    """Build a large index in a thread of its own."""
    with app.app_context():
        app.logger.info('The index %s is missing and is being built', model.__tablename__)
        try:
            model.reindex()
        except (search.SearchUnavailable, SQLAlchemyError):
            app.logger.exception('The index %s was not built', model.__tablename__)


def searchable_models() -> dict[Table, type[SearchableMixin]]:
    """Return the models that can be searched, by their tables."""
    return {model.__table__: model for model in SearchableMixin.__subclasses__()}


def follow_commits() -> None:
    """Keep the indices of all searchable models, defined by now, up to date from now on."""
    for table, model in searchable_models().items():
        changes.watch(table, model.__searchable__)
    changes.listen(db.session, _update_all)


def _update_all(changed: Mapping[Table, set[int]]) -> None:
    for table, ids in changed.items():
        update(searchable_models()[table], ids)


def update(model: type[SearchableMixin], changed: set[int]) -> None:
    """Bring the entries of the rows `changed` to what the database says by now. Never raises."""
    index = model.__tablename__
    ids = iter(sorted(changed))
    try:
        with db.engine.connect() as connection:
            while batch := list(islice(ids, BATCH)):
                found = _documents(model, connection, model.id.in_(batch))
                search.update_index(index, {**dict.fromkeys(batch), **found})
    except Exception:
        # What was saved is saved: nobody is to be told that it was not.
        current_app.logger.exception('The index %s is not up to date', index)


def _documents(
    model: type[SearchableMixin], connection: Connection, condition: Any
) -> dict[int, search.Document]:
    """Read the first rows that meet the condition, in a transaction of its own."""
    fields = [getattr(model, name) for name in model.__searchable__]
    rows = select(model.id, *fields).where(condition).order_by(model.id).limit(BATCH)
    found = {id_: search.document(texts) for id_, *texts in connection.execute(rows)}
    if not _is_alone():
        connection.rollback()
    return found


@contextmanager
def _connection() -> Iterator[Connection]:
    """Give a connection of its own, where there can be a second one."""
    if _is_alone():
        yield db.session.connection()
    else:
        with db.engine.connect() as connection:
            yield connection


def _is_alone() -> bool:
    """Tell whether the database is in memory, on the only connection that there is."""
    return isinstance(db.engine.pool, StaticPool)
