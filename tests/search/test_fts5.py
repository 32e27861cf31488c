"""The embedded engine keeps its file open from one use to the next, and knows when that is over."""

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from app.search.fts5 import Fts5
from app.search.query import parse


@pytest.fixture
def engine(tmp_path: Path) -> Fts5:
    engine = Fts5(tmp_path / 'search.db')
    with engine.rebuild('post') as add:
        add({1: 'red'})
    return engine


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list to which each connection is added that is made."""
    made, connect = [], sqlite3.connect

    def noted(*args: Any, **kwargs: Any) -> Any:
        made.append(connect(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(sqlite3, 'connect', noted)
    return made


def found(engine: Fts5, query: str) -> list[int]:
    return engine.query('post', parse(query), 0, 10, 'newest')[0]


def test_what_is_written_and_read_one_after_the_other_opens_no_file(
    engine: Fts5, opened: list[Any]
) -> None:
    for id_ in range(2, 6):
        engine.write('post', {id_: 'red'})
        assert found(engine, 'red')[0] == id_
    assert opened == []


def test_a_process_that_was_forked_opens_the_file_itself(
    engine: Fts5, opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = os.getpid()
    monkeypatch.setattr(os, 'getpid', lambda: own + 1)
    assert found(engine, 'red') == [1]
    assert len(opened) == 1


def test_a_file_that_was_replaced_is_not_held_on_to(engine: Fts5, tmp_path: Path) -> None:
    other = Fts5(tmp_path / 'other.db')
    with other.rebuild('post') as add:
        add({7: 'green'})
    other.idle.pop()[1].close()
    for file in tmp_path.glob('search.db*'):  # with its log
        file.unlink()
    os.replace(tmp_path / 'other.db', tmp_path / 'search.db')
    assert (found(engine, 'red'), found(engine, 'green')) == ([], [7])


def test_what_failed_half_way_is_not_there_afterwards(engine: Fts5) -> None:
    def stop() -> None:
        with engine._writing() as connection:
            connection.execute('DELETE FROM live_post')
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert found(engine, 'red') == [1]
