"""/readyz: the process can serve when the database is at the newest migration."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.migrations.database import LAST_OF_TUTORIAL, Database
from tests.statements import statements


@pytest.fixture
def client(database: Database) -> FlaskClient:
    return database.app.test_client()


def readiness(client: FlaskClient) -> tuple[int, str]:
    response = client.get('/readyz')
    return response.status_code, response.text


def test_only_with_all_migrations(client: FlaskClient, database: Database) -> None:
    assert readiness(client) == (503, 'migrations pending\n')
    database.upgrade(LAST_OF_TUTORIAL)
    assert readiness(client) == (503, 'migrations pending\n')
    database.upgrade()
    assert readiness(client) == (200, 'ok\n')
    assert client.get('/healthz').status_code == 200


def test_a_release_goes_on_when_the_next_one_has_migrated(
    client: FlaskClient, database: Database
) -> None:
    database.upgrade()
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'of_next_release'"))
    assert readiness(client) == (200, 'ok\n')


def test_it_costs_next_to_nothing(client: FlaskClient, database: Database) -> None:
    database.upgrade()
    with database.app.app_context(), statements() as made:
        assert readiness(client)[0] == 200
    # Whether there is such a table, and what it says.
    assert len(made) == 2
