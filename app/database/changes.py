"""Which rows of some tables a session has changed, told once they are committed.

It notes ids, of more rows than necessary rather than of fewer: what has become of a row is read
when the transaction is over. So a savepoint that was rolled back does no harm, and the last of
several changes wins. What a statement changes without a flush passes it by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Table, event, inspect, select
from sqlalchemy.orm import Session, SessionTransaction

CHANGES, COMMITTED = 'changes', 'changes committed'

# Of each table that is watched, the columns that matter.
_watched: dict[Table, set[str]] = {}


def watch(table: Table, columns: Iterable[str]) -> None:
    """Note changes of `columns` of `table`, new rows and deleted ones."""
    _watched[table] = set(columns)


def listen(sessions: Any, on_commit: Callable[[dict[Table, set[int]]], None]) -> None:
    """Call `on_commit` after each commit of `sessions` that has changed something watched.

    The transaction is over by then, its connection given back.
    """

    def after_commit(session: Session) -> None:
        if not session.in_nested_transaction():
            session.info[COMMITTED] = True

    def after_transaction_end(session: Session, transaction: SessionTransaction) -> None:
        if transaction.parent is None:
            changes = session.info.pop(CHANGES, None)
            if session.info.pop(COMMITTED, False) and changes:
                on_commit(changes)

    event.listen(sessions, 'before_flush', _note_cascades)
    event.listen(sessions, 'after_flush', _note_flush)
    event.listen(sessions, 'after_commit', after_commit)
    event.listen(sessions, 'after_transaction_end', after_transaction_end)


def _note(session: Session, table: Table, ids: Iterable[int]) -> None:
    session.info.setdefault(CHANGES, {}).setdefault(table, set()).update(ids)


def _note_flush(session: Session, _context: Any) -> None:
    for instance in (*session.new, *session.dirty, *session.deleted):
        state: Any = inspect(instance)
        table = state.mapper.local_table
        if table in _watched and (
            instance not in session.dirty
            or any(state.attrs[name].history.has_changes() for name in _watched[table])
        ):
            _note(session, table, state.mapper.primary_key_from_instance(instance))


def _note_cascades(session: Session, *_: Any) -> None:
    """Before rows are deleted, note those that the database deletes with them."""
    for instance in session.deleted:
        mapper: Any = inspect(instance).mapper
        for table in _watched:
            for key in table.foreign_keys:
                if key.column.table is mapper.local_table and key.ondelete == 'CASCADE':
                    own = key.parent == mapper.primary_key_from_instance(instance)[0]
                    _note(session, table, session.scalars(select(table.c.id).where(own)))
