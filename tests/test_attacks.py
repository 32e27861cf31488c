"""What is tried against accounts, attack by attack, through the pages and the API alone."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import db
from app.database import utcnow
from app.models import ApiToken, User
from app.models.api_token import SCOPES
from tests.api.conftest import Program
from tests.conftest import MakeUser

# Sessions and cookies.

# Codes and passkeys.

# Registering, mails and passwords.

# Tokens, data and leaving.


def operations(client: FlaskClient) -> list[tuple[str, str, list[str]]]:
    """Each operation of the API that wants a token: method, path, and the scopes it names."""
    paths: Any = client.get('/api/openapi.json').get_json()['paths']
    return [
        (method.upper(), path.replace('{id}', '1').replace('{word}', 'x'), scopes)
        for path, found in paths.items()
        for method, operation in found.items()
        for way in operation.get('security', [])
        for name, scopes in way.items()
        if name == 'token_auth'
    ]


@pytest.mark.parametrize('scope', SCOPES)
def test_a_token_does_nothing_beyond_its_scope(app: Flask, make_user: MakeUser, scope: str) -> None:
    susan = make_user('susan')
    rest = [one for one in SCOPES if one != scope]
    program = Program(app.test_client(), susan.make_token('x', rest, None))
    db.session.commit()
    refused = 0
    for method, path, wanted in operations(app.test_client()):
        assert wanted, f'{method} {path} says no scope'
        assert {*wanted} <= {*SCOPES}
        if wanted == [scope]:
            response = program.open(method, path.removeprefix('/api'), {})
            assert response.status_code == 403, (method, path)
            assert response.get_json()['message'] == f'this token lacks the scope {scope}'
            refused += 1
    assert refused


@pytest.mark.parametrize('how', ['expired', 'ended', 'of a deleted account', 'of an old password'])
def test_a_dead_token_does_nothing(app: Flask, make_user: MakeUser, how: str) -> None:
    susan = make_user('susan')
    program = Program(app.test_client(), susan.make_token('x', SCOPES, None))
    db.session.commit()
    token = db.session.scalars(select(ApiToken)).one()
    if how == 'expired':
        token.expiration = utcnow() - timedelta(seconds=1)
    elif how == 'ended':
        susan.end_token(token.id)
    elif how == 'of an old password':
        susan.set_password('another one')
    else:
        db.session.delete(susan)
    db.session.commit()
    for method, path, _scopes in operations(app.test_client()):
        response = program.open(method, path.removeprefix('/api'), {})
        assert response.status_code == 401, (method, path)


def test_nobody_ends_the_token_of_another(app: Flask, make_user: MakeUser, log_in: Any) -> None:
    susan, john = make_user('susan'), make_user('john')
    token = susan.make_token('x', SCOPES, None)
    db.session.commit()
    for id_ in (db.session.scalars(select(ApiToken.id)).one(), 2**31, 10**30):
        assert log_in(john).post(f'/settings/tokens/{id_}/end').status_code == 404
    assert User.check_token(token) == susan
