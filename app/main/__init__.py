from app.main import (
    activity,
    export,
    feeds,
    hooks,
    languages,
    messages,
    notifications,
    people,
    posts,
    search,
    tasks,
    timelines,
)
from app.main.blueprint import bp

__all__ = ['bp']
