"""Following people out of a file of their names."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import db
from app.models import User
from app.tasks.everything import follows_csv
from tests.conftest import MakeUser
from tests.pages import errors
from tests.pictures import form_with
from tests.threads import wait_for_jobs

PAGE = '/settings/import'


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', 'cat')


@pytest.fixture
def browser(client: FlaskClient, susan: User) -> Iterator[FlaskClient]:
    client.post('/auth/login', data={'username': 'susan', 'password': 'cat'})
    yield client
    wait_for_jobs()


def send(browser: FlaskClient, data: bytes) -> TestResponse:
    response = browser.post(PAGE, **form_with(file=(data, 'names.csv')))
    wait_for_jobs()
    db.session.rollback()
    return response


def test_the_report(browser: FlaskClient, susan: User, make_user: MakeUser) -> None:
    john, mary = make_user('John'), make_user('mary')
    susan.follow(mary)
    db.session.commit()
    lines = 'username\nJOHN\n"mary",x\nsusan\n<b>nobody\njohn\n\n' + 'x' * 65 + '\n=cmd()\n'
    assert send(browser, b'\xef\xbb\xbf' + lines.encode()).location == PAGE
    report = susan.result_of('import_follows')
    assert report == {
        'followed': 1,
        'already': 1,
        'oneself': 1,
        'unknown': 2,
        'malformed': 1,
        'names': ['<b>nobody', '=cmd()'],
        'lines': [8],
    }
    page = browser.get(PAGE).text
    assert '<bdi>&lt;b&gt;nobody</bdi>' in page
    assert (susan.followed_count, john.follower_count, mary.follower_count) == (2, 1, 1)
    # Once more: nothing changes.
    send(browser, lines.encode())
    assert susan.result_of('import_follows')['already'] == 2
    assert (susan.followed_count, john.follower_count) == (2, 1)


def test_our_own_export_comes_in_again(
    browser: FlaskClient, susan: User, make_user: MakeUser
) -> None:
    names = ['plain', '+plus', '@at', '-minus', 'Ünï']
    for number, name in enumerate(names):
        susan.follow(make_user(name, email=f'{number}@example.com'))
    db.session.commit()
    exported = ''.join(follows_csv(susan.id))
    assert exported == "username\r\nplain\r\n'+plus\r\n'@at\r\n'-minus\r\nÜnï\r\n"
    for name in names:
        susan.unfollow(User.find(name))  # type: ignore[arg-type]  # made above
    db.session.commit()
    send(browser, exported.encode())
    assert susan.result_of('import_follows')['followed'] == len(names)
    assert susan.followed_count == len(names)


@pytest.mark.parametrize(
    ('data', 'error'),
    [
        (b'', 'There is no name in this file.'),
        (b'username\n\n', 'There is no name in this file.'),
        (bytes(range(256)), 'This is no text file of names.'),
        (b'\x89PNG\r\n\x1a\n\0', 'This is no text file of names.'),
        (b'a\n' * 5001, 'A file can have at most 5000 lines.'),
    ],
)
def test_what_is_no_list_of_names(browser: FlaskClient, data: bytes, error: str) -> None:
    assert errors(send(browser, data), 'file') == [error]


def test_no_file(browser: FlaskClient) -> None:
    assert errors(browser.post(PAGE, data={}), 'file') == ['Please choose a file.']


def test_a_long_list(browser: FlaskClient, susan: User) -> None:
    send(browser, b''.join(b'nobody%d\n' % n for n in range(4900)))
    report = susan.result_of('import_follows')
    assert (report['unknown'], len(report['names'])) == (4900, 100)


def test_a_file_with_a_million_lines(browser: FlaskClient, susan: User) -> None:
    assert send(browser, b'x\n' * 1_000_000).status_code == 413
    assert susan.result_of('import_follows') is None
