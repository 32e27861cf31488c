"""The embedded engine: SQLite's FTS5, in a file of its own that all processes of a machine share.

An index is one FTS5 table, `live_<index>`; while it is rebuilt there is another one, `new_<index>`.
What is written in that time goes to both and is noted in `touched`, so that the rebuilding, which
has read the database a moment ago, does not overwrite it. Each step is one transaction.
"""

from __future__ import annotations

import math
import os
import secrets
import sqlite3
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from app.database import remove_if_broken
from app.search.engine import (
    DEEPEST_HIT,
    REBUILDING_LIMIT,
    Changes,
    Document,
    Documents,
    Engine,
    Order,
    Refused,
    SearchUnavailable,
)
from app.search.query import Phrase, Query

FORMAT = 1  # of the file, and of the words in it: a file of another format counts as missing
BUSY_TIMEOUT = 2  # seconds that a writer waits for another process's write
MERGE_PAGES = 500  # merged in one go: as many as others can wait for

_TABLES = (
    'rebuilding (name TEXT PRIMARY KEY, token TEXT, started REAL)',
    'touched (name TEXT, id INTEGER, PRIMARY KEY (name, id)) WITHOUT ROWID',
)


class Fts5(Engine):
    def __init__(self, path: Path) -> None:
        self.path = path
        # While one connection is open, the end of another does not bring the log into the file.
        self.idle: deque[tuple[tuple[int, ...], sqlite3.Connection]] = deque()

    def exists(self, index: str) -> bool:
        with self._reading() as connection:
            return connection is not None and _has_table(connection, _live(index))

    def write(self, index: str, changes: Changes) -> None:
        if not os.path.exists(self.path):
            return
        with self._writing() as connection:
            live, new = _live(index), _new(index)
            tables = [table for table in (live, new) if _has_table(connection, table)]
            ids = [(id_,) for id_ in changes]
            rows = [(id_, document) for id_, document in changes.items() if document is not None]
            for table in tables:
                connection.executemany(f'DELETE FROM {table} WHERE rowid = ?', ids)
                _insert(connection, table, rows)
            if new in tables:
                connection.executemany(
                    'INSERT OR IGNORE INTO touched VALUES (?, ?)', [(index, id_) for id_ in changes]
                )

    def query(
        self, index: str, query: Query, offset: int, limit: int, order: Order
    ) -> tuple[list[int], int]:
        with self._reading() as connection:
            if connection is None or not query.wanted or not _has_table(connection, _live(index)):
                return [], 0
            search = _Search(connection, _live(index))
            expression = _expression(query.wanted, query.excluded)
            if order == 'newest' or len(query.wanted) == 1:
                ids = search.newest(expression, offset, limit)
            else:
                ids = search.best(query)[offset : offset + limit]
            return ids, search.count(expression)

    @contextmanager
    def rebuild(self, index: str) -> Iterator[Callable[[Documents], None]]:
        token = secrets.token_hex(8)
        new = _new(index)
        with self._writing() as connection:
            connection.execute(f'DROP TABLE IF EXISTS {new}')
            connection.execute('DELETE FROM touched WHERE name = ?', (index,))
            # The words are split and folded already. This tokenizer leaves all scripts alone:
            # `unicode61` would judge them by the Unicode of its own year.
            connection.execute(
                f'CREATE VIRTUAL TABLE {new} USING fts5(words, tokenize="ascii tokenchars \'|\'")'
            )
            connection.execute(
                'INSERT OR REPLACE INTO rebuilding VALUES (?, ?, ?)', (index, token, time.time())
            )

        def add(documents: Documents) -> None:
            with self._rebuilding(index, token) as connection:
                touched = connection.execute(
                    'SELECT id FROM touched WHERE name = ? AND id BETWEEN ? AND ?',
                    (index, min(documents, default=0), max(documents, default=0)),
                )
                skipped = {id_ for (id_,) in touched}
                rows = [row for row in documents.items() if row[0] not in skipped]
                _insert(connection, new, rows)

        try:
            yield add
            self._merge(index, token)
            with self._rebuilding(index, token) as connection:
                connection.execute(f'DROP TABLE IF EXISTS {_live(index)}')
                connection.execute(f'ALTER TABLE {new} RENAME TO {_live(index)}')
                _forget_rebuilding(connection, index)
        except BaseException:
            with suppress(SearchUnavailable), self._rebuilding(index, token) as connection:
                connection.execute(f'DROP TABLE {new}')
                _forget_rebuilding(connection, index)
            raise

    def is_being_rebuilt(self, index: str) -> bool:
        with self._reading() as connection:
            if connection is None:
                return False
            row = connection.execute(
                'SELECT 1 FROM rebuilding WHERE name = ? AND started > ?',
                (index, time.time() - REBUILDING_LIMIT),
            ).fetchone()
            return row is not None

    def _merge(self, index: str, token: str) -> None:
        """Make one piece of the many that a large index was written in, as searching likes it."""
        new = _new(index)
        pages = -MERGE_PAGES  # below 0: begin to merge whatever there is
        changed = 2
        while changed > 1:
            with self._rebuilding(index, token) as connection:
                before = connection.total_changes
                connection.execute(
                    f"INSERT INTO {new}({new}, rank) VALUES ('merge', ?)",
                    (pages,),
                )
                changed = connection.total_changes - before
            pages = MERGE_PAGES

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """Give a connection that sees one state of the file; None when there is no file."""
        if not os.path.exists(self.path):
            yield None
            return
        with self._connection() as connection:
            connection.execute('BEGIN')
            version = connection.execute('PRAGMA user_version').fetchone()[0]
            yield connection if version == FORMAT else None

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection whose changes are all kept at the end, or none of them."""
        with self._connection() as connection:
            connection.execute('PRAGMA journal_mode = WAL')
            connection.execute('BEGIN IMMEDIATE')
            _prepare(connection)
            yield connection
            connection.execute('COMMIT')

    @contextmanager
    def _rebuilding(self, index: str, token: str) -> Iterator[sqlite3.Connection]:
        """The same, for whoever rebuilds `index`, unless somebody else does so by now."""
        with self._writing() as connection:
            row = connection.execute(
                'SELECT token FROM rebuilding WHERE name = ?', (index,)
            ).fetchone()
            if row != (token,):
                raise Refused(f'somebody else is rebuilding the index {index}')
            yield connection

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Give a connection to nobody else meanwhile, and end what it was in the middle of."""
        try:
            connection = self._idle_one() or self._new_one()
        except (OSError, sqlite3.Error) as error:
            raise SearchUnavailable(f'{self.path}: {error}') from error
        try:
            # The file can be made again: it need not survive a loss of power.
            connection.execute('PRAGMA synchronous = NORMAL')
            yield connection
            connection.rollback()
            if self.idle:
                connection.close()
            else:
                self.idle.append((self._identity(), connection))
        except sqlite3.Error as error:
            connection.close()
            remove_if_broken(self.path, error)
            # Locked, or the disk is full: the next one may succeed.
            raise Refused(f'{self.path}: {error}') from error
        except BaseException:
            connection.close()
            raise

    def _new_one(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
        )

    def _idle_one(self) -> sqlite3.Connection | None:
        """Return the connection that nobody uses, if it is this process's, to the file of now."""
        try:
            identity, connection = self.idle.pop()
        except IndexError:
            return None
        if identity == self._identity():
            return connection
        if identity[0] == os.getpid():
            connection.close()
        return None

    def _identity(self) -> tuple[int, ...]:
        file = os.stat(self.path) if os.path.exists(self.path) else None
        return os.getpid(), *((file.st_dev, file.st_ino) if file is not None else ())


class _Search:
    """One state of an index, to be asked."""

    def __init__(self, connection: sqlite3.Connection, table: str) -> None:
        self.connection = connection
        self.table = table

    def best(self, query: Query) -> list[int]:
        """Rank the newest entries that have each phrase, as many as pages can show."""
        entries = self.connection.execute(f'SELECT count(*) FROM {self.table}_docsize').fetchone()[
            0
        ]
        words = {word for phrase in query.wanted for word in phrase}
        rarity = {word: _rarity(self.count(_expression([(word,)])), entries) for word in words}
        scores: dict[int, float] = defaultdict(float)
        for phrase in query.wanted:
            score = sum(rarity[word] for word in phrase)
            for id_ in self.newest(_expression([phrase], query.excluded), 0, DEEPEST_HIT):
                scores[id_] += score
        # Rounded: sums in another order differ in the last digits.
        return sorted(scores, key=lambda id_: (round(scores[id_], 4), id_), reverse=True)

    def count(self, expression: str) -> int:
        rows = self.connection.execute(
            f'SELECT count(*) FROM {self.table} WHERE {self.table} MATCH ?',
            (expression,),
        )
        return int(rows.fetchone()[0])

    def newest(self, expression: str, offset: int, limit: int) -> list[int]:
        rows = self.connection.execute(
            f'SELECT rowid FROM {self.table} WHERE {self.table} MATCH ?'
            ' ORDER BY rowid DESC LIMIT ? OFFSET ?',
            (expression, limit, offset),
        )
        return [id_ for (id_,) in rows]


def _rarity(having: int, entries: int) -> float:
    return math.log(1 + (entries - having + 0.5) / (having + 0.5))


def _expression(
    wanted: tuple[Phrase, ...] | list[Phrase], excluded: tuple[Phrase, ...] = ()
) -> str:
    """Return what FTS5 calls a query. In quotes, a word is nothing but a word."""
    either = ' OR '.join(f'"{" ".join(phrase)}"' for phrase in wanted)
    if not excluded:
        return either
    return f'({either}) NOT ({_expression(excluded)})'


def _table(prefix: str, index: str) -> str:
    if not (index.isascii() and index.replace('_', '').isalnum()):
        raise ValueError(f'not a name for an index: {index!r}')
    return f'{prefix}_{index.lower()}'


_live, _new = partial(_table, 'live'), partial(_table, 'new')


def _has_table(connection: sqlite3.Connection, name: str) -> bool:
    row = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)
    ).fetchone()
    return row is not None


def _insert(connection: sqlite3.Connection, table: str, rows: list[tuple[int, Document]]) -> None:
    connection.executemany(f'INSERT INTO {table}(rowid, words) VALUES (?, ?)', rows)


def _prepare(connection: sqlite3.Connection) -> None:
    """Bring an empty file, or one of another format, to ours."""
    version = connection.execute('PRAGMA user_version').fetchone()[0]
    if version == FORMAT:
        return
    old = connection.execute(
        "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%'"
        " OR name IN ('rebuilding', 'touched')"
    ).fetchall()
    for (name,) in old:
        connection.execute(f'DROP TABLE "{name}"')
    for table in _TABLES:
        connection.execute(f'CREATE TABLE {table}')
    connection.execute(f'PRAGMA user_version = {FORMAT}')


def _forget_rebuilding(connection: sqlite3.Connection, index: str) -> None:
    connection.execute('DELETE FROM rebuilding WHERE name = ?', (index,))
    connection.execute('DELETE FROM touched WHERE name = ?', (index,))
