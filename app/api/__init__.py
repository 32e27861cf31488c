"""What programs do with Microblog, in JSON (chapter 23).

A view reads from top to bottom: who may call it, what comes in, what goes out, what it does.
"""

import warnings

from app.api.blueprint import bp

with warnings.catch_warnings():
    # It misses what makes schemas out of models. Ours are written by hand.
    warnings.filterwarnings('ignore', 'Flask-SQLAlchemy integration', UserWarning)
    import flask_marshmallow

from app.api import (
    account,
    activity,
    errors,
    followers,
    media,
    messages,
    notifications,
    openapi,
    posts,
    reactions,
    reference,
    search,
    tokens,
    users,
)

__all__ = ['bp']
