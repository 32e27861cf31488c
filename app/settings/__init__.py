from app.settings import (
    confirmation,
    data,
    devices,
    history,
    importing,
    invitations,
    leaving,
    overview,
    passkeys,
    preferences,
    second_factor,
    tokens,
)
from app.settings.blueprint import bp

__all__ = ['bp']
