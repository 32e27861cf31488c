"""How much of a request is looked at. What that costs is asked in test_costs.py."""

import errno
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import db
from app.models import User
from app.web import incoming
from tests.conftest import MakeUser
from tests.pages import heading
from tests.pictures import a_file, form_with


def test_long_addresses_are_refused(client: FlaskClient) -> None:
    assert client.get('/auth/login?next=/' + 'a' * 20_000).status_code == 200
    response = client.get('/auth/login?next=/' + 'a' * 21_000)
    assert response.status_code == 414
    assert heading(response) == 'Bad Request'
    assert client.get('/user/' + 'a' * 21_000).status_code == 414
    response = client.get('/api/users?x=' + 'a' * 21_000)
    assert (response.status_code, response.is_json) == (414, True)


@pytest.mark.parametrize('kind', ['application/x-www-form-urlencoded', 'multipart/form-data'])
def test_forms_of_many_fields_are_refused(client: FlaskClient, kind: str) -> None:
    for number, status in ((50, 200), (200, 413)):
        data = {f'field{n}': 'x' for n in range(number)}
        assert client.post('/auth/login', data=data, content_type=kind).status_code == status


PART = b'--x\r\nContent-Disposition: form-data; name="pictures"; filename="x"\r\n%b\r\n%b\r\n'


@pytest.mark.parametrize(
    ('part', 'status'),
    [
        (PART % (b'', bytes(1_000_000)), 400),  # it is read; they are no pictures
        (PART % (b'A: b\r\n' * 50_000, b''), 413),
        (PART % (b'A: b\r\n' * 10_000, bytes(100_000)), 413),
        (b'--x\r\nContent-Disposition: form-data; name="post"\r\n\r\n%b\r\n' % bytes(40_000), 413),
    ],
)
def test_a_form_with_files_has_little_else(
    log_in: Callable[[User], FlaskClient], make_user: MakeUser, part: bytes, status: int
) -> None:
    """All of the rest would be looked at, byte by byte, for some 20 s of CPU."""
    client = log_in(make_user('susan'))
    data = part * 4 + b'--x--\r\n'
    response = client.post('/', data=data, content_type='multipart/form-data; boundary=x')
    assert (response.status_code, len(data) > 150_000) == (status, True)


@pytest.mark.parametrize('path', ['/', '/picture', '/edit_profile', '/api/media'])
@pytest.mark.parametrize(('number', 'status'), [(errno.ENOSPC, 503), (errno.EIO, 500)])
def test_the_disk_is_full_that_an_upload_waits_on(
    app: Flask,
    log_in: Callable[[User], FlaskClient],
    make_user: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    number: int,
    status: int,
) -> None:
    def full() -> None:
        raise OSError(number, 'No space left on device')

    monkeypatch.setattr(incoming, 'TemporaryFile', full)
    app.config['PROPAGATE_EXCEPTIONS'] = False
    susan = make_user('susan')
    token = susan.get_token()
    db.session.commit()
    headers = {'Authorization': f'Bearer {token}'}
    form = form_with(post='text', file=(a_file(), 'x.jpg'))
    response = log_in(susan).post(path, headers=headers, **form)
    assert response.status_code == status
    assert ('Retry-After' in response.headers) == (status == 503)


def test_the_first_arguments_count(client: FlaskClient) -> None:
    query = 'next=/explore' + '&a=b' * 500
    response = client.post(f'/auth/login?{query}', data={'username': 'x', 'password': 'x'})
    assert response.location == '/auth/login?next=/explore'


def test_the_first_languages_count(client: FlaskClient) -> None:
    wanted = 'de, ' + ', '.join(f'x{n};q=0.1' for n in range(1000))
    assert 'lang="de"' in client.get('/auth/login', headers={'Accept-Language': wanted}).text


@pytest.mark.parametrize('kind', ['Basic', 'Bearer'])
def test_no_proof_is_beyond_ascii(client: FlaskClient, kind: str) -> None:
    for method, path in (('POST', '/api/tokens'), ('GET', '/api/users/me')):
        headers = {'Authorization': f'{kind} \xe9\xe9'}
        assert client.open(path, method=method, headers=headers).status_code == 401
