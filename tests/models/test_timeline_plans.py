"""How SQLite finds the posts of a timeline, once it knows what is in its tables."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, Select, create_engine, insert, text

from app.database import Base
from app.models import Post, User, timeline
from app.models.timeline import (
    AllPosts,
    AnswersBy,
    AnswersTo,
    Bookmarked,
    PostsBy,
    PostsUnder,
    Shape,
)

POSTS = 2000
REPOSTED_EVERY = 10
START = datetime(2024, 1, 1)
FIRST_PAGE = Shape(bounded=False, upward=False, skipping=False)


@pytest.fixture(scope='module')
def connection() -> Iterator[Connection]:
    """A site on which some posts have been passed on: most rows pass nothing on."""
    engine = create_engine('sqlite://')
    with engine.connect() as connection:
        Base.metadata.create_all(connection)
        person = {'username': 'susan', 'username_key': 'susan'}
        connection.execute(insert(User).values(email='s@e', email_key='s@e', **person))
        posts = [
            {
                'body': '',
                'user_id': 1,
                'language': '',
                'timestamp': START + timedelta(minutes=number),
                'repost_of': number if number and number % REPOSTED_EVERY == 0 else None,
            }
            for number in range(POSTS)
        ]
        connection.execute(insert(Post), posts)
        connection.execute(text('ANALYZE'))
        yield connection
    engine.dispose()


@pytest.mark.parametrize(
    'statement',
    [
        timeline._ids_of_all,
        *(
            partial(timeline._of, kind)
            for kind in (AllPosts, PostsBy, AnswersBy, AnswersTo, PostsUnder, Bookmarked)
        ),
    ],
)
def test_a_page_is_read_along_an_index_and_not_sorted(
    connection: Connection, statement: Callable[[Shape], Select[tuple[object, ...]]]
) -> None:
    compiled = statement(FIRST_PAGE).compile(connection)
    plan = connection.exec_driver_sql(
        f'EXPLAIN QUERY PLAN {compiled}', tuple(1 for _ in compiled.positiontup or ())
    )
    steps = [row[-1] for row in plan]
    assert any('USING' in step for step in steps)
    assert not [step for step in steps if 'TEMP B-TREE' in step or step.startswith('SCAN post')]
