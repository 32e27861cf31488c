from app.auth import account, login, prove, reset  # noqa: F401 (their views)
from app.auth.blueprint import bp

__all__ = ['bp']
