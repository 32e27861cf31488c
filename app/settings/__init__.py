from app.settings import overview, tokens
from app.settings.blueprint import bp

__all__ = ['bp']
