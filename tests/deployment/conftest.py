"""A database of its own for a test, as those of migrations have."""

from tests.migrations.conftest import database, new_database

__all__ = ['database', 'new_database']
