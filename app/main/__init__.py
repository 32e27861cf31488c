from app.main import (
    activity,  # noqa: F401
    export,  # noqa: F401
    feeds,  # noqa: F401
    hooks,  # noqa: F401
    languages,  # noqa: F401
    messages,  # noqa: F401
    notifications,  # noqa: F401
    people,  # noqa: F401
    posts,  # noqa: F401
    search,  # noqa: F401
    tasks,  # noqa: F401
    timelines,  # noqa: F401
)
from app.main.blueprint import bp

__all__ = ['bp']
