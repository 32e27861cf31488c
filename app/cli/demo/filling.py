"""What both kinds of demo data share: inserts past the ORM, and the counters they leave behind."""

from typing import Any

from sqlalchemy import Connection, Engine, func, select, text, update

from app.models import Post, User, followers
from app.text import case_key

Row = dict[str, Any]

TABLES = [User.__tablename__, Post.__tablename__, followers.name]


def account(username: str, email: str, **columns: Any) -> Row:
    """Return the columns of a person, with those that the model derives from the names."""
    return {
        'username': username,
        'email': email,
        'username_key': case_key(username),
        'email_key': case_key(email),
        **columns,
    }


def ids_by_name(connection: Connection) -> dict[str, int]:
    """Return the ids that the database gave to the people."""
    rows = connection.execute(select(User.username, User.id).order_by(User.id))
    return {name: user_id for name, user_id in rows}  # noqa: C416 - dict() cannot be typed


def recount(connection: Connection) -> None:
    """Set the counters of all people, which inserts past the ORM leave at 0."""
    counters = {
        User.post_count: Post.user_id,
        User.follower_count: followers.c.followed_id,
        User.followed_count: followers.c.follower_id,
    }
    connection.execute(
        update(User).values(
            {
                counter: select(func.count()).where(column == User.id).scalar_subquery()
                for counter, column in counters.items()
            }
        )
    )


def analyze(engine: Engine) -> None:
    """Tell the planner how large the tables have become.

    A database that has grown slowly knows, this one would have to find out in the background.
    """
    quote = engine.dialect.identifier_preparer.quote
    tables = ', '.join(map(quote, TABLES))
    command = {
        'sqlite': 'ANALYZE',
        'postgresql': f'VACUUM ANALYZE {tables}',
        'mysql': f'ANALYZE TABLE {tables}',
    }[engine.dialect.name]
    # None of the three databases wants it inside of a transaction.
    with engine.connect().execution_options(isolation_level='AUTOCOMMIT') as connection:
        connection.execute(text(command))
