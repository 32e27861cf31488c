"""Who is mentioned in a post."""

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, String, Table, select

from app.database import TABLE_OPTIONS, Base
from app.markup import mentions as names_in
from app.models.base import Model
from app.text import USERNAME_LENGTH

mentions = Table(
    'mentions',
    Base.metadata,
    Column('post_id', Integer, ForeignKey('post.id', ondelete='CASCADE'), primary_key=True),
    # As it stands in the text, whatever the account is called by now.
    Column('name_key', String(3 * USERNAME_LENGTH), primary_key=True),
    Column('user_id', Integer, ForeignKey('user.id', ondelete='CASCADE'), nullable=False),
    Index(None, 'user_id', 'post_id'),
    **TABLE_OPTIONS,
)


def mentioned_in(connection: Connection, text: str) -> dict[str, int]:
    """Return the ids of the accounts that `text` mentions, by the key of the name in it."""
    candidates = names_in(text)
    if not candidates:
        return {}
    user = Model.metadata.tables['user'].c
    keys = {key for keys in candidates for key in keys}
    found = connection.execute(
        select(user.username_key, user.id).where(user.username_key.in_(keys))
    )
    ids: dict[str, int] = dict(found.all())
    longest = (next((key for key in keys if key in ids), None) for keys in candidates)
    return {key: ids[key] for key in longest if key is not None}
