"""What programs do with Microblog, in JSON (chapter 23).

A view reads from top to bottom: who may call it, what comes in, what goes out, what it does.
"""

import warnings

from flask import Blueprint

from app.extensions import csrf

bp = Blueprint('api', __name__)
csrf.exempt(bp)  # nothing that a browser sends by itself is looked at here: see app/web/sessions.py

with warnings.catch_warnings():
    # It misses what makes schemas out of models. Ours are written by hand.
    warnings.filterwarnings('ignore', 'Flask-SQLAlchemy integration', UserWarning)
    import flask_marshmallow  # noqa: F401

from app.api import (  # noqa: E402, F401 (they need `bp`)
    account,
    errors,
    followers,
    messages,
    notifications,
    openapi,
    posts,
    reference,
    search,
    tokens,
    users,
)
