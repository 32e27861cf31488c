"""/media/: what is answered, with which headers, and at what cost."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.media.images import file_name
from app.media.storage import storage
from app.models import User
from tests.conftest import MakeUser
from tests.statements import statements

DIGEST = 'ab' * 16
ADDRESS = f'/media/{file_name(DIGEST, 640)}'


@pytest.fixture
def there(app: Flask) -> None:
    storage().put(file_name(DIGEST, 640), b'RIFF')


@pytest.mark.usefixtures('there')
def test_a_picture_may_be_kept_for_good(client: FlaskClient) -> None:
    with statements() as made:
        response = client.get(ADDRESS)
    assert made == []
    assert (response.status_code, response.data) == (200, b'RIFF')
    headers = response.headers
    assert headers['Content-Type'] == 'image/webp'
    assert headers['Cache-Control'] == 'public, max-age=31536000, immutable'
    assert headers['X-Content-Type-Options'] == 'nosniff'
    assert headers['Content-Security-Policy'].startswith("default-src 'none'")
    assert 'Set-Cookie' not in headers
    again = client.get(ADDRESS, headers={'If-None-Match': headers['ETag']})
    assert (again.status_code, again.data) == (304, b'')
    head = client.head(ADDRESS)
    assert (head.headers['Content-Length'], head.data) == ('4', b'')


@pytest.mark.usefixtures('there')
@pytest.mark.parametrize(
    'path',
    [
        ADDRESS.replace('640', '96'),
        f'/media/{DIGEST}-640.webp',
        '/media/',
        '/media/../secret_key',
        '/media/ab/../../secret_key',
        '/media/ab',
        f'{ADDRESS}/',
        ADDRESS.upper(),
        f'/media/cd/{DIGEST}-640.webp',
    ],
)
def test_nothing_else_is_there(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.headers['X-Content-Type-Options'] == 'nosniff'


@pytest.mark.usefixtures('there')
def test_it_is_only_read(client: FlaskClient) -> None:
    assert client.post(ADDRESS).status_code == 405
    assert client.delete(ADDRESS).status_code == 405


def test_a_picture_stands_below_the_path_of_the_application(
    make_user: MakeUser, log_in: Callable[[User], FlaskClient]
) -> None:
    susan = make_user('susan', avatar_digest=DIGEST)
    address = f'/media/{file_name(DIGEST, 96)}'
    client = log_in(susan)
    assert f'src="{address}"' in client.get('/').text
    below = client.get('/', environ_overrides={'SCRIPT_NAME': '/blog'}).text
    assert f'src="/blog{address}"' in below
