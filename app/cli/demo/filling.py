"""What fills a database with demo data: texts, inserts past the ORM, and their counters."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    case,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from app.models import Post, User, followers
from app.models.activity import MOST_UNREAD, Activity
from app.models.mention import mentions
from app.models.reaction import bookmarks, likes
from app.models.tag import Tag, post_tags

Row = dict[str, Any]

TABLES = [
    *(model.__tablename__ for model in (User, Post, Tag, Activity)),
    *(table.name for table in (followers, likes, bookmarks, mentions, post_tags)),
]


@cache
def texts(name: str) -> Any:
    """Return what the file `<name>.json` beside this one holds."""
    return json.loads(Path(__file__).with_name(f'{name}.json').read_text('utf-8'))


def insert_many(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Insert rows, all with the same columns, as quickly as a driver can."""
    if not rows:
        return
    if connection.dialect.name != 'postgresql':
        connection.execute(insert(table), rows)
        return
    # Several times as quick as INSERT, but it knows nothing of the defaults.
    defaults = {
        column.name: column.default.arg  # type: ignore[attr-defined]  # is_scalar says so
        for column in table.c
        if column.default is not None and column.default.is_scalar and column.name not in rows[0]
    }
    names = [*defaults, *rows[0]]
    quoted = ', '.join(map(connection.dialect.identifier_preparer.quote, names))
    driver: Any = connection.connection.driver_connection
    into = f'COPY {table.name} ({quoted}) FROM STDIN'
    with driver.cursor() as cursor, cursor.copy(into) as copy:
        for row in rows:
            copy.write_row([*defaults.values(), *row.values()])


def happening(told: int | None, kind: str, actor: int, post_id: int | None, when: datetime) -> Row:
    """Return the row that tells somebody what another one has done."""
    return {
        'user_id': told,
        'kind': kind,
        'actor_id': actor,
        'post_id': post_id,
        'timestamp': when,
    }


def first_free_id(connection: Connection, author: int) -> int:
    """Return an id that no post has had, nor any after it."""
    tried = insert(Post).values(body='', user_id=author, language='')
    (id_,) = connection.execute(tried).inserted_primary_key or (0,)
    connection.execute(delete(Post).where(Post.id == id_))
    return int(id_) + 1


def continue_ids(connection: Connection, next_id: int) -> None:
    """Let the ids of posts go on from there, after rows that came with their own."""
    if connection.dialect.name == 'postgresql':
        # The other two have seen them.
        sequence = func.pg_get_serial_sequence(Post.__tablename__, 'id')
        connection.execute(select(func.setval(sequence, next_id, False)))


def recount(connection: Connection) -> None:
    """Set the counters of all people, which inserts past the ORM leave at 0."""
    begun = select(func.count()).where(Post.user_id == User.id, Post.is_answer.is_(False))
    unread = _number_of(Activity.user_id)
    numbers = {
        User.post_count: begun.scalar_subquery(),
        User.follower_count: _number_of(followers.c.followed_id),
        User.followed_count: _number_of(followers.c.follower_id),
        User.unread_activity_count: case((unread > MOST_UNREAD, MOST_UNREAD), else_=unread),
    }
    connection.execute(update(User).values(numbers))


def _number_of(person: Any) -> Any:
    return select(func.count()).where(person == User.id).scalar_subquery()


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
