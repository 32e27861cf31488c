"""Commands of our own for `flask`."""

from flask import Flask

from app.cli.catalogues import translate
from app.cli.demo import demo as demo_command  # the package keeps its name
from app.cli.invite import invite
from app.cli.media import media
from app.cli.reindex import search
from app.cli.user import user


def register(app: Flask) -> None:
    """Add the commands to `app`."""
    app.cli.add_command(demo_command)
    app.cli.add_command(invite)
    app.cli.add_command(media)
    app.cli.add_command(search)
    app.cli.add_command(translate)
    app.cli.add_command(user)
