"""What a page tells of a job that is over: of success once, of a failure until it is dismissed."""

from collections.abc import Callable

import pytest
from flask import current_app
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from app import db
from app.models import Task, User
from tests.pages import link

LogIn = Callable[[User], FlaskClient]
PREFETCH = {'Sec-Purpose': 'prefetch;prerender'}


def put_job(owner: User, failure: str | None = None) -> Task:
    task = Task(id='x', name='export_posts', description='A job', user_id=owner.id, complete=True)
    task.failure = failure
    db.session.add(task)
    db.session.commit()
    return task


@pytest.mark.parametrize('path', ['/explore', '/messages', '/tasks/x', '/export_posts'])
def test_success_is_told_once(log_in: LogIn, susan: User, path: str) -> None:
    put_job(susan)
    client = log_in(susan)
    assert 'Done.' not in client.head('/explore').text
    assert 'Done.' in client.get('/explore', headers=PREFETCH).text
    assert 'Done.' in client.get(path).text
    for page in ('/index', '/messages'):
        assert 'A job' not in client.get(page).text
    # A second window, whose script has heard of it later.
    assert 'Done.' in client.get('/tasks/x').text


def test_a_failure_stays_until_it_is_dismissed(log_in: LogIn, susan: User) -> None:
    put_job(susan, 'timeout')
    client = log_in(susan)
    for path in ('/explore', '/tasks/x', '/explore'):
        assert 'Failed: it took too long.' in client.get(path).text
    response = client.post('/tasks/x/dismiss', data={'next': '/explore'})
    assert response.location == '/explore'
    assert 'A job' not in client.get('/explore').text


def test_what_cannot_be_noted_is_told_again(
    log_in: LogIn, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_job(susan)
    client = log_in(susan)
    client.get('/export_posts', headers=PREFETCH)  # last_seen is written
    with monkeypatch.context() as patch:

        def locked(_task: Task) -> None:
            raise OperationalError('UPDATE', {}, Exception('database is locked'))

        patch.setattr(Task, 'dismiss', locked)
        assert 'Done.' in client.get('/explore').text
    assert 'Done.' in client.get('/explore').text


@pytest.mark.parametrize('mail_server', [None, 'localhost'])
def test_the_archive_stays_where_exports_are(
    log_in: LogIn, susan: User, monkeypatch: pytest.MonkeyPatch, mail_server: str | None
) -> None:
    monkeypatch.setitem(current_app.config, 'MAIL_SERVER', mail_server)
    put_job(susan)
    client = log_in(susan)
    client.get('/explore')
    page = client.get('/export_posts')
    assert 'Done.' not in page.text
    assert link(page, 'Download the archive') == f'/archive/{susan.id}/posts.json'
