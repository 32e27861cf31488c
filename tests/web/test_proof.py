"""Who can take an account from its owner has to show lately that it is theirs."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.database import utcnow
from app.models import login_session
from app.web import proof
from tests.conftest import MakeUser
from tests.pages import errors

PROTECTED = '/settings/dangerous?kind=all'


@pytest.fixture
def client(make_app: Callable[..., Flask], make_user: MakeUser) -> FlaskClient:
    app = make_app()
    app.add_url_rule('/settings/dangerous', view_func=proof.proof_required(lambda: 'done'))
    with app.app_context():
        make_user('susan', 'cat')
    return app.test_client()


def log_in(client: FlaskClient) -> None:
    client.post('/auth/login', data={'username': 'susan', 'password': 'cat'})


def test_a_login_is_a_proof_for_ten_minutes(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(client)
    assert client.get(PROTECTED).text == 'done'
    later = timedelta(minutes=10) + utcnow()
    monkeypatch.setattr(proof, 'utcnow', lambda: later)
    response = client.get(PROTECTED)
    assert response.location == '/auth/prove?next=/settings/dangerous?kind%3Dall'
    wrong = client.post(response.location, data={'current_password': 'dog'})
    assert errors(wrong, 'current_password')
    assert client.get(PROTECTED).status_code == 302
    monkeypatch.setattr(login_session, 'utcnow', lambda: later)
    right = client.post(response.location, data={'current_password': 'cat'})
    assert right.location == PROTECTED
    assert client.get(PROTECTED).text == 'done'


def test_nobody_proves_anything_without_being_logged_in(client: FlaskClient) -> None:
    assert client.get(PROTECTED).location.startswith('/auth/login?')
    assert client.get('/auth/prove').location.startswith('/auth/login?')


@pytest.mark.parametrize('page', ['https://evil.example/', '//evil.example', 'javascript:alert()'])
def test_a_proof_leads_to_no_other_site(client: FlaskClient, page: str) -> None:
    log_in(client)
    response = client.post(f'/auth/prove?next={page}', data={'current_password': 'cat'})
    assert response.location == '/settings'
