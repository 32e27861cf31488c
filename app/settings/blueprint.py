"""What the views of this folder are hung on: below them, so that nothing imports in a circle."""

from flask import Blueprint

bp = Blueprint('settings', __name__)
