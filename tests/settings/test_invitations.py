"""Who may register (REGISTRATION), and the invitations that people make."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import db
from app.database import utcnow
from app.models import Invitation, User
from tests.conftest import MakeUser
from tests.pages import errors, link

MakeApp = Callable[..., Flask]
NOT_GOOD = 'This invitation is not good, or not any more.'


def register(client: FlaskClient, name: str, **fields: str) -> TestResponse:
    typed = {'password': 'a good one', 'password2': 'a good one', **fields}
    data = {'username': name, 'email': f'{name}@example.com', **typed}
    return client.post('/auth/register', data=data)


def program(client: FlaskClient, name: str, **fields: str) -> TestResponse:
    data = {'username': name, 'email': f'{name}@example.com', 'password': 'a good one', **fields}
    return client.post('/api/users', json=data)


def test_where_nobody_registers(make_app: MakeApp) -> None:
    client = make_app(REGISTRATION='closed').test_client()
    page = client.get('/auth/register')
    assert page.status_code == 403
    assert 'Nobody can register here at present.' in page.text
    assert '/auth/register' not in client.get('/auth/login').text
    assert register(client, 'susan').status_code == 403
    answer = program(client, 'susan')
    assert answer.status_code == 403
    assert answer.get_json()['message'] == 'nobody can register here at present'


@pytest.mark.parametrize('by', [register, program])
def test_with_an_invitation(
    make_app: MakeApp, by: Callable[..., TestResponse], make_user: MakeUser
) -> None:
    app = make_app(REGISTRATION='invite')
    client = app.test_client()
    susan = make_user('susan', 'a good one')
    done = 302 if by is register else 201
    client.post('/auth/login', data={'username': 'susan', 'password': 'a good one'})
    assert link(client.get('/settings'), 'Invitations') == '/settings/invitations'
    made = client.post('/settings/invitations', data={'most': '2', 'days': '7'})
    found = re.search(r'/auth/register\?invitation=([\w-]+)', made.text)
    assert found is not None
    code = found[1]
    stranger = app.test_client()
    assert f'value="{code}"' in stranger.get(f'/auth/register?invitation={code}').text
    assert by(stranger, 'nobody').status_code != done
    assert by(stranger, 'nobody', invitation='x').status_code != done
    # What is wrong otherwise uses nothing up.
    assert by(stranger, 'susan', invitation=code).status_code != done
    assert by(stranger, 'john', invitation=code).status_code == done
    assert by(stranger, 'mary', invitation=code).status_code == done
    late = by(stranger, 'late', invitation=code)
    assert late.status_code != done
    assert NOT_GOOD.lower().rstrip('.') in late.text.lower()
    assert 'Used 2 of 2 times' in client.get('/settings/invitations').text
    assert code not in client.get('/settings/invitations').text
    assert [row.user_id for row in Invitation.of(susan.id)] == [susan.id]


def test_an_end_and_a_revocation(make_app: MakeApp, make_user: MakeUser) -> None:
    app = make_app(REGISTRATION='invite')
    susan = make_user('susan', 'a good one')
    john = make_user('john', 'a good one')
    over, revoked = Invitation.make(susan.id, 1, 1), Invitation.make(susan.id, 1, 1)
    db.session.commit()
    second, first = Invitation.of(susan.id)
    first.expiration = utcnow() - timedelta(seconds=1)
    db.session.commit()
    client = app.test_client()
    path = f'/settings/invitations/{second.id}/revoke'
    for name, left in (('john', 2), ('susan', 1)):
        client.post('/auth/login', data={'username': name, 'password': 'a good one'})
        client.post(path)
        client.get('/auth/logout')
        assert len(Invitation.of(susan.id)) == left
    for code in (over, revoked):
        assert errors(register(client, 'new', invitation=code), 'invitation') == [NOT_GOOD]
    assert User.find('new') is None
    db.session.delete(john)


@pytest.mark.parametrize('fields', [{'most': '0'}, {'most': '101'}, {'days': '91'}, {'days': 'x'}])
def test_what_is_no_invitation(
    make_app: MakeApp, make_user: MakeUser, fields: dict[str, str]
) -> None:
    client = make_app(REGISTRATION='invite').test_client()
    make_user('susan', 'a good one')
    client.post('/auth/login', data={'username': 'susan', 'password': 'a good one'})
    data = {'most': '1', 'days': '1', **fields}
    assert errors(client.post('/settings/invitations', data=data), next(iter(fields)))


def test_one_person_has_few_open_ones(make_app: MakeApp, make_user: MakeUser) -> None:
    client = make_app(REGISTRATION='invite').test_client()
    susan = make_user('susan', 'a good one')
    client.post('/auth/login', data={'username': 'susan', 'password': 'a good one'})
    pages = [
        client.post('/settings/invitations', data={'most': '1', 'days': '1'}) for _ in 'x' * 21
    ]
    assert ['invitation=' in page.text for page in pages] == [True] * 20 + [False]
    assert len(Invitation.of(susan.id)) == 20


def test_the_command(make_app: MakeApp) -> None:
    app = make_app(REGISTRATION='invite')
    result = app.test_cli_runner().invoke(args=['invite', '--most', '1'])
    assert register(app.test_client(), 'susan', invitation=result.output.strip()).status_code == 302


def test_nobody_needs_one_elsewhere(
    log_in: Callable[[User], FlaskClient], make_user: MakeUser
) -> None:
    client = log_in(make_user('susan'))
    assert 'Nobody needs an invitation here.' in client.get('/settings/invitations').text
    assert '/settings/invitations' not in client.get('/settings').text
