"""Which rows of some tables a session has changed, told once they are committed.

It notes ids, of more rows than necessary rather than of fewer: what has become of a row is read
when the transaction is over. So a savepoint that was rolled back does no harm, and the last of
several changes wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import flask_sqlalchemy.session
from sqlalchemy import Column, Connection, Select, Table, event, func, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, object_session

CHANGES, COMMITTED = 'changes', 'changes committed'


@dataclass
class Changed:
    """The rows of one table: those of `ids`, and all those with an id above `above`."""

    ids: set[int] = field(default_factory=set)
    above: int | None = None


# Of each table that is watched, the columns that matter.
_watched: dict[Table, set[str]] = {}


def watch(table: Table, columns: Iterable[str]) -> None:
    """Note changes of `columns` of `table`, new rows and deleted ones."""
    _watched[table] = set(columns)


def listen(sessions: Any, base: Any, on_commit: Callable[[dict[Table, Changed]], None]) -> None:
    """Call `on_commit` after each commit of `sessions` that has changed something watched.

    `base` is the base class of the models. The transaction is over by then, its connection given
    back.
    """

    def after_commit(session: Session) -> None:
        if not session.in_nested_transaction():
            session.info[COMMITTED] = True

    def after_transaction_end(session: Session, transaction: SessionTransaction) -> None:
        if transaction.parent is None:
            changes = session.info.pop(CHANGES, None)
            if session.info.pop(COMMITTED, False) and changes:
                on_commit(changes)

    event.listen(sessions, 'after_flush', _note_flush)
    event.listen(sessions, 'do_orm_execute', _note_statement)
    event.listen(sessions, 'after_commit', after_commit)
    event.listen(sessions, 'after_transaction_end', after_transaction_end)
    event.listen(base, 'before_delete', _note_cascade, propagate=True)


def _changed(session: Session, table: Table) -> Changed:
    changes: dict[Table, Changed] = session.info.setdefault(CHANGES, {})
    return changes.setdefault(table, Changed())


def _note_flush(session: Session, _context: Any) -> None:
    for instance in session.dirty:
        state: Any = inspect(instance)
        columns = _watched.get(state.mapper.local_table)
        if columns and any(state.attrs[name].history.has_changes() for name in columns):
            _note_instance(session, instance)
    for instance in (*session.new, *session.deleted):
        _note_instance(session, instance)


def _note_instance(session: Session, instance: Any) -> None:
    mapper: Any = inspect(instance).mapper
    if mapper.local_table in _watched:
        (id_,) = mapper.primary_key_from_instance(instance)
        _changed(session, mapper.local_table).ids.add(id_)


def _note_cascade(mapper: Any, connection: Connection, instance: Any) -> None:
    """Before a row is deleted, note those that the database deletes with it."""
    session = object_session(instance)
    table: Table = mapper.local_table
    key = _key(table)
    if session is None or key is None:
        return
    row = select(key).where(key == mapper.primary_key_from_instance(instance)[0])
    for dependent, ids in _dependents(table, row):
        _changed(session, dependent).ids.update(connection.scalars(ids))


def _dependents(table: Table, ids: Select[Any]) -> Iterator[tuple[Table, Select[Any]]]:
    """Yield the tables whose rows go with the rows `ids` of `table`, and the ids of those rows."""
    for other in table.metadata.tables.values():
        key = _key(other)
        for constraint in other.foreign_keys:
            if constraint.column.table is not table or constraint.ondelete != 'CASCADE':
                continue
            if key is None or other is table:
                continue
            rows = select(key).where(constraint.parent.in_(ids))
            if other in _watched:
                yield other, rows
            yield from _dependents(other, rows)


def _key(table: Table) -> Column[Any] | None:
    columns = list(table.primary_key)
    return columns[0] if len(columns) == 1 else None


def _note_statement(state: ORMExecuteState) -> None:
    """Before a statement changes many rows at once, note which."""
    if not (state.is_insert or state.is_update or state.is_delete):
        return
    statement: Any = state.statement
    table = statement.table
    if not isinstance(table, Table):
        return
    parameters: Any = state.parameters or {}
    rows: Any = parameters if isinstance(parameters, list | tuple) else [parameters]
    if state.is_insert:
        _note_inserted(state.session, table, (row.get('id') for row in rows))
        return
    key = _key(table)
    if key is None:
        return
    affected = select(key)
    if statement.whereclause is not None:
        affected = affected.where(statement.whereclause)
    if state.is_delete:
        for dependent, ids in _dependents(table, affected):
            _note_selected(state, dependent, ids)
    if table not in _watched or (state.is_update and not _is_update_of_watched(statement, rows)):
        return
    if state.is_update and all(key.name in row for row in rows):
        # Each row is named by its key.
        _changed(state.session, table).ids.update(row[key.name] for row in rows)
    else:
        _note_selected(state, table, affected)


def _is_update_of_watched(statement: Any, rows: Iterable[Any]) -> bool:
    # The statement offers no other way to ask for its columns.
    names = {getattr(column, 'key', column) for column in statement._values or ()}
    names = names.union(*rows)
    return not names or not names.isdisjoint(_watched[statement.table])


def _note_selected(state: ORMExecuteState, table: Table, ids: Select[Any]) -> None:
    # On the connection, so that nothing is flushed or noted again.
    found = state.session.connection(state.bind_arguments).scalars(ids, state.parameters or None)
    _changed(state.session, table).ids.update(found)


def _note_inserted(session: Session, table: Table, ids: Iterable[int | None]) -> None:
    """Before rows are inserted whose ids only the database will know: they are above the last."""
    if table not in _watched:
        return
    changed = _changed(session, table)
    changed.ids.update(id_ for id_ in ids if id_ is not None)
    if changed.above is None:
        key = _key(table)
        changed.above = session.connection().scalar(select(func.max(key))) or 0


class NotingSession(flask_sqlalchemy.session.Session):
    """A session whose older methods for many rows at once, which have no events, note them too."""

    def bulk_save_objects(self, objects: Iterable[Any], *args: Any, **kwargs: Any) -> None:
        objects = list(objects)
        for instance in objects:
            state: Any = inspect(instance)
            if state.key is None:
                _note_inserted(self, state.mapper.local_table, [])
            if None not in state.mapper.primary_key_from_instance(instance):
                _note_instance(self, instance)
        super().bulk_save_objects(objects, *args, **kwargs)

    def bulk_insert_mappings(self, mapper: Any, mappings: Any, *args: Any, **kwargs: Any) -> None:
        mappings = list(mappings)
        table = inspect(mapper).local_table
        _note_inserted(self, table, (row.get('id') for row in mappings))
        super().bulk_insert_mappings(mapper, mappings, *args, **kwargs)

    def bulk_update_mappings(self, mapper: Any, mappings: Any) -> None:
        mappings = list(mappings)
        table = inspect(mapper).local_table
        if table in _watched:
            _changed(self, table).ids.update(row['id'] for row in mappings)
        super().bulk_update_mappings(mapper, mappings)
