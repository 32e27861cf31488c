from flask import Blueprint

bp = Blueprint('auth', __name__)

from app.auth import account, login, reset  # noqa: E402, F401 (they need `bp`)
