"""Who follows whom (chapters 8 and 23)."""

from typing import Any

from apifairy import arguments, authenticate, other_responses, response
from flask import abort

from app.api.auth import caller, token_auth
from app.api.blueprint import bp
from app.api.entries import entry_or_404
from app.api.errors import bad_request
from app.api.paging import Arguments, PageSchema, people_page
from app.api.users import UserCollectionSchema
from app.extensions import db
from app.models import User
from app.models.people import Followed, Followers

ONESELF = {400: 'This is you'}


@bp.route('/users/<int:id>/followers', methods=['GET'])
@authenticate(token_auth)
@arguments(PageSchema)
@response(UserCollectionSchema)
def get_followers(page: Arguments, id: int) -> dict[str, Any]:
    """List who follows somebody, the latest account first."""
    return people_page(Followers(entry_or_404(User, id)), page)


@bp.route('/users/<int:id>/followed', methods=['GET'])
@authenticate(token_auth)
@arguments(PageSchema)
@response(UserCollectionSchema)
def get_followed(page: Arguments, id: int) -> dict[str, Any]:
    """List whom somebody follows, the latest account first."""
    return people_page(Followed(entry_or_404(User, id)), page)


@bp.route('/users/<int:id>/follow', methods=['POST'])
@authenticate(token_auth)
@other_responses(ONESELF)
def follow(id: int) -> tuple[str, int]:
    """Follow somebody from now on. Whoever does already goes on doing so."""
    caller().follow(_somebody_else(id))
    db.session.commit()
    return '', 204


@bp.route('/users/<int:id>/follow', methods=['DELETE'])
@authenticate(token_auth)
@other_responses(ONESELF)
def unfollow(id: int) -> tuple[str, int]:
    """Follow somebody no longer."""
    caller().unfollow(_somebody_else(id))
    db.session.commit()
    return '', 204


def _somebody_else(id: int) -> User:
    user = entry_or_404(User, id)
    if user == caller():
        abort(bad_request('you cannot follow yourself'))
    return user
