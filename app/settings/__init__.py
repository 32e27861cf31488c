from app.settings import overview
from app.settings.blueprint import bp

__all__ = ['bp']
