"""Holding accounts, so that of two who change what belongs to one the second waits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect, select, update
from sqlalchemy.orm.exc import ObjectDeletedError

from app.extensions import db
from app.models.base import Model

BATCH = 1000  # accounts in one statement
HELD = 'accounts that are held, and the transaction that holds them'


def hold(connection: Connection, ids: Iterable[int]) -> set[int]:
    """Let nobody else change these accounts until the transaction ends; return which there are.

    The lowest id comes first: two who hold each other's accounts wait instead of deadlocking.
    """
    wanted = {*ids}
    held = _held(connection)
    new = sorted(wanted - held)
    for start in range(0, len(new), BATCH):
        some = new[start : start + BATCH]
        if connection.dialect.name == 'sqlite' and not held and _lock_file(connection, some):
            held.update(some)
        else:
            user = Model.metadata.tables['user'].c
            rows = select(user.id).where(user.id.in_(some)).order_by(user.id)
            held.update(connection.scalars(rows.with_for_update(key_share=True)))
    return wanted & held


def _lock_file(connection: Connection, ids: list[int]) -> bool:
    """Lock all of SQLite, by an UPDATE that changes nothing; return whether all accounts exist."""
    user = Model.metadata.tables['user'].c
    same = {user.unread_message_count: user.unread_message_count}
    return connection.execute(
        update(user.id.table).where(user.id.in_(ids)).values(same)
    ).rowcount == len(ids)


def _held(connection: Connection) -> set[int]:
    """Return which accounts this transaction holds already, for `hold` to add to."""
    transaction = connection.get_transaction()
    known: tuple[object, set[int]] | None = connection.info.get(HELD)
    if known is None or known[0] is not transaction or connection.in_nested_transaction():
        # (The end of a savepoint could let go of some.)
        known = connection.info[HELD] = transaction, set()
    return known[1]


class Lockable:
    """An account that can be held."""

    if TYPE_CHECKING:
        id: Any

    def lock(self) -> None:
        """Hold the account: nobody else changes what belongs to it before the transaction ends."""
        db.session.flush()
        hold(db.session.connection(), {self.id})

    def _lock_with(self, other: Lockable) -> None:
        """Let nobody else change the two accounts.

        Raises ObjectDeletedError when one of them is not there any more.
        """
        db.session.flush()
        present = hold(db.session.connection(), {self.id, other.id})
        for person in (self, other):
            if person.id not in present:
                raise ObjectDeletedError(inspect(person))
