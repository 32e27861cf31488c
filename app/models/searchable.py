"""What makes a model be found (chapter 16): the mixin, and an index that follows each commit."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, ClassVar, Self

from flask import Flask, current_app
from sqlalchemy import Connection, Select, StaticPool, event, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, SessionTransaction

from app import search
from app.background import present_app
from app.extensions import db
from app.search import Order

BATCH = 5000  # entries held in memory at a time
SMALL = 5000  # entries; a missing index of no more is built while the visitor waits
CHANGES, COMMITTED = 'changes', 'changes committed'

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


# The indices follow each commit. Noted are ids, of more rows than necessary rather than of fewer:
# what has become of a row is read when the transaction is over. So a savepoint that was rolled back
# does no harm, and the last of several changes wins. What a statement changes without a flush
# passes this by.


def _note(session: Session, model: type[SearchableMixin], ids: Iterable[int]) -> None:
    session.info.setdefault(CHANGES, defaultdict(set))[model].update(ids)


@event.listens_for(db.session, 'after_flush')
def _note_flush(session: Session, _context: Any) -> None:
    for instance in (*session.new, *session.dirty, *session.deleted):
        state: Any = inspect(instance)
        if isinstance(instance, SearchableMixin) and (
            instance not in session.dirty
            or any(state.attrs[name].history.has_changes() for name in instance.__searchable__)
        ):
            _note(session, type(instance), state.mapper.primary_key_from_instance(instance))


@event.listens_for(db.session, 'before_flush')
def _note_cascades(session: Session, *_: Any) -> None:
    """Before rows are deleted, note those that the database deletes with them."""
    for instance in session.deleted:
        mapper: Any = inspect(instance).mapper
        for model in SearchableMixin.__subclasses__():
            for key in model.__table__.foreign_keys:
                if key.column.table is mapper.local_table and key.ondelete == 'CASCADE':
                    own = key.parent == mapper.primary_key_from_instance(instance)[0]
                    _note(session, model, session.scalars(select(model.id).where(own)))


@event.listens_for(db.session, 'after_commit')
def _note_commit(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info[COMMITTED] = True


@event.listens_for(db.session, 'after_transaction_end')
def _update_after_commit(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        changes = session.info.pop(CHANGES, {})
        if session.info.pop(COMMITTED, False):
            # The transaction is over, its connection given back.
            for model, ids in changes.items():
                update(model, ids)


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
