from flask import Blueprint

bp = Blueprint('main', __name__)

from app.main import feed, hooks, languages, profile  # noqa: E402, F401 (they need `bp`)
