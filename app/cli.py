"""Commands of our own for `flask`."""

from flask import Flask


def register(app: Flask) -> None:
    """Add the commands to `app`."""
