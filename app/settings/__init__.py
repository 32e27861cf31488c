from app.settings import confirmation, devices, history, overview, passkeys, second_factor, tokens
from app.settings.blueprint import bp

__all__ = ['bp']
