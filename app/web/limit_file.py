"""Counters in a file that all processes of a machine share: what limits need without Redis."""

import os
import sqlite3
import time
from pathlib import Path
from threading import Lock
from typing import Any

from limits.storage import MovingWindowSupport, Storage

from app.database import remove_if_broken, use_write_ahead_log

LIMIT_FILE = 'file://'  # what RATELIMIT_STORAGE_URI calls it
PATIENCE = 1  # seconds that a process waits for the others: as for a Redis that does not answer
CLEANING_INTERVAL = 60  # seconds

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS counter (key TEXT PRIMARY KEY, value INTEGER, expiry REAL)
        WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS counter_expiry ON counter (expiry);
    CREATE TABLE IF NOT EXISTS entry (key TEXT, time REAL, expiry REAL);
    CREATE INDEX IF NOT EXISTS entry_key ON entry (key, time);
    CREATE INDEX IF NOT EXISTS entry_expiry ON entry (expiry);
"""
# One statement: of two processes at once, neither misses what the other counts.
_ADD = """
    INSERT INTO counter VALUES (:key, :amount, :now + :seconds)
    ON CONFLICT DO UPDATE SET
        value = excluded.value + iif(expiry > :now, value, 0),
        expiry = iif(expiry > :now, expiry, excluded.expiry)
    RETURNING value
"""
_IN_WINDOW = 'FROM entry WHERE key = :key AND time > :now - :seconds'
_ACQUIRE = f"""
    WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < :amount)
    INSERT INTO entry SELECT :key, :now, :now + :seconds FROM number
    WHERE (SELECT count(*) {_IN_WINDOW}) + :amount <= :limit
    RETURNING key
"""
_CLEAN = ('DELETE FROM counter WHERE expiry <= :now', 'DELETE FROM entry WHERE expiry <= :now')


class LimitFile(Storage, MovingWindowSupport):
    """Registers itself under its scheme; the option `path` says which file."""

    STORAGE_SCHEME = ['file']

    def __init__(
        self, uri: str | None = None, wrap_exceptions: bool = False, *, path: str, **options: Any
    ) -> None:
        super().__init__(uri, wrap_exceptions, **options)
        self.path = path
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = 0
        self._cleaned = 0.0

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        return sqlite3.Error, OSError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        rows = self._run(_ADD, key=key, amount=amount, seconds=expiry)
        return int(rows[0][0])

    def get(self, key: str) -> int:
        rows = self._run('SELECT value FROM counter WHERE key = :key AND expiry > :now', key=key)
        return int(rows[0][0]) if rows else 0

    def get_expiry(self, key: str) -> float:
        rows = self._run('SELECT expiry FROM counter WHERE key = :key AND expiry > :now', key=key)
        return float(rows[0][0]) if rows else time.time()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        return bool(self._run(_ACQUIRE, key=key, limit=limit, seconds=expiry, amount=amount))

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        rows = self._run(f'SELECT min(time), count(*) {_IN_WINDOW}', key=key, seconds=expiry)
        return (rows[0][0], rows[0][1]) if rows[0][1] else (time.time(), 0)

    def check(self) -> bool:
        try:
            self._run(_CLEAN[0])
        except self.base_exceptions:
            return False
        return True

    def reset(self) -> int | None:
        tables = ('counter', 'entry')
        return sum(len(self._run(f'DELETE FROM {table} RETURNING key')) for table in tables)

    def clear(self, key: str) -> None:
        for table in ('counter', 'entry'):
            self._run(f'DELETE FROM {table} WHERE key = :key', key=key)

    def _run(self, statement: str, **values: Any) -> list[Any]:
        with self._lock:
            try:
                return self._execute(statement, {'now': time.time(), **values})
            except sqlite3.Error as error:
                remove_if_broken(self.path, error)
                self._connection = None
                raise

    def _execute(self, statement: str, values: dict[str, Any]) -> list[Any]:
        connection = self._open()
        if values['now'] > self._cleaned + CLEANING_INTERVAL:
            self._cleaned = values['now']
            for cleaning in _CLEAN:
                connection.execute(cleaning, values)
        return connection.execute(statement, values).fetchall()

    def _open(self) -> sqlite3.Connection:
        # Not shared with the process that this one was forked from.
        if self._connection is None or self._process != os.getpid():
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
            )
            # Readers and the writer do not wait for each other, nor anybody for a disk.
            use_write_ahead_log(connection)
            connection.execute('PRAGMA synchronous = OFF')
            connection.executescript(_SCHEMA)
            self._connection, self._process = connection, os.getpid()
        return self._connection
