"""`flask search reindex`: build the indices of full-text search anew."""

from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy import func, select

from app.extensions import db
from app.models.searchable import SearchableMixin
from app.search import SearchUnavailable


@click.group()
def search() -> None:
    """Full-text search."""


@search.command('reindex')
@click.argument('model', required=False)
@with_appcontext
def reindex(model: str | None) -> None:
    """Build the index of MODEL (Post, User), or all of them, anew.

    Searching goes on with the old index meanwhile.
    """
    models = {one.__name__.lower(): one for one in SearchableMixin.__subclasses__()}
    if model is not None and model.lower() not in models:
        names = ', '.join(sorted(one.__name__ for one in models.values()))
        raise click.BadParameter(f'{model} cannot be searched, only {names}', param_hint='MODEL')
    try:
        reindex_with_progress(*([models[model.lower()]] if model else models.values()))
    except SearchUnavailable as error:
        raise click.ClickException(f'The index is as it was. {error}') from error


def reindex_with_progress(*models: type[SearchableMixin]) -> None:
    """Build the indices of `models`, all of them by default. Raises SearchUnavailable."""
    for model in models or SearchableMixin.__subclasses__():
        count = db.session.scalar(select(func.count()).select_from(model))
        db.session.rollback()
        label = f'{model.__name__}s'.ljust(8)
        bar: Any = click.progressbar(length=count, label=label)
        with bar as progress:
            model.reindex(progress.update)
