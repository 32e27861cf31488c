"""`flask demo`: fill an empty database, with a small community or with bulk data to measure."""

import secrets

import click
from flask.cli import with_appcontext
from sqlalchemy import Connection, func, inspect, select, text
from sqlalchemy.exc import IntegrityError

from app.cli.demo import bulk, community
from app.cli.demo.filling import analyze, texts
from app.cli.reindex import reindex_with_progress
from app.database import unlimited, utcnow
from app.extensions import db
from app.models import User
from app.search import SearchUnavailable

NOT_EMPTY = 'People have accounts in this database: only an empty one is filled. Nothing changed.'
NO_TABLES = 'This database has no tables yet: run "flask db upgrade" first.'


@click.command('demo')
@click.option('--users', type=click.IntRange(min=10), help='Bulk data: how many people.')
@click.option('--posts', type=click.IntRange(min=0), help='Bulk data: how many posts.')
@with_appcontext
def demo(users: int | None, posts: int | None) -> None:
    """Fill an empty database with demo data.

    Without options it becomes a small community of people to look around in. With --users and
    --posts it becomes a large one of generated people and posts to measure the speed with.
    """
    if (users is None) != (posts is None):
        raise click.UsageError('Bulk data needs both --users and --posts.')
    # Only printed, never kept: a demo on a public address is not open to whoever knows the code.
    password = secrets.token_urlsafe(9)
    try:
        # One transaction: whoever interrupts it finds the database as empty as it was.
        with db.session.begin(), unlimited(connection := db.session.connection()):
            if connection.dialect.name == 'postgresql':
                # Millions of rows are counted at the end.
                connection.execute(text('SET LOCAL statement_timeout = 0'))
            _require_people(connection, 0)
            if users is None or posts is None:
                logins = community.fill(utcnow(), password)
            else:
                logins = bulk.fill(connection, utcnow(), password, users, posts)
            # Somebody may have signed up in the meantime.
            _require_people(connection, users or len(texts('community')['people']))
    except IntegrityError:
        # Another process has just filled it with the same names.
        raise click.ClickException(NOT_EMPTY) from None
    try:
        analyze(db.engine)
        click.echo('What can be searched:')
        reindex_with_progress()
    except SearchUnavailable as error:
        click.echo(f'Not indexed, "flask search reindex" makes up for it. {error}', err=True)
    finally:
        # At the end, where it is seen, and whatever has happened: the people are there.
        for name in logins:
            click.echo(f'Log in as {name} with the password {password}')


def _require_people(connection: Connection, number: int) -> None:
    if not inspect(connection).has_table(User.__tablename__):
        raise click.ClickException(NO_TABLES)
    if connection.scalar(select(func.count()).select_from(User)) != number:
        raise click.ClickException(NOT_EMPTY)
