"""`flask invite`: an invitation from the site itself."""

import click
from flask.cli import with_appcontext

from app.extensions import db
from app.models import Invitation
from app.models.invitation import LONGEST, MOST_USES


@click.command()
@click.option('--most', default=1, type=click.IntRange(1, MOST_USES), help='For how many people.')
@click.option('--days', default=7, type=click.IntRange(1, LONGEST), help='For how many days.')
@with_appcontext
def invite(most: int, days: int) -> None:
    """Print the code of an invitation, for a site with REGISTRATION=invite."""
    code = Invitation.make(None, most, days)
    db.session.commit()
    click.echo(code)
