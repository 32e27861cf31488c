"""A database that migrations run on, and what its schema is."""

from pathlib import Path
from typing import Any

import flask_migrate
from flask import Flask
from sqlalchemy import Connection, Engine, NullPool, Select, create_engine, inspect, text

from app import db
from config import Config
from tests.conftest import application, close

ROOT = Path(__file__).parents[2]
MIGRATIONS = ROOT / 'migrations'
LAST_OF_TUTORIAL = '834b1a697901'


class Database:
    def __init__(self, url: str, config_class: type[Config]) -> None:
        self.url = url
        self.config_class = config_class
        self.app = self.make_app()
        # Apart from the application's: tests do here what the application would not.
        self.engine: Engine = create_engine(url, poolclass=NullPool)
        self.backend = self.engine.dialect.name

    def make_app(self, **settings: object) -> Flask:
        settings = {'SQLALCHEMY_DATABASE_URI': self.url, **settings}
        return application(type('TestConfig', (self.config_class,), settings))

    def close(self) -> None:
        close(self.app)

    def upgrade(self, revision: str = 'head', directory: Path = MIGRATIONS) -> None:
        with self.app.app_context():
            flask_migrate.upgrade(directory=str(directory), revision=revision)

    def downgrade(self, revision: str, directory: Path = MIGRATIONS) -> None:
        with self.app.app_context():
            flask_migrate.downgrade(directory=str(directory), revision=revision)

    def create_all(self) -> None:
        with self.app.app_context():
            db.create_all()

    def revision(self) -> str | None:
        with self.engine.connect() as connection:
            revision: str | None = connection.scalar(
                text('SELECT version_num FROM alembic_version')
            )
            return revision

    def rows(self, query: str | Select[Any]) -> list[tuple[Any, ...]]:
        statement = text(query) if isinstance(query, str) else query
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(statement)]

    def schema(self) -> dict[str, Any]:
        """Describe every table in all that matters, for comparing."""
        with self.engine.connect() as connection:
            names = inspect(connection).get_table_names()
            return {name: _describe(connection, name) for name in names if 'alembic' not in name}


def _describe(connection: Connection, table: str) -> dict[str, Any]:
    inspector = inspect(connection)
    return {
        'columns': {
            column['name']: (
                column['type'].compile(connection.dialect),
                column['nullable'],
                column['default'],
            )
            for column in inspector.get_columns(table)
        },
        'primary key': inspector.get_pk_constraint(table),
        'foreign keys': sorted(map(str, inspector.get_foreign_keys(table))),
        'indexes': sorted(map(str, inspector.get_indexes(table))),
        'unique': sorted(map(str, inspector.get_unique_constraints(table))),
        'rules': sorted(map(str, inspector.get_check_constraints(table))),
        'ids are given once': _gives_ids_once(connection, table),
        'collations': _collations(connection, table),
    }


def _gives_ids_once(connection: Connection, table: str) -> bool | None:
    if connection.dialect.name != 'sqlite':
        return None
    created = connection.scalar(
        text('SELECT sql FROM sqlite_master WHERE name = :table'), {'table': table}
    )
    return 'AUTOINCREMENT' in created


def _collations(connection: Connection, table: str) -> list[tuple[Any, ...]]:
    if connection.dialect.name != 'mysql':
        return []
    queries = (
        'SELECT table_collation, row_format, engine FROM information_schema.tables',
        'SELECT column_name, column_type, collation_name FROM information_schema.columns',
    )
    return [
        tuple(row)
        for query in queries
        for row in connection.execute(
            text(f'{query} WHERE table_schema = DATABASE() AND table_name = :table ORDER BY 1'),
            {'table': table},
        )
    ]
