from app.auth import account, login, passkeys, prove, reset, second_factor
from app.auth.blueprint import bp

__all__ = ['bp']
