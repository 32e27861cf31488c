"""A picture of oneself: on the page to edit one's profile, and wherever one is shown."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import db
from app.media import images
from app.media.storage import storage
from app.models import Media, Message, Post, User
from app.models import media as pictures
from tests.conftest import MakeUser
from tests.pages import errors, flashes, heading
from tests.pictures import a_file, decoded, form_with, is_blue, is_red, wait_for_removals

LogIn = Callable[[User], FlaskClient]


@pytest.fixture
def client(log_in: LogIn, susan: User) -> FlaskClient:
    return log_in(susan)


def save(client: FlaskClient, picture: bytes | None = None, **fields: Any) -> Any:
    data: dict[str, Any] = {'username': 'susan', 'about_me': '', **fields}
    if picture is not None:
        data['picture'] = picture, 'me.jpg'
    return client.post('/edit_profile', **form_with(**data))


def large_avatar(client: FlaskClient, susan: User) -> Any:
    return decoded(client.get(susan.avatar(128)).data)


def test_a_picture_is_chosen_replaced_and_removed(client: FlaskClient, susan: User) -> None:
    assert 'name="remove_picture"' not in client.get('/edit_profile').text
    response = save(client, a_file(900, 300))
    assert (response.status_code, response.location) == (302, '/edit_profile')
    middle = large_avatar(client, susan)
    assert middle.size == (256, 256)
    assert is_red(middle.getpixel((5, 99)))
    assert is_blue(middle.getpixel((250, 99)))
    page = client.get('/edit_profile')
    assert flashes(page) == ['Your changes have been saved.']
    assert f'src="{susan.avatar(128)}"' in page.text
    save(client, a_file(900, 300), place='0')
    assert is_red(large_avatar(client, susan).getpixel((250, 99)))
    for nonsense in ('x', '-4', '1000', '9' * 400):
        assert save(client, a_file(900, 300), place=nonsense).status_code == 302
    # Saved again without a file it stays.
    digest = susan.avatar_digest
    save(client, about_me='A picture says more')
    assert (susan.avatar_digest, susan.about_me) == (digest, 'A picture says more')
    save(client, remove_picture='y')
    assert susan.avatar_digest is None
    wait_for_removals()
    assert list(storage().everything()) == []


@pytest.mark.parametrize(
    ('data', 'status', 'said'),
    [
        (b'', 302, None),  # as browsers send it when nothing is chosen
        (b'<!doctype html><script>alert(1)</script>', 400, 'This file cannot be read'),
        (a_file()[:500], 400, 'This file cannot be read'),
        (a_file() + bytes(images.MOST_BYTES), 413, 'A picture may have at most 15 MB.'),
    ],
)
def test_what_cannot_be_a_picture_is_said_in_the_form(
    client: FlaskClient, susan: User, data: bytes, status: int, said: str | None
) -> None:
    if data:
        response = save(client, data, about_me='typed meanwhile')
    else:
        response = client.post(
            '/edit_profile',
            data={'username': 'susan', 'about_me': '', 'picture': (io.BytesIO(b''), '')},
        )
    assert response.status_code == status
    if said is not None:
        [error] = errors(response, 'picture')
        assert error.startswith(said)
        assert 'typed meanwhile' in response.text
    assert susan.avatar_digest is None
    assert db.session.query(Media).count() == 0


def test_far_too_much_is_a_page_that_says_how_much_is_allowed(client: FlaskClient) -> None:
    response = save(client, bytes(images.MOST_BYTES + 100_000))
    assert response.status_code == 413
    assert heading(response) == 'Too Much At Once'
    assert 'Pictures may have at most 15 MB.' in response.text


def test_the_quota_is_said_in_the_form(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, 'MEGABYTE', 1)
    response = save(client, a_file())
    assert response.status_code == 403
    assert errors(response, 'picture')[0].startswith('You have stored as many pictures as one may.')


def test_it_is_shown_wherever_the_person_is(
    client: FlaskClient, log_in: LogIn, make_user: MakeUser, susan: User
) -> None:
    john = make_user('john')
    john.follow(susan)
    susan.follow(john)
    db.session.add(Post(body='hello', author=susan))
    db.session.add(Message(author=susan, recipient=john, body='hello'))
    db.session.commit()
    other = log_in(john)
    pages = ['/', '/explore', '/user/susan', '/user/susan/popup', '/user/john/followers']
    pages += ['/user/john/following', '/messages', '/messages/with/susan', '/search?q=hello']
    before = {page: other.get(page).text for page in pages}
    save(client, a_file(300, 300))
    assert susan.avatar_digest is not None
    for page in pages:
        assert 'www.gravatar.com' in before[page]
        assert f'/media/{susan.avatar_digest[:2]}/{susan.avatar_digest}-' in other.get(page).text


def test_without_gravatar_nothing_is_asked_of_it(
    app: Flask, client: FlaskClient, susan: User
) -> None:
    db.session.add(Post(body='hello', author=susan))
    db.session.commit()
    app.extensions['drawn'].clear()
    app.config['GRAVATAR'] = False
    response = client.get('/')
    assert 'gravatar' not in response.text
    assert 'gravatar' not in str(response.headers)
    assert 'hue-' in response.text


def test_a_deleted_account_takes_its_picture_along(client: FlaskClient, susan: User) -> None:
    save(client, a_file())
    address = susan.avatar(70)
    assert client.get(address).status_code == 200
    db.session.delete(susan)
    db.session.commit()
    wait_for_removals()
    assert client.get(address).status_code == 404
