"""Holding accounts, so that of two who change what belongs to one the second waits."""

from sqlalchemy import ColumnElement, Connection, false, select, update

from app.models.base import Model


def hold(connection: Connection, chosen: ColumnElement[bool]) -> set[int]:
    """Let nobody else change the accounts `chosen` until the transaction ends; return their ids.

    Always the lowest id first: two who hold each other's accounts wait instead of deadlocking.
    """
    user = Model.metadata.tables['user']
    if connection.dialect.name == 'sqlite':
        # It locks the whole file, and only for a statement that could write something.
        connection.execute(update(user).where(false()).values(unread_message_count=0))
    held = select(user.c.id).where(chosen).order_by(user.c.id).with_for_update(key_share=True)
    return set(connection.scalars(held))
