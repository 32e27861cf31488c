"""Both engines, empty, behind the same application: what is asked of one is asked of the other.

Elasticsearch is the one at TEST_ELASTICSEARCH_URL. Without the variable, its half of the tests is
skipped, or fails when CI is set; .ci/run sets it to nothing where there is no server to be had.
No other test uses that server.
"""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TypeVar

import pytest
from elasticsearch import Elasticsearch
from flask import Flask

from app import db, search
from app.models import Post, User

ELASTICSEARCH_URL = os.environ.get('TEST_ELASTICSEARCH_URL')
INDICES = ['post', 'user', 'things']
VISIBLE_WITHIN = 1.0  # seconds after which a new post must be found

T = TypeVar('T')


def elasticsearch_url() -> str:
    if ELASTICSEARCH_URL is None:
        missing('TEST_ELASTICSEARCH_URL')
    if not ELASTICSEARCH_URL:
        pytest.skip('There is no Elasticsearch here')
    return ELASTICSEARCH_URL


def missing(variable: str) -> NoReturn:
    """Skip the test, unless this is CI, which has to set the variable."""
    if os.environ.get('CI'):
        pytest.fail(f'{variable} is missing: see .ci/run')
    pytest.skip(f'{variable} is missing')


def erase(client: Elasticsearch) -> None:
    """Remove every index that the tests make."""
    names = client.indices.get(index=','.join(f'{name}*' for name in INDICES)).body
    if names:
        client.indices.delete(index=','.join(names))


@pytest.fixture(params=['fts5', 'elasticsearch'])
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The settings that choose the engine."""
    return {} if request.param == 'fts5' else {'ELASTICSEARCH_URL': elasticsearch_url()}


@pytest.fixture
def app(make_app: Callable[..., Flask], settings: dict[str, Any]) -> Iterator[Flask]:
    app = make_app(**settings)
    client: Any = app.elasticsearch  # type: ignore[attr-defined]
    if client is not None:
        erase(client)
    with app.app_context():
        yield app
        db.session.remove()
    if client is not None:
        client.close()


@pytest.fixture
def indexed(app: Flask) -> None:
    """Empty indices of posts and people."""
    Post.reindex()
    User.reindex()


def eventually(look: Callable[[], T], expected: T) -> None:
    """Assert what must hold within a second: that is how long Elasticsearch may take."""
    end = time.monotonic() + VISIBLE_WITHIN
    while (seen := look()) != expected and time.monotonic() < end:
        time.sleep(0.02)
    assert seen == expected


def found(query: str, order: search.Order = 'best') -> list[str]:
    """The bodies of the posts that a query finds."""
    posts, total = Post.search(query, 1, 100, order)
    assert total == len(posts)
    return [post.body for post in posts]
