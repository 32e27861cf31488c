"""`flask search reindex`."""

import pytest
from flask.testing import FlaskCliRunner

from app import db, search
from app.models import Post, User
from tests.conftest import MakeUser
from tests.search.conftest import found


@pytest.fixture
def settings() -> dict[str, object]:
    return {}


def test_all_models(runner: FlaskCliRunner, make_user: MakeUser) -> None:
    db.session.add(Post(body='red', author=make_user('susan')))
    db.session.commit()
    assert not search.index_exists('post')
    result = runner.invoke(args=['search', 'reindex'])
    assert result.exit_code == 0, result.output
    assert search.index_exists('post')
    assert search.index_exists('user')
    assert found('red') == ['red']
    assert User.search('SUSAN', 1, 9)[1] == 1


@pytest.mark.parametrize('command', ['', 'search', 'demo', 'translate'])
def test_help_names_no_chapters(runner: FlaskCliRunner, command: str) -> None:
    overview = runner.invoke(args=[*command.split(), '--help']).output
    assert 'Usage:' in overview
    assert 'chapter' not in overview


@pytest.mark.parametrize('name', ['Message', 'nothing', ''])
def test_a_model_that_cannot_be_searched(runner: FlaskCliRunner, name: str) -> None:
    result = runner.invoke(args=['search', 'reindex', name])
    assert result.exit_code == 2
    assert 'Post, User' in result.output


def test_the_engine_is_away(runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('app.search.fts5.Fts5.rebuild', _away)
    result = runner.invoke(args=['search', 'reindex', 'Post'])
    assert result.exit_code == 1
    assert 'The index is as it was. Locked' in result.output


def _away(*_: object) -> None:
    raise search.SearchUnavailable('Locked')
