"""Pictures in posts: chosen, described, sent, shown, covered, changed and removed."""

import io
import json
import re
import resource
import sys
from collections.abc import Callable
from html import unescape
from resource import RUSAGE_CHILDREN, RUSAGE_SELF
from typing import Any
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from app import db
from app.media import images
from app.media.storage import StorageUnavailableError, storage
from app.models import Media, Post, User
from app.models.media import Shot, tidy
from tests.conftest import MakeUser
from tests.pages import errors, heading
from tests.pictures import a_file, decoded, encoded, form_with, wait_for_removals
from tests.statements import statements

LogIn = Callable[[User], FlaskClient]


@pytest.fixture
def client(log_in: LogIn, susan: User) -> FlaskClient:
    return log_in(susan)


def send(client: FlaskClient, path: str = '/', files: int = 0, **fields: Any) -> TestResponse:
    """Send the form of a post as a browser without a script does."""
    chosen = [(a_file(60 + n, 40), f'{n}.jpg') for n in range(files)]
    return client.post(path, **form_with(**{'post': '', 'pictures': chosen, **fields}))


def newest() -> Post:
    post: Post | None = db.session.scalars(db.select(Post).order_by(Post.id.desc())).first()
    assert post is not None
    return post


def shown(response: TestResponse) -> list[dict[str, str]]:
    """The pictures of posts on a page: what their elements say."""
    found = re.findall(r'<a href="([^"]+/picture/\d)"><img ([^>]*)></a>', response.text)
    attributes = (dict(re.findall(r'([a-z]+)="([^"]*)"', image)) for _link, image in found)
    return [
        {**{name: unescape(value) for name, value in each.items()}, 'href': link}
        for each, (link, _image) in zip(attributes, found, strict=True)
    ]


def chosen(response: TestResponse) -> list[str]:
    """The pictures that wait in the box of a post."""
    return re.findall(r'name="media" value="(\d+)"', response.text)


@pytest.mark.parametrize('count', [1, 2, 3, 4])
def test_a_post_may_consist_of_pictures_alone(
    client: FlaskClient, log_in: LogIn, make_user: MakeUser, count: int
) -> None:
    alts = ['A red "half" & a blue one', '', 'third', 'fourth']
    response = send(client, files=count, new_alt=alts)
    assert response.status_code == 302
    post = newest()
    assert (post.body, len(post.pictures), post.sensitive) == ('', count, False)
    page = log_in(make_user('john')).get('/explore')
    assert f'class="pictures of-{count}"' in page.text
    found = shown(page)
    assert len(found) == count
    for number, each in enumerate(found):
        assert each['href'] == f'/post/{post.id}/picture/{number + 1}'
        assert (each['width'], each['height']) == (str(60 + number), '40')
        assert each['loading'] == 'lazy'
        assert each['alt'] == (alts[number] or 'Picture without a description')
        assert decoded(client.get(each['src']).data).size == (60 + number, 40)
    assert page.text.count('<summary>ALT</summary>') == sum(map(bool, alts[:count]))


def test_a_large_picture_comes_in_the_size_that_is_needed(client: FlaskClient) -> None:
    picture = (a_file(3000, 1500), 'x.jpg')
    client.post('/', **form_with(post='wide', pictures=picture))
    [each] = shown(client.get('/'))
    small, large = (part.split() for part in each['srcset'].split(', '))
    assert (small[0], small[1]) == (each['src'], '640w')
    assert decoded(client.get(small[0]).data).width == 640
    assert f'{decoded(client.get(large[0]).data).width}w' == large[1]
    assert each['sizes']


def test_a_timeline_asks_for_nothing_more_and_does_little_more(
    client: FlaskClient, susan: User
) -> None:
    db.session.add_all(Post(body=f'{n}', author=susan) for n in range(25))
    db.session.commit()
    client.get('/')
    with statements() as before:
        calls_before = calls(lambda: client.get('/'))
    shot = Shot(1, 'ab' * 16, 100, 100, 'alt')
    for post in db.session.scalars(db.select(Post)):
        post.pictures_json = json.dumps([shot] * 4)
    db.session.commit()
    client.get('/')
    with statements() as after:
        calls_after = calls(lambda: client.get('/'))
    assert len(shown(client.get('/'))) == 100
    assert len(after) == len(before)
    assert calls_after < calls_before * 1.05


def calls(do: Callable[[], object]) -> int:
    """Count the calls of functions: CPU time, on a machine that has other things to do."""
    count = 0

    def profile(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ('call', 'c_call')

    sys.setprofile(profile)
    try:
        do()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.slow
def test_four_photographs_of_a_phone_are_stored_in_three_seconds(client: FlaskClient) -> None:
    def spent() -> float:
        used = [resource.getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
        return sum(each.ru_utime + each.ru_stime for each in used)

    blurred = Image.effect_noise((504, 378), 90).resize((4032, 3024))
    grain = Image.effect_noise(blurred.size, 20)
    colours = [Image.blend(blurred, grain, part) for part in (0, 0.1, 0.15, 0.2, 0.25, 0.3)]
    photos = [Image.merge('RGB', colours[number : number + 3]) for number in range(4)]
    files = [(encoded(photo), 'x.jpg') for photo in photos]
    form = form_with(post='', pictures=files)
    before = spent()
    assert client.post('/', **form).status_code == 302
    assert spent() - before < 3
    assert len(newest().pictures) == 4


@pytest.mark.parametrize(
    ('fields', 'status', 'said'),
    [
        ({'files': 5}, 200, 'A post may have at most 4 pictures.'),
        ({'files': 1, 'new_alt': 'x' * 1001}, 200, 'A description may have at most 1000'),
        ({'files': 1, 'new_alt': 'x\x00y'}, 200, 'This text contains characters'),
        ({'pictures': (b'<svg/>', 'bad.jpg')}, 400, 'bad.jpg: This file cannot be read'),
        ({'pictures': (b'', 'bad.jpg')}, 400, 'bad.jpg: This file is empty.'),
        (
            {'pictures': (a_file() + bytes(images.MOST_BYTES), 'bad.jpg')},
            413,
            'bad.jpg: A picture may have at most 15 MB.',
        ),
    ],
)
def test_what_is_wrong_is_said_and_the_text_is_kept(
    client: FlaskClient, fields: dict[str, Any], status: int, said: str
) -> None:
    response = send(client, post='Typed with care', **fields)
    assert response.status_code == status
    [error] = errors(response, 'pictures')
    assert error.startswith(said)
    assert 'Typed with care</textarea>' in response.text
    assert db.session.query(Post).count() == 0


def test_neither_text_nor_picture_is_too_little(client: FlaskClient) -> None:
    response = send(client)
    assert response.status_code == 200
    assert errors(response, 'post') == ['This field is required.']


def test_a_picture_stays_with_a_form_that_has_to_be_sent_again(client: FlaskClient) -> None:
    response = send(client, files=2, post='x' * 141, new_alt=['one', 'two'])
    assert db.session.query(Post).count() == 0
    ids = chosen(response)
    assert len(ids) == 2
    assert '>one</textarea>' in response.text
    again = send(client, files=1, post='short', media=ids, alt=['ONE', 'two'], new_alt='three')
    assert again.status_code == 302
    assert [shot.alt for shot in newest().pictures] == ['ONE', 'two', 'three']
    assert db.session.query(Media).count() == 3


def test_far_too_much_says_how_much_is_allowed(client: FlaskClient) -> None:
    response = client.post('/', data=b'x' * (4 * images.MOST_BYTES + 100_000))
    assert response.status_code == 413
    assert heading(response) == 'Too Much At Once'
    assert 'at most 60 MB' in response.text


def test_many_files_in_one_form(client: FlaskClient) -> None:
    assert send(client, files=200).status_code == 413
    assert db.session.query(Media).count() == 0


def test_a_script_uploads_one_after_the_other(client: FlaskClient, susan: User) -> None:
    ids = []
    for number in range(2):
        response = client.post('/picture', **form_with(file=(a_file(60 + number), 'x.jpg')))
        assert response.status_code == 200
        ids += chosen(response)
    bad = client.post('/picture', **form_with(file=(b'<svg/>', 'x.jpg')))
    assert (bad.status_code, bad.mimetype) == (400, 'text/plain')
    assert client.post('/picture').status_code == 400
    # In the order that they have in the form.
    send(client, media=ids[::-1], alt=['', ''])
    assert [str(shot.media_id) for shot in newest().pictures] == ids[::-1]


def test_nobody_uses_what_somebody_else_has_uploaded(
    client: FlaskClient, log_in: LogIn, make_user: MakeUser
) -> None:
    ids = chosen(client.post('/picture', **form_with(file=(a_file(), 'x.jpg'))))
    other = log_in(make_user('john'))
    for nonsense in (ids, ['0'], ['-1'], ['x'], ['9' * 30], ['²'], [str(2**31)]):
        response = send(other, media=nonsense, alt='')
        assert errors(response, 'post') == ['This field is required.']
    send(client, post='mine', media=ids, alt='')
    # Nor does one use it twice.
    assert send(client, media=ids, alt='').status_code == 200


def test_editing_takes_pictures_away_and_adds_others(client: FlaskClient) -> None:
    send(client, files=2, post='text', new_alt=['one', 'two'])
    post = newest()
    first, second = post.pictures
    page = client.get(f'/post/{post.id}/edit')
    assert chosen(page) == [str(first.media_id), str(second.media_id)]
    fields: dict[str, Any] = {'media': chosen(page), 'alt': ['ONE', 'two']}
    response = send(
        client,
        f'/post/{post.id}/edit',
        post='text',
        pictures=(a_file(80), 'x.jpg'),
        new_alt='three',
        remove=str(second.media_id),
        sensitive='y',
        **fields,
    )
    assert response.status_code == 302
    db.session.refresh(post)
    assert [shot.alt for shot in post.pictures] == ['ONE', 'three']
    assert post.sensitive
    assert post.edited is not None
    wait_for_removals()
    assert client.get(first.large).status_code == 200
    assert client.get(second.large).status_code == 404
    # All of them gone, the text stays.
    send(client, f'/post/{post.id}/edit', post='text')
    db.session.refresh(post)
    assert post.pictures == ()
    wait_for_removals()
    assert list(storage().everything()) == []


def test_a_picture_is_covered_until_somebody_wants_to_see_it(client: FlaskClient) -> None:
    send(client, files=2, post='careful', sensitive='y')
    page = client.get('/').text
    before, _, after = page.partition('<details class="sensitive">')
    assert 'class="pictures of-' not in before
    assert '2 sensitive pictures' in after
    assert 'class="pictures of-2"' in after.partition('</details>')[0]


def test_each_picture_has_a_page(client: FlaskClient) -> None:
    send(client, files=2, new_alt=['The first one', ''])
    post = newest()
    page = client.get(f'/post/{post.id}/picture/1')
    assert heading_of_picture(page) == 'Picture by susan'
    assert f'<img src="{post.pictures[0].large}"' in page.text
    assert '<figcaption dir="auto">The first one</figcaption>' in page.text
    assert f'href="/post/{post.id}/picture/2"' in page.text
    for path in ('picture/0', 'picture/3', 'picture/x', 'picture/99999999999'):
        assert client.get(f'/post/{post.id}/{path}').status_code == 404
    assert client.get('/post/99999999999/picture/1').status_code == 404


def heading_of_picture(response: TestResponse) -> str:
    [found] = re.findall(r'<h1 class="visually-hidden">(.*?)</h1>', response.text)
    return str(found)


def test_a_deleted_post_takes_its_pictures_along(
    client: FlaskClient, log_in: LogIn, make_user: MakeUser
) -> None:
    send(client, files=1)
    post = newest()
    address = post.pictures[0].large
    john = make_user('john')
    # The same picture in a post of somebody else's stays.
    send(log_in(john), files=1)
    client.post(f'/post/{post.id}/delete')
    wait_for_removals()
    assert client.get(address).status_code == 200
    db.session.delete(db.session.get_one(User, john.id))
    db.session.commit()
    wait_for_removals()
    assert client.get(address).status_code == 404
    assert list(storage().everything()) == []
    assert tidy() == (0, 0)


def test_the_archive_has_the_pictures(
    client: FlaskClient, log_in: LogIn, make_user: MakeUser, susan: User
) -> None:
    send(client, files=2, post='two', new_alt=['one', ''])
    post = newest()
    send(client, post='none')
    path = f'/archive/{susan.id}/posts.zip'
    assert path in client.get('/export_posts').text
    response = client.get(path)
    assert response.mimetype == 'application/zip'
    with ZipFile(io.BytesIO(response.data)) as file:
        assert file.testzip() is None
        names = [f'pictures/{post.id}-{number}.webp' for number in (1, 2)]
        assert file.namelist() == ['posts.json', *names]
        two, none = json.loads(file.read('posts.json'))['posts']
        assert two['media'] == [{'file': names[0], 'alt': 'one'}, {'file': names[1], 'alt': ''}]
        assert 'media' not in none
        assert [decoded(file.read(name)).width for name in names] == [60, 61]
    assert log_in(make_user('john')).get(path).status_code == 404


def test_an_answer_may_have_pictures(client: FlaskClient) -> None:
    send(client, post='a question')
    question = newest()
    send(client, f'/post/{question.id}', files=1, new_alt='an answer')
    assert newest().in_reply_to == question.id
    [each] = shown(client.get(f'/post/{question.id}'))
    assert each['alt'] == 'an answer'


def test_while_the_storage_is_away_text_is_posted(app: Flask, client: FlaskClient) -> None:
    class Away:
        def put(self, *_: Any) -> None:
            raise StorageUnavailableError

        delete = put

    app.extensions['media'] = Away()
    response = send(client, files=1, post='with a picture')
    assert response.status_code == 503
    assert 'Pictures cannot be stored right now.' in errors(response, 'pictures')[0]
    assert 'with a picture</textarea>' in response.text
    assert send(client, post='text alone').status_code == 302
    wait_for_removals()
