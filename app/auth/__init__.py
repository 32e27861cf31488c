from app.auth import account, login, prove, reset
from app.auth.blueprint import bp

__all__ = ['bp']
