"""What an account's owner sees of what has happened to it."""

import ast
import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import NullPool, select
from sqlalchemy.exc import OperationalError
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wsgi import ClosingIterator

from app import db
from app.database import utcnow
from app.logs import audit
from app.models import AccountEvent, User, account_event
from app.models.account_event import KEPT, MOST, record
from app.settings.history import TEXTS
from tests.api.conftest import PASSWORD, PASSWORD_HASH
from tests.conftest import MakeUser
from tests.pages import link

APP = Path(__file__).parents[2] / 'app'


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', password_hash=PASSWORD_HASH)


def send(client: FlaskClient, password: str = PASSWORD) -> None:
    client.post('/auth/login', data={'username': 'susan', 'password': password})


def happened(client: FlaskClient, path: str = '/settings/history') -> list[str]:
    page = client.get(path).text
    return re.findall('<strong>(.*?)</strong>', page[page.index('<main') :])


def test_logins_failures_and_changes(app: Flask, susan: User) -> None:
    stranger, client = app.test_client(), app.test_client()
    stranger.environ_base |= {'REMOTE_ADDR': '203.0.113.9', 'HTTP_USER_AGENT': 'curl/8.5'}
    send(stranger, 'a bad one')
    stranger.post('/api/tokens', auth=('susan', 'a bad one'))
    send(client)
    new = 'a new one of mine'
    form = {'current_password': PASSWORD, 'password': new, 'password2': new}
    client.post('/auth/change_password', data=form)
    assert happened(client) == [
        'Password changed',
        'Logged in',
        'Login failed: wrong password',
        'Login failed: wrong password',
    ]
    page = client.get('/settings/history').text
    assert '203.0.113.9' in page
    assert 'curl' in page


def test_a_connection_that_is_closed_after_its_use(
    make_app: Callable[..., Flask], susan: User, log_in: Callable[[User], FlaskClient]
) -> None:
    # As those are that a pool opens beyond the ones that it keeps.
    class Keepless(NullPool):
        def __init__(
            self,
            creator: Any,
            timeout: float = 0,
            pool_size: int = 0,
            max_overflow: int = 0,
            **more: Any,
        ) -> None:
            super().__init__(creator, **more)

    app = make_app(SQLALCHEMY_ENGINE_OPTIONS={'poolclass': Keepless})
    response = app.test_client().post('/api/tokens', auth=('susan', PASSWORD))
    assert response.status_code == 200
    assert happened(log_in(susan)) == ['API token made']


def test_nobody_sees_what_happened_to_another(
    app: Flask, susan: User, make_user: MakeUser, log_in: Callable[[User], FlaskClient]
) -> None:
    send(app.test_client())
    assert happened(log_in(make_user('john'))) == []


def test_page_by_page(susan: User, log_in: Callable[[User], FlaskClient], app: Flask) -> None:
    app.config['POSTS_PER_PAGE'] = 2
    for number in range(5):
        record(susan.id, f'number {number}', '', '')
    db.session.commit()
    client = log_in(susan)
    first = client.get('/settings/history')
    assert happened(client) == ['number 4', 'number 3']
    older = link(first, 'Older') or ''
    assert happened(client, older) == ['number 2', 'number 1']
    assert happened(client, link(client.get(older), 'Newer') or '') == ['number 4', 'number 3']


def test_what_is_repeated_pushes_nothing_else_out(susan: User) -> None:
    record(susan.id, 'login', '', '')
    for _ in range(MOST + 3):
        record(susan.id, 'login failed', '', '')
    db.session.commit()
    assert _numbers() == {'login': 1, 'login failed': MOST}


def test_what_is_old_goes(susan: User, monkeypatch: pytest.MonkeyPatch) -> None:
    record(susan.id, 'login', '', '')
    later = utcnow() + KEPT + timedelta(seconds=1)
    monkeypatch.setattr(account_event, 'utcnow', lambda: later)
    record(susan.id, 'password changed', '', '')
    db.session.commit()
    assert _numbers() == {'password changed': 1}


def test_a_flood_is_written_once_in_a_while(susan: User) -> None:
    for _ in range(3):
        record(susan.id, 'login limited', '', '')
    db.session.commit()
    assert _numbers() == {'login limited': 1}


def _numbers() -> dict[str, int]:
    db.session.rollback()
    return Counter(db.session.scalars(select(AccountEvent.what)))


def test_where_it_cannot_be_written_what_was_done_is_done(
    client: FlaskClient, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError('INSERT', {}, Exception('database is locked'))

    monkeypatch.setattr(account_event, 'record', fail)
    send(client)
    assert client.get('/edit_profile').status_code == 200
    assert happened(client) == []


def test_an_answer_does_not_wait_for_it(app: Flask, susan: User) -> None:
    """Nor does it take longer for a name that there is an account of."""
    data = {'username': 'susan', 'password': 'a bad one'}
    environ = EnvironBuilder('/auth/login', method='POST', data=data).get_environ()
    body, status, _headers = run_wsgi_app(app.wsgi_app, environ)
    assert status.startswith('302')
    assert _numbers() == {}
    ClosingIterator(body).close()
    assert _numbers() == {'login failed': 1}


def test_what_happens_to_an_account_that_goes(app: Flask, susan: User) -> None:
    with app.test_request_context():
        audit.note('login', susan)
        db.session.delete(susan)
        db.session.commit()
        audit.record_events(app.response_class()).close()
    assert _numbers() == {}


def test_outside_of_a_request(app: Flask, susan: User) -> None:
    audit.note('second factor reset', susan)
    assert _numbers() == {'second factor reset': 1}


def test_everything_that_is_noted_has_a_text_for_people() -> None:
    noted = {
        node.args[0].value
        for path in APP.rglob('*.py')
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ('audit.note', 'note', 'tell')
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert 'login failed' in noted
    assert noted <= TEXTS.keys()
