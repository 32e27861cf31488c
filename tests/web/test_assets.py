"""Static files: their names, how long they are kept, and how small they are."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brotli
import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

STATIC = re.compile(r'(?:href|src)="(/[^"#]*static/[^"#]*)')
FINGERPRINTED = re.compile(r'\.[0-9a-f]{12}\.(css|js|ico|svg)$')


def static_links(client: FlaskClient) -> list[str]:
    return STATIC.findall(client.get('/auth/login').text)


def test_every_static_file_of_a_page_is_kept_for_good(client: FlaskClient) -> None:
    links = static_links(client)
    assert any(link.startswith('/bootstrap/static/css/bootstrap.min.') for link in links)
    assert any(link.startswith('/static/css/app.') for link in links)
    for link in links:
        assert FINGERPRINTED.search(link), link
        response = client.get(link)
        assert response.status_code == 200
        assert 'immutable' in response.headers['Cache-Control']
        assert response.cache_control.max_age is not None
        assert response.cache_control.max_age >= 365 * 24 * 3600
        assert response.headers['X-Content-Type-Options'] == 'nosniff'
        assert 'Set-Cookie' not in response.headers


@pytest.mark.parametrize(
    ('encoding', 'decompress'), [('br', brotli.decompress), ('gzip', gzip.decompress)]
)
@pytest.mark.parametrize('name', ['static/css/app', 'bootstrap/static/css/bootstrap.min'])
def test_compressed(
    client: FlaskClient, name: str, encoding: str, decompress: Callable[[bytes], bytes]
) -> None:
    (link,) = [link for link in static_links(client) if name in link]
    plain = client.get(link)
    small = client.get(link, headers={'Accept-Encoding': f'{encoding}, zstd'})
    assert 'Content-Encoding' not in plain.headers
    assert small.headers['Content-Encoding'] == encoding
    assert small.headers['Vary'] == plain.headers['Vary'] == 'Accept-Encoding'
    assert small.content_type == plain.content_type == 'text/css; charset="utf-8"'
    assert len(small.data) < len(plain.data) / 2
    assert decompress(small.data) == plain.data


def test_a_plain_name_is_asked_for_again(client: FlaskClient) -> None:
    response = client.get('/static/css/app.css')
    assert response.status_code == 200
    assert response.headers['Cache-Control'] == 'no-cache'


def test_a_wrong_digest_finds_nothing(client: FlaskClient) -> None:
    assert client.get('/static/css/app.000000000000.css').status_code == 404


@pytest.fixture
def make_site(make_app: Callable[..., Flask], tmp_path: Path) -> Callable[..., FlaskClient]:
    """Make applications that publish into one new folder."""

    def make(**settings: Any) -> FlaskClient:
        return make_app(PUBLIC_PATH=str(tmp_path / 'public'), **settings).test_client()

    return make


def test_a_release_serves_the_files_of_the_one_before(
    make_site: Callable[..., FlaskClient], tmp_path: Path
) -> None:
    """A page that somebody has open while the site is upgraded still finds its style sheet."""
    make_site()
    (now,) = (tmp_path / 'public/static/css').glob('app.*.css')
    earlier = now.with_name('app.00c0ffee0000.css')
    earlier.write_text('/* of an earlier release */')
    response = make_site().get(f'/static/css/{earlier.name}')
    assert response.text == '/* of an earlier release */'
    assert 'immutable' in response.headers['Cache-Control']


def test_what_is_published_is_left_alone(
    make_site: Callable[..., FlaskClient], tmp_path: Path
) -> None:
    def state() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*')}

    make_site()
    before = state()
    make_site()
    assert state() == before
    assert not [path for path in before if path.name.startswith('.')]


def test_where_nothing_can_be_written_plain_names_do(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    (tmp_path / 'file').touch()
    client = make_app(PUBLIC_PATH=str(tmp_path / 'file' / 'public')).test_client()
    assert '/static/css/app.css' in static_links(client)
    assert client.get('/static/css/app.css').status_code == 200


def test_while_debugging_files_may_change(make_app: Callable[..., Flask]) -> None:
    app = make_app(DEBUG=True)
    with app.test_request_context():
        assert url_for('static', filename='css/app.css') == '/static/css/app.css'
