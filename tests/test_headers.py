"""The headers that every response carries."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.models import User
from tests.conftest import MakeUser


@pytest.mark.parametrize(
    'path',
    ['/', '/index', '/explore', '/user/susan', '/auth/login', '/auth/register', '/edit_profile']
    + ['/nothing', '/follow/susan', '/static/css/app.css', '/static/js/times.js']
    + ['/bootstrap/static/css/bootstrap.min.css'],
)
@pytest.mark.parametrize('known', [False, True])
def test_every_response(
    client: FlaskClient,
    log_in: Callable[[User], FlaskClient],
    make_user: MakeUser,
    path: str,
    known: bool,
) -> None:
    visitor = log_in(make_user('susan')) if known else client
    headers = visitor.get(path).headers
    policy = headers['Content-Security-Policy']
    assert 'unsafe' not in policy
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    hosts = [word for word in policy.replace(';', ' ').split() if '.' in word]
    assert hosts == ['https://www.gravatar.com']
    assert headers['X-Content-Type-Options'] == 'nosniff'
    assert headers['Referrer-Policy'] == 'same-origin'


def test_pages_are_nobody_elses(log_in: Callable[[User], FlaskClient], make_user: MakeUser) -> None:
    response = log_in(make_user('susan')).get('/index')
    assert response.headers['Cache-Control'] == 'private, no-cache'
    assert 'Cookie' in response.headers['Vary']
