"""`flask media tidy`: clear what nobody uses."""

import click
from flask.cli import with_appcontext

from app.media.storage import StorageUnavailableError
from app.models import media as pictures


@click.group()
def media() -> None:
    """Pictures that people have uploaded."""


@media.command('tidy')
@with_appcontext
def tidy() -> None:
    """Remove pictures that nobody uses, uploads that were used for nothing within a day among them.

    And files that a crash has left. May be run at any time; once a day does.
    """
    try:
        picture_count, file_count = pictures.tidy()
    except StorageUnavailableError as error:
        raise click.ClickException('The storage cannot be reached: see the log.') from error
    click.echo(f'Removed: {picture_count} pictures, {file_count} stray files.')
