"""Commands of our own for `flask`."""

from flask import Flask

from app.demo import demo
from app.reindex import search
from app.translations import translate


def register(app: Flask) -> None:
    """Add the commands to `app`."""
    app.cli.add_command(demo)
    app.cli.add_command(search)
    app.cli.add_command(translate)
