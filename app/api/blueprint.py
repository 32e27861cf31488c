"""What the views of this folder are hung on: below them, so that nothing imports in a circle."""

from flask import Blueprint

from app.extensions import csrf

bp = Blueprint('api', __name__)
csrf.exempt(bp)  # nothing that a browser sends by itself is looked at here: see app/web/sessions.py
