"""An index that follows what the session of each commit has flushed."""

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import insert, text, update

from app import db, search
from app.models import Post, User
from tests.conftest import MakeUser
from tests.search.conftest import eventually, found
from tests.statements import statements

pytestmark = pytest.mark.usefixtures('indexed')


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan')


def becomes(query: str, *bodies: str) -> None:
    eventually(lambda: found(query, 'newest'), list(bodies))


def test_adding_changing_deleting(susan: User) -> None:
    post = Post(body='red fox', author=susan)
    db.session.add(post)
    db.session.commit()
    becomes('fox', 'red fox')
    post.body = 'red dog'
    db.session.commit()
    becomes('fox dog', 'red dog')
    db.session.delete(post)
    db.session.commit()
    becomes('red')


def test_flushed_before_the_commit(susan: User) -> None:
    post = Post(body='draft', author=susan)
    db.session.add(post)
    db.session.flush()
    post.body = 'final one'
    db.session.flush()
    gone = Post(body='final two', author=susan)
    db.session.add(gone)
    db.session.flush()
    db.session.delete(gone)
    assert found('draft final') == []
    db.session.commit()
    becomes('draft final', 'final one')


def test_a_rollback_leaves_nothing(susan: User) -> None:
    db.session.add(Post(body='red', author=susan))
    db.session.flush()
    db.session.rollback()
    db.session.add(Post(body='green', author=susan))
    db.session.commit()
    becomes('red green', 'green')


def test_savepoints(susan: User) -> None:
    with db.session.begin_nested():
        db.session.add(Post(body='kept one', author=susan))
    savepoint = db.session.begin_nested()
    db.session.add(Post(body='dropped', author=susan))
    db.session.flush()
    savepoint.rollback()
    db.session.add(Post(body='kept two', author=susan))
    # A savepoint is no commit yet.
    assert found('kept dropped') == []
    db.session.commit()
    becomes('kept dropped', 'kept two', 'kept one')


def test_a_deletion_that_was_taken_back(susan: User) -> None:
    post = Post(body='stays', author=susan)
    db.session.add(post)
    db.session.commit()
    savepoint = db.session.begin_nested()
    db.session.delete(post)
    db.session.flush()
    savepoint.rollback()
    db.session.commit()
    becomes('stays', 'stays')


def test_several_commits_in_one_request(app: Flask, susan: User) -> None:
    susan_id = susan.id
    with app.test_request_context():
        for number in range(3):
            db.session.add(Post(body=f'number {number}', user_id=susan_id))
            db.session.commit()
        db.session.add(Post(body='number 3', user_id=susan_id))
        db.session.rollback()
    becomes('number', 'number 2', 'number 1', 'number 0')


def test_add_all(susan: User) -> None:
    db.session.add_all(Post(body=f'many {number}', author=susan) for number in range(3))
    db.session.commit()
    becomes('many', 'many 2', 'many 1', 'many 0')


def test_the_database_deletes_the_posts_of_an_account(make_user: MakeUser, susan: User) -> None:
    john = make_user('john')
    db.session.add_all(Post(body='shared', author=user) for user in (susan, john, susan))
    db.session.commit()
    becomes('shared', *['shared'] * 3)
    db.session.delete(susan)
    db.session.commit()
    becomes('shared', 'shared')
    eventually(lambda: User.search('susan', 1, 9), ([], 0))
    savepoint = db.session.begin_nested()
    db.session.delete(john)
    db.session.flush()
    savepoint.rollback()
    db.session.commit()
    becomes('shared', 'shared')
    db.session.delete(john)
    db.session.commit()
    becomes('shared')


def test_people_are_found_by_their_new_name(susan: User) -> None:
    eventually(lambda: User.search('susan', 1, 9), ([susan], 1))
    susan.username = 'Susana.Ünal'
    db.session.commit()
    eventually(lambda: User.search('unal', 1, 9), ([susan], 1))
    assert User.search('susan', 1, 9) == ([], 0)


def test_what_cannot_be_searched_costs_nothing(susan: User) -> None:
    assert susan.about_me is None
    with statements() as made:
        susan.about_me = 'hello'
        db.session.flush()
        db.session.execute(update(User).values(last_seen=None))
        db.session.commit()
    assert [one.split()[0] for one in made] == ['UPDATE', 'UPDATE']


def test_rows_that_are_gone_without_a_trace(susan: User) -> None:
    db.session.add_all(Post(body=f'number {number}', author=susan) for number in range(3))
    db.session.commit()
    becomes('number', 'number 2', 'number 1', 'number 0')
    with db.engine.begin() as connection:
        connection.execute(text("DELETE FROM post WHERE body = 'number 1'"))
    db.session.rollback()
    becomes('number', 'number 2', 'number 0')
    # What was found out is put right for good.
    eventually(lambda: search.query_index('post', 'number', 1, 9)[1], 2)


def test_reindexing(susan: User, runner: FlaskCliRunner) -> None:
    rows = [{'body': f'number {number}', 'user_id': susan.id} for number in range(7)]
    with db.engine.begin() as connection:
        connection.execute(insert(Post), rows)
    assert found('number') == []
    result = runner.invoke(args=['search', 'reindex', 'post'])
    assert result.exit_code == 0, result.output
    assert 'Posts' in result.output
    assert len(found('number')) == 7
    posts, total = Post.search('number', 2, 5)
    assert ([post.body for post in posts], total) == (['number 1', 'number 0'], 7)


def test_reindexing_in_batches(susan: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('app.models.searchable.BATCH', 3)
    rows = [{'body': f'number {number}', 'user_id': susan.id} for number in range(7)]
    with db.engine.begin() as connection:
        connection.execute(insert(Post), rows)
    counts: list[int] = []
    Post.reindex(counts.append)
    assert counts == [3, 3, 1]
    assert len(found('number')) == 7
