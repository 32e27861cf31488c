from app.auth import account, login, reset  # noqa: F401
from app.auth.blueprint import bp

__all__ = ['bp']
