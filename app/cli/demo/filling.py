"""What both kinds of demo data share: inserts past the ORM, and the counters they leave behind."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, select, text, update

from app.models import Post, User, followers
from app.text import case_key

Row = dict[str, Any]

TABLES = [User.__tablename__, Post.__tablename__, followers.name]


@cache
def texts(name: str) -> Any:
    """Return what the file `<name>.json` beside this one holds."""
    return json.loads(Path(__file__).with_name(f'{name}.json').read_text('utf-8'))


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
    """Return the ids that the database gave to the people, in their order."""
    people = connection.execute(select(User.username, User.id).order_by(User.id))
    return {person.username: person.id for person in people}


def recount(connection: Connection) -> None:
    """Set the counters of all people, which inserts past the ORM leave at 0."""
    counted = {
        User.post_count: Post.user_id,
        User.follower_count: followers.c.followed_id,
        User.followed_count: followers.c.follower_id,
    }
    numbers = {
        counter: select(func.count()).where(column == User.id).scalar_subquery()
        for counter, column in counted.items()
    }
    connection.execute(update(User).values(numbers))


def analyze(engine: Engine) -> None:
    """Tell the planner how large the tables have become, which it would find out only slowly."""
    tables = ', '.join(map(engine.dialect.identifier_preparer.quote, TABLES))
    command = {
        'sqlite': 'ANALYZE',
        'postgresql': f'VACUUM ANALYZE {tables}',
        'mysql': f'ANALYZE TABLE {tables}',
    }[engine.dialect.name]
    # None of the three databases wants it inside of a transaction.
    with engine.connect().execution_options(isolation_level='AUTOCOMMIT') as connection:
        connection.execute(text(command))
