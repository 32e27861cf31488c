"""Tokens of the API as a person sees them."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import db
from app.database import utcnow
from app.models import ApiToken, User
from app.models.api_token import MOST_NAMED, USE_INTERVAL
from tests.api.conftest import Program
from tests.conftest import MakeUser
from tests.pages import errors, flashes
from tests.statements import statements

NEW = '/settings/tokens/new'


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', 'cat')


@pytest.fixture
def page(client: FlaskClient, susan: User) -> FlaskClient:
    client.post('/auth/login', data={'username': 'susan', 'password': 'cat'})
    return client


def make(page: FlaskClient, **data: str) -> TestResponse:
    return page.post(NEW, data={'name': 'backup', 'read': 'y', 'end': '90', **data})


def token_in(response: TestResponse) -> str:
    match = re.search(r'readonly value="([^"]+)"', response.text)
    assert match is not None
    return match[1]


def test_a_token_is_shown_once_and_acts_for_its_owner(page: FlaskClient, susan: User) -> None:
    token = token_in(make(page, name='<b>backup</b>', messages='y'))
    shown = page.get('/settings/tokens').text
    assert token not in shown
    assert '<bdi>&lt;b&gt;backup&lt;/b&gt;</bdi>' in shown
    assert 'Not used yet' in shown
    program = Program(page.application.test_client(), token)
    assert program.get('/users/me').get_json()['username'] == 'susan'
    assert program.get('/messages').status_code == 200
    assert 'Last used' in page.get('/settings/tokens').text
    row = db.session.scalars(select(ApiToken)).one()
    assert row.expiration is not None
    assert timedelta(days=89) < row.expiration - utcnow() <= timedelta(days=90)
    assert row.token_hash != token


def test_a_token_without_an_end_is_ended_by_its_owner(page: FlaskClient, susan: User) -> None:
    first = Program(page.application.test_client(), token_in(make(page, end='')))
    second = Program(page.application.test_client(), token_in(make(page)))
    assert 'Has no end' in page.get('/settings/tokens').text
    row = db.session.scalars(select(ApiToken).order_by(ApiToken.id)).first()
    assert row is not None
    response = page.post(f'/settings/tokens/{row.id}/end', follow_redirects=True)
    assert flashes(response) == ['The token is good for nothing any more.']
    assert first.get('/users/me').status_code == 401
    assert second.get('/users/me').status_code == 200


def test_a_new_password_ends_what_has_no_end(page: FlaskClient, susan: User) -> None:
    program = Program(page.application.test_client(), token_in(make(page, end='')))
    susan.set_password('another cat')
    db.session.commit()
    assert program.get('/users/me').status_code == 401
    assert susan.named_tokens() == []


@pytest.mark.parametrize(
    ('field', 'data'),
    [
        ('name', {'name': ' '}),
        ('name', {'name': 'x' * 65}),
        ('name', {'name': 'a\0b'}),
        ('account', {'read': ''}),
        ('end', {'end': '366'}),
        ('end', {'end': 'never'}),
    ],
)
def test_what_is_no_token(page: FlaskClient, field: str, data: dict[str, str]) -> None:
    assert errors(make(page, **data), field)
    assert db.session.scalars(select(ApiToken)).all() == []


def test_nobody_has_too_many(page: FlaskClient, susan: User) -> None:
    for number in range(MOST_NAMED):
        susan.make_token(str(number), ['read'], 60)
    db.session.commit()
    assert errors(make(page), 'name') == ['You can have 50 tokens.']


def test_making_one_takes_a_proof(log_in: Callable[[User], FlaskClient], susan: User) -> None:
    client = log_in(susan)
    assert client.get('/settings/tokens').status_code == 200
    for response in (client.get(NEW), make(client)):
        assert (response.location or '').startswith('/auth/prove?')
    assert db.session.scalars(select(ApiToken)).all() == []


def test_the_use_is_written_once_in_a_few_minutes(page: FlaskClient, susan: User) -> None:
    """A request costs no statement more than with the tutorial's token."""
    named = Program(page.application.test_client(), susan.make_token('x', ['read'], None))
    hourly = Program(page.application.test_client(), susan.get_token())
    db.session.commit()

    def cost(program: Program) -> int:
        with statements() as noted:
            assert program.get('/timeline').status_code == 200
        return len(noted)

    cost(named)
    assert cost(named) == cost(hourly)
    row = db.session.scalars(select(ApiToken).where(ApiToken.name == 'x')).one()
    used = row.last_used
    assert used is not None
    row.last_used = used - USE_INTERVAL
    db.session.commit()
    cost(named)
    db.session.refresh(row)
    assert row.last_used is not None
    assert row.last_used >= used
