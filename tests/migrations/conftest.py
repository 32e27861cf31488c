"""A database of its own for every test, on the server that TEST_DATABASE_URL names, or SQLite."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from secrets import token_hex

import pytest
from sqlalchemy import make_url

from config import Config, database_uri
from tests.conftest import administrate
from tests.environment import SERVER_URL
from tests.migrations.database import Database

NewDatabase = Callable[..., Database]


@pytest.fixture
def new_database(config_class: type[Config], tmp_path: Path) -> Iterator[NewDatabase]:
    """Make empty databases: `new_database('latin1')`, with a default charset on MariaDB."""
    databases: list[Database] = []
    numbers = count()

    def make(charset: str = 'utf8mb4') -> Database:
        if SERVER_URL:
            url = make_url(database_uri(SERVER_URL))
            name = f'{url.database}_{token_hex(6)}'
            options = f' CHARACTER SET {charset}' if url.get_backend_name() == 'mysql' else ''
            administrate(f'CREATE DATABASE {name}{options}')
            address = url.set(database=name).render_as_string(hide_password=False)
        else:
            address = database_uri(f'sqlite:///{tmp_path}/{next(numbers)}.db')
        databases.append(Database(address, config_class))
        return databases[-1]

    yield make
    for database in databases:
        database.close()
        if SERVER_URL:
            administrate(f'DROP DATABASE {make_url(database.url).database}')


@pytest.fixture
def database(new_database: NewDatabase) -> Database:
    return new_database()
