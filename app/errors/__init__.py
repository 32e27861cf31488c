from app.errors import handlers
from app.errors.blueprint import bp

__all__ = ['bp']
