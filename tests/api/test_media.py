"""Pictures by the API: one's own, and those for posts."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import db
from app.media import images
from app.media.storage import StorageUnavailableError, storage
from app.models import Media, User
from app.models import media as pictures
from tests.api.conftest import Program, ProgramOf
from tests.pictures import a_file, decoded, form_with, wait_for_removals

FORM = 'multipart/form-data'


def json_of(response: TestResponse) -> Any:
    return response.json


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def send(client: FlaskClient, susan: User) -> Callable[..., Any]:
    """Send a file for susan: as a form, or with its type."""
    headers = {'Authorization': f'Bearer {susan.get_token()}'}
    db.session.commit()

    def send(method: str, path: str, data: bytes, kind: str = FORM, **more: Any) -> Any:
        body: dict[str, Any] = {'data': data, 'content_type': kind}
        if kind == FORM:
            body = form_with(file=(data, 'x.jpg'))
        return client.open(path, method=method, headers=headers, **body, **more)

    return send


@pytest.mark.parametrize('kind', [FORM, 'image/jpeg', 'application/octet-stream'])
def test_a_picture_is_uploaded(send: Callable[..., Any], client: FlaskClient, kind: str) -> None:
    response = send('POST', '/api/media', a_file(2400, 1200), kind)
    assert response.status_code == 201
    answer = response.json
    assert set(answer) == {'id', 'url', 'small_url', 'width', 'height'}
    assert answer['id'] == db.session.scalars(db.select(Media.id)).one()
    assert 1500 < answer['width'] <= 2048
    assert answer['height'] == answer['width'] // 2
    for key, width in (('url', answer['width']), ('small_url', 640)):
        picture = client.get(answer[key])
        assert decoded(picture.data).size == (width, width // 2)


def test_ones_own_picture(
    send: Callable[..., Any], client: FlaskClient, program: Program, susan: User
) -> None:
    gravatar = json_of(program.get('/users/me'))['_links']['avatar']
    assert gravatar.startswith('https://www.gravatar.com/avatar/')
    response = send('PUT', '/api/me/avatar', a_file(900, 300))
    assert response.status_code == 200
    address = response.json['_links']['avatar']
    assert decoded(client.get(address).data).size == (256, 256)
    assert json_of(program.get(f'/users/{susan.id}'))['_links']['avatar'] == address
    posted = program.post('/posts', {'body': 'hello'})
    assert json_of(posted)['_links']['avatar'] == address
    response = send('PUT', '/api/me/avatar', a_file(400, 900))
    assert response.json['_links']['avatar'] != address
    wait_for_removals()
    assert client.get(address).status_code == 404
    assert program.delete('/me/avatar').status_code == 204
    assert program.delete('/me/avatar').status_code == 204
    assert json_of(program.get('/users/me'))['_links']['avatar'] == gravatar
    wait_for_removals()
    assert list(storage().everything()) == []


def test_without_gravatar_there_is_none(app: Flask, program: Program) -> None:
    app.config['GRAVATAR'] = False
    assert json_of(program.get('/users/me'))['_links']['avatar'] is None


@pytest.mark.parametrize(
    ('data', 'kind', 'status', 'said'),
    [
        (b'', FORM, 400, 'This file is empty.'),
        (b'', 'image/png', 400, 'This file is empty.'),
        (b'<svg/>', FORM, 400, 'This file cannot be read as a picture.'),
        (a_file()[:400], 'image/jpeg', 400, 'This file cannot be read as a picture.'),
        (b'{}', 'application/json', 400, 'must include file field'),
        (b'file=x', 'application/x-www-form-urlencoded', 400, 'must include file field'),
        (b'x', '', 400, 'must include file field'),
        (bytes(images.MOST_BYTES + 1), FORM, 413, 'A picture may have at most 15 MB.'),
        (bytes(images.MOST_BYTES + 1), 'image/png', 413, 'A picture may have at most 15 MB.'),
        (bytes(images.MOST_BYTES + 100_000), FORM, 413, None),
        (bytes(images.MOST_BYTES + 100_000), 'image/png', 413, None),
    ],
)
def test_what_is_wrong_is_said(
    send: Callable[..., Any], data: bytes, kind: str, status: int, said: str | None
) -> None:
    for method, path in (('POST', '/api/media'), ('PUT', '/api/me/avatar')):
        response = send(method, path, data, kind)
        assert response.status_code == status
        assert said is None or response.json['message'].startswith(said)
    assert db.session.query(Media).count() == 0
    assert list(storage().everything()) == []


def test_a_form_of_other_files_is_none(client: FlaskClient, susan: User) -> None:
    headers = {'Authorization': f'Bearer {susan.get_token()}'}
    db.session.commit()
    wrong = client.post(
        '/api/media', data={'picture': (io.BytesIO(a_file()), 'x')}, headers=headers
    )
    assert wrong.status_code == 400
    assert wrong.json is not None
    assert wrong.json['errors'] == {'file': ['Missing data for required field.']}
    many = {f'file{number}': (a_file(), 'x.jpg') for number in range(200)}
    assert client.post('/api/media', headers=headers, **form_with(**many)).status_code == 413


def test_nobody_uploads_without_a_token(client: FlaskClient) -> None:
    for method, path in (('POST', '/api/media'), ('PUT', '/api/me/avatar')):
        response = client.open(path, method=method, data=a_file(), content_type='image/jpeg')
        assert response.status_code == 401


def test_no_other_address_takes_more_than_before(send: Callable[..., Any]) -> None:
    assert send('POST', '/api/posts', bytes(70_000), 'application/json').status_code == 413


def test_the_quota(send: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, 'MEGABYTE', 1)
    response = send('POST', '/api/media', a_file())
    assert response.status_code == 403
    assert response.json['message'].startswith('You have stored as many pictures as one may.')


def test_the_storage_is_away(
    app: Flask, send: Callable[..., Any], program: Program, susan: User
) -> None:
    class Away:
        def put(self, *_: Any) -> None:
            raise StorageUnavailableError

        delete = put

    app.extensions['media'] = Away()
    response = send('POST', '/api/media', a_file())
    assert response.status_code == 503
    assert response.headers['Retry-After'] == '10'
    assert program.post('/posts', {'body': 'still'}).status_code == 201
    wait_for_removals()
    assert db.session.query(Media).count() == 0


def test_the_reference_says_what_comes_in(stranger: Program) -> None:
    document = json_of(stranger.get('/openapi.json'))
    body = document['paths']['/api/media']['post']['requestBody']
    assert body['content'][FORM]['schema']['properties'] == {
        'file': {'type': 'string', 'format': 'binary'}
    }
    assert {'201', '400', '401', '403', '413', '429', '503'} <= set(
        document['paths']['/api/media']['post']['responses']
    )


@pytest.fixture
def ids(send: Callable[..., Any]) -> list[int]:
    """Three pictures that susan has uploaded."""
    return [send('POST', '/api/media', a_file(60 + n, 40)).json['id'] for n in range(3)]


def test_a_post_with_pictures(
    program: Program, program_of: ProgramOf, john: User, client: FlaskClient, ids: list[int]
) -> None:
    written = program.post('/posts', {'media': ids[:2], 'alt': ['one'], 'sensitive': True})
    assert written.status_code == 201
    post = json_of(written)
    assert (post['body'], post['sensitive']) == ('', True)
    assert [(each['alt'], each['width'], each['height']) for each in post['media']] == [
        ('one', 60, 40),
        ('', 61, 40),
    ]
    for each in post['media']:
        assert set(each) == {'url', 'small_url', 'alt', 'width', 'height'}
        assert decoded(client.get(each['url']).data).size == (each['width'], 40)
        assert client.get(each['small_url']).status_code == 200
    other = program_of(john)
    path = post['_links']['self'].removeprefix('/api')
    assert json_of(other.get(path))['media'] == post['media']
    [listed] = json_of(other.get('/posts'))['items']
    assert (listed['media'], listed['sensitive']) == (post['media'], True)
    # What is left out stays; what is given takes its place, in that order.
    assert json_of(program.put(path, {'body': 'text'}))['media'] == post['media']
    changed = json_of(program.put(path, {'body': '', 'media': [ids[2], ids[0]], 'alt': ['new']}))
    assert [(each['alt'], each['width']) for each in changed['media']] == [('new', 62), ('one', 60)]
    wait_for_removals()
    assert client.get(post['media'][1]['url']).status_code == 404
    bare = json_of(program.put(path, {'body': 'text', 'media': [], 'sensitive': False}))
    assert (bare['media'], bare['sensitive']) == ([], False)
    wait_for_removals()
    assert list(storage().everything()) == []


def test_what_no_post_can_have(
    program: Program, program_of: ProgramOf, john: User, ids: list[int]
) -> None:
    def errors_of(data: dict[str, Any], writer: Program = program) -> list[str]:
        response = writer.post('/posts', data)
        assert response.status_code == 400
        return [*json_of(response)['errors']]

    assert errors_of({'media': ids}, program_of(john)) == ['media']
    assert errors_of({'media': [ids[0], ids[0]]}) == ['media']
    assert errors_of({'media': [2**40]}) == ['media']
    assert errors_of({'media': [1, 2, 3, 4, 5]}) == ['media']
    assert errors_of({'media': 'x'}) == ['media']
    assert errors_of({'media': ids, 'alt': ['x' * 1001]}) == ['alt']
    assert errors_of({'media': ids, 'sensitive': 'yes'}) == ['sensitive']
    assert errors_of({'body': '', 'media': []}) == ['body']
    wrong = json_of(program.post('/posts', {'media': ids, 'alt': ['fine', 7]}))
    assert wrong['errors'] == {'alt': ['Not a valid string.']}
    assert wrong['message'] == 'alt: Not a valid string.'
    assert errors_of({'sensitive': True}) == ['body']
    assert program.post('/posts', {'media': ids}).status_code == 201
    assert errors_of({'media': ids}) == ['media']
