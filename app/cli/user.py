"""`flask user`: what is done for an account, or against it, from the command line."""

import click
from flask.cli import with_appcontext

from app.auth.email import send_security_email
from app.extensions import db
from app.languages.locales import present_language
from app.logs import audit
from app.models import User
from app.tasks.purge import purge_due


@click.group()
def user() -> None:
    """Accounts."""


@user.command('reset-2fa')
@click.argument('name')
@with_appcontext
def reset_second_factor(name: str) -> None:
    """Remove the second factor, recovery codes and passkeys of the account NAME.

    Its password is enough from then on. Its owner is told by mail: be sure that they asked for it.
    """
    account = _find(name)
    account.turn_off_second_factor()
    account.remove_passkeys()
    db.session.commit()
    audit.note('second factor reset', account)
    send_security_email(account.id, 'second factor reset', present_language())
    click.echo(f'{account.username} logs in with the password alone.')


@user.command('end-sessions')
@click.argument('name')
@with_appcontext
def end_sessions(name: str) -> None:
    """Log the account NAME out everywhere, and end its tokens of the API."""
    account = _find(name)
    account.end_sessions()
    account.revoke_token()
    db.session.commit()
    audit.note('sessions ended', account)
    click.echo(f'{account.username} is logged in nowhere any more.')


@user.command('purge')
@with_appcontext
def purge() -> None:
    """Delete the accounts whose time has come, with everything that belongs to them.

    May be run at any time, and stopped at any time: the next call goes on. Once a day does.
    """
    click.echo(f'Deleted: {purge_due()} accounts.')


def _find(name: str) -> User:
    account = User.find_for_login(name)
    if account is None:
        raise click.ClickException(f'There is no account {name!r}.')
    return account
