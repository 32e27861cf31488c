"""Profiles, editing one's own, and following (chapters 6 and 8)."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_required
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from app.extensions import csrf, db
from app.main.blueprint import bp
from app.main.forms import EditProfileForm, EmptyForm
from app.main.paging import shown
from app.media.images import avatar
from app.models import User
from app.models.listing import Listing
from app.models.people import Followed, Followers, RecentAuthors
from app.models.timeline import AnswersBy, PostsBy
from app.text import BODY_LENGTH, USERNAME_LENGTH, straight
from app.web.ended_sessions import may_be_sent_again, send_again
from app.web.paging import links_to, requested_page
from app.web.public import card, is_stranger, login_required_unless_public
from app.web.site import local_path
from app.web.uploads import UploadError, explained, receive

PICTURE_SIZE = 256  # pixels, where another site shows a link to a profile


def user_or_404(username: str) -> User:
    user = User.find(username)
    if user is None:
        abort(404)
    return user


@bp.route('/user/<username>')
@login_required_unless_public
def user(username: str) -> str:
    """Show a person and their posts."""
    user = user_or_404(username)
    return _profile(user, PostsBy(user), 'main.user', straight(user.username), 'main.user_feed')


@bp.route('/user/<username>/answers')
@login_required_unless_public
def answers(username: str) -> str:
    """Show a person and their answers to posts."""
    user = user_or_404(username)
    title = _('Answers by %(username)s', username=straight(user.username))
    return _profile(user, AnswersBy(user), 'main.answers', title)


def _profile(user: User, timeline: PostsBy, endpoint: str, title: str, feed: str = '') -> str:
    page = requested_page(timeline)
    return render_template(
        'main/user.html',
        title=title,
        user=user,
        posts=shown(page.items),
        of_answers=endpoint == 'main.answers',
        form=None if is_stranger() else EmptyForm(),
        is_following=not is_stranger() and user != current_user and current_user.is_following(user),
        card=card(
            title,
            endpoint,
            username=user.username,
            kind='profile',
            description=user.about_me,
            image=user.avatar(PICTURE_SIZE),
            feed=feed,
            noindex=user.noindex or not page.is_newest,
            posts=page.items,  # not only their own
        ),
        **links_to(page, endpoint, username=user.username),
    )


@bp.route('/user/<username>/popup')
@login_required
def user_popup(username: str) -> str:
    """Show in a few lines who a person is: a piece of a page, for a script (chapter 20)."""
    user = user_or_404(username)
    return render_template(
        'main/user_popup.html',
        user=user,
        form=EmptyForm(),
        is_following=user != current_user and current_user.is_following(user),
    )


@bp.route('/user/<username>/followers')
@login_required
def followers(username: str) -> str:
    """Show who follows a person."""
    return _list(username, Followers, _l('Followers of %(username)s'))


@bp.route('/user/<username>/following')
@login_required
def following(username: str) -> str:
    """Show whom a person follows."""
    return _list(username, Followed, _l('Followed by %(username)s'))


def _list(username: str, people: type[Followers | Followed], title: str) -> str:
    user = user_or_404(username)
    title = title % {'username': straight(user.username)}
    back = url_for('main.user', username=user.username), _('Back to the profile')
    return list_beside(people(user), title, back, username=user.username)


def list_beside(people: Listing[User], title: str, back: tuple[str, str], **values: Any) -> str:
    """Return the page of a list that belongs to something, to which `back` leads."""
    page, endpoint = requested_page(people), str(request.endpoint)
    return render_template(
        'main/people.html',
        title=title,
        # Names, which are for those who read what they stand beside.
        card=card(title, endpoint, noindex=True, **values),
        back=back,
        **in_a_list(page.items),
        **links_to(page, endpoint, **values),
    )


@bp.route('/people')
@login_required_unless_public
def people() -> str:
    """Show who wrote lately."""
    page = requested_page(RecentAuthors())
    people = [author for author, _timestamp in page.items]
    title = _('People who wrote lately')
    noindex = not page.is_newest or any(person.noindex for person in people)
    return render_template(
        'main/people.html',
        title=title,
        **in_a_list(people),
        card=card(title, 'main.people', noindex=noindex),
        **links_to(page, 'main.people'),
    )


def in_a_list(people: Sequence[User]) -> dict[str, Any]:
    """Return what `_people.html` shows of `people`, to strangers without the buttons."""
    if is_stranger():
        return {'people': people}
    return {'people': people, 'followed_ids': current_user.followed_among(people)}


@bp.route('/edit_profile', methods=['GET', 'POST'])
@login_required
def edit_profile() -> str | Response | tuple[str, int]:
    """Change one's own name, description and picture."""
    form = EditProfileForm(current_user.username)
    status = 200
    if form.validate_on_submit():
        try:
            _change_picture(form)
        except UploadError as error:
            form.picture.errors = [error.message]
            status = error.status
        else:
            if _save_profile(form):
                flash(_('Your changes have been saved.'))
                return redirect(url_for('main.edit_profile'))
    elif request.method == 'GET':
        form.username.data = current_user.username
        form.about_me.data = current_user.about_me
        if form.noindex is not None:
            form.noindex.data = current_user.noindex
    page = render_template(
        'main/edit_profile.html',
        title=_('Edit Profile'),
        form=form,
        body_length=BODY_LENGTH,
    )
    return page, status


def _change_picture(form: EditProfileForm) -> None:
    if form.picture.data:
        # Percent of what lies beside the square; what is nonsense is the middle.
        place = request.form.get('place', 50, type=int)
        make = partial(avatar, place=min(max(place, 0), 100) / 100)
        picture = receive(current_user, form.picture.data.stream, make)
        with explained():
            current_user.set_avatar(picture)
    elif form.remove_picture.data:
        current_user.set_avatar(None)


def _save_profile(form: EditProfileForm) -> bool:
    """Save the name and the description; return whether they could be."""
    current_user.username = form.username.data
    current_user.about_me = form.about_me.data
    if form.noindex is not None:
        current_user.noindex = form.noindex.data
    try:
        db.session.commit()
    except IntegrityError:
        # Somebody took the name since the form was checked: checking again says so.
        db.session.rollback()
        if form.validate():
            raise
        return False
    return True


@bp.route('/follow/<username>', methods=['POST'])
@csrf.exempt  # the form checks the token, and a bad one leads home instead of to an error page
@login_required
def follow(username: str) -> Response:
    """Follow a person from now on."""
    return _change_following(
        username,
        User.follow,
        done=_l('You are following %(username)s!'),
        oneself=_l('You cannot follow yourself!'),
    )


@bp.route('/unfollow/<username>', methods=['POST'])
@csrf.exempt  # as above
@login_required
def unfollow(username: str) -> Response:
    """Follow a person no longer."""
    return _change_following(
        username,
        User.unfollow,
        done=_l('You are not following %(username)s.'),
        oneself=_l('You cannot unfollow yourself!'),
    )


def _change_following(
    username: str, change: Callable[[User, User], bool], *, done: str, oneself: str
) -> Response:
    if not EmptyForm().validate_on_submit():
        return send_again() if may_be_sent_again() else redirect(url_for('main.index'))
    user, page = User.find(username), request.form.get('next')
    if user is None:
        shown = straight(username[:USERNAME_LENGTH])  # what is longer is nobody's name
        flash(_('User %(username)s not found.', username=shown))
        return redirect(local_path(page, url_for('main.index')))
    name = user.username  # read here: after the commit that would be a query
    if user == current_user:
        flash(oneself)
    else:
        change(current_user, user)
        db.session.commit()
        if request.headers.get('X-Requested-With') == 'popup':
            # The button in the popup, which stays where it is, says enough.
            return redirect(url_for('main.user_popup', username=username), 303)
        flash(done % {'username': straight(name)})
    return redirect(local_path(page, url_for('main.user', username=name)))
