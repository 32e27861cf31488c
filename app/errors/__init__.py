from app.errors import handlers  # noqa: F401
from app.errors.blueprint import bp

__all__ = ['bp']
