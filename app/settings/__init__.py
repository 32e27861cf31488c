from app.settings import overview  # noqa: F401 (its views)
from app.settings.blueprint import bp

__all__ = ['bp']
