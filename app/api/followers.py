"""Who follows whom (chapters 8 and 23)."""

from apifairy import other_responses
from flask import abort

from app.api.auth import caller
from app.api.errors import bad_request
from app.api.users import lists_people
from app.api.views import does, entry_or_404
from app.models import User
from app.models.people import Followed, Followers

ONESELF = {400: 'This is you'}


@lists_people('/users/<int:id>/followers')
def get_followers(id: int) -> Followers:
    """List who follows somebody, the latest account first."""
    return Followers(entry_or_404(User, id))


@lists_people('/users/<int:id>/followed')
def get_followed(id: int) -> Followed:
    """List whom somebody follows, the latest account first."""
    return Followed(entry_or_404(User, id))


@does('POST', '/users/<int:id>/follow')
@other_responses(ONESELF)
def follow(id: int) -> None:
    """Follow somebody from now on. Whoever does already goes on doing so."""
    caller().follow(_somebody_else(id))


@does('DELETE', '/users/<int:id>/follow')
@other_responses(ONESELF)
def unfollow(id: int) -> None:
    """Follow somebody no longer."""
    caller().unfollow(_somebody_else(id))


def _somebody_else(id: int) -> User:
    user = entry_or_404(User, id)
    if user == caller():
        abort(bad_request('you cannot follow yourself'))
    return user
