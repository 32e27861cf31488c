from flask import Blueprint

bp = Blueprint('main', __name__)

from app.main import (  # noqa: E402 (they need `bp`)
    export,  # noqa: F401
    hooks,  # noqa: F401
    languages,  # noqa: F401
    messages,  # noqa: F401
    notifications,  # noqa: F401
    people,  # noqa: F401
    search,  # noqa: F401
    tasks,  # noqa: F401
    timelines,  # noqa: F401
)
