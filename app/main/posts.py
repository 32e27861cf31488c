"""A post on a page of its own: reading, answering, changing and deleting it, and applause."""

from collections.abc import Callable
from dataclasses import replace
from math import ceil

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_required
from sqlalchemy.orm.exc import ObjectDeletedError
from werkzeug.wrappers import Response

from app.extensions import db
from app.main.blueprint import bp
from app.main.paging import shown
from app.main.people import PICTURE_SIZE, list_beside
from app.main.pictures import PostForm, publish
from app.models import Post, User
from app.models.people import Likers, Reposters
from app.models.timeline import AnswersTo
from app.text import BODY_LENGTH, straight
from app.web.paging import links_to, requested_page
from app.web.public import card, is_stranger, login_required_unless_public
from app.web.sessions import is_from_script
from app.web.site import local_path

TITLE_LENGTH = 60  # characters of the text in a title

# What is done, and what a screen reader is told of it.
REACTIONS: dict[str, tuple[Callable[[User, Post], bool], str]] = {
    'like': (User.like, _l('You like this post.')),
    'unlike': (User.unlike, _l('You do not like this post any more.')),
    'repost': (User.repost, _l('You have reposted this post.')),
    'unrepost': (User.unrepost, _l('You do not repost this post any more.')),
    'bookmark': (User.bookmark, _l('The post is among your bookmarks.')),
    'unbookmark': (User.unbookmark, _l('The post is not among your bookmarks any more.')),
}


def own_post(id_: int) -> Post:
    """Return a post of the person who is logged in: 403 when it is somebody else's."""
    post = Post.find(id_) or abort(404)
    if post.user_id != current_user.id:
        abort(403)
    return post


def title_of(post: Post) -> str:
    """Return the author and the beginning of the text."""
    text = ' '.join(straight(post.body).split())
    if not text and post.pictures:
        text = ' '.join(straight(post.pictures[0].alt).split()) or _('Picture')
    if len(text) > TITLE_LENGTH:
        text = f'{text[:TITLE_LENGTH].rsplit(" ", 1)[0]}…'
    return f'{straight(post.author.username)}: {text}'


@bp.route('/post/<int:id>', methods=['GET', 'POST'])
@login_required_unless_public
def post(id: int) -> Response | tuple[str, int]:
    """Show a post between what it answers and what answers it, with a box to answer."""
    post = Post.find(id) or abort(404)
    form = None if is_stranger() else PostForm()
    if form is not None and form.validate_on_submit():
        answer = Post(body=form.post.data, author=current_user, in_reply_to=post.id)
        db.session.add(answer)
        try:
            publish(answer, form)
        except ObjectDeletedError:
            db.session.rollback()
            abort(404)
        flash(_('Your answer is now live!'))
        return redirect(_page_with(answer, post))
    page = requested_page(AnswersTo(post))
    above = post.ancestors()
    around = {
        each.post.id: replace(each, answers=None, is_alone=each.post.id == post.id)
        for each in shown([*above, post, *page.items])
    }
    html = render_template(
        'main/post.html',
        title=title_of(post),
        post=around[post.id],
        is_own=form is not None and post.user_id == current_user.id,
        above=[around[each.id] for each in above],
        topmost=[*above, post][0].in_reply_to,
        answers=[around[each.id] for each in page.items],
        form=form,
        body_length=BODY_LENGTH,
        card=card(
            title_of(post),
            'main.post',
            id=post.id,
            kind='article',
            description=post.body,
            image=post.author.avatar(PICTURE_SIZE),
            noindex=not page.is_newest,
            posts=[*above, post, *page.items],
        ),
        **links_to(page, 'main.post', id=post.id),
    )
    return html, 200 if form is None else form.status


def _page_with(answer: Post, post: Post) -> str:
    """Return the address of the page of `post` that ends with the newest answer to it."""
    number = max(ceil(post.reply_count / current_app.config['POSTS_PER_PAGE']), 1)
    if number == 1:
        return url_for('main.post', id=post.id)
    return url_for('main.post', id=post.id, page=number, _anchor=f'post{answer.id}')


@bp.route('/post/<int:id>/edit', methods=['GET', 'POST'])
@login_required
def edit_post(id: int) -> Response | tuple[str, int]:
    """Change what a post of one's own says."""
    post = own_post(id)
    form = PostForm(post)
    if form.validate_on_submit():
        publish(post, form)
        flash(_('Your changes have been saved.'))
        return redirect(url_for('main.post', id=post.id))
    if request.method == 'GET' and not form.post.data:
        form.post.data = post.body
    html = render_template(
        'main/edit_post.html', title=_('Edit Post'), form=form, post=post, body_length=BODY_LENGTH
    )
    return html, form.status


@bp.route('/post/<int:id>/delete', methods=['GET', 'POST'])
@login_required
def delete_post(id: int) -> str | Response:
    """Delete a post of one's own, after a question. Its answers stay."""
    post = own_post(id)
    if request.method == 'POST':
        above = post.in_reply_to
        db.session.delete(post)
        db.session.commit()
        flash(_('The post has been deleted.'))
        if above is not None and Post.find(above) is not None:
            return redirect(url_for('main.post', id=above))
        return redirect(url_for('main.index'))
    return render_template('main/delete_post.html', title=_('Delete Post'), post=post)


@bp.route(f'/post/<int:id>/<any({",".join(REACTIONS)}):action>', methods=['POST'])
@login_required
def react(id: int, action: str) -> Response | str:
    """Like a post, pass it on or keep it, or take that back. Twice is as good as once."""
    post = Post.find(id) or abort(404)
    do, done = REACTIONS[action]
    do(current_user, post)
    db.session.commit()
    if is_from_script():
        return str(done)
    back = local_path(request.form.get('next'), url_for('main.post', id=id))
    return redirect(f'{back}#post{id}')


@bp.route('/post/<int:id>/likes')
@login_required_unless_public
def likes(id: int) -> str:
    """Show who likes a post."""
    return _people(id, Likers, _l('Who likes this'))


@bp.route('/post/<int:id>/reposts')
@login_required_unless_public
def reposts(id: int) -> str:
    """Show who has passed a post on."""
    return _people(id, Reposters, _l('Who reposted this'))


def _people(id_: int, people: type[Likers | Reposters], title: str) -> str:
    back = url_for('main.post', id=id_), _('Back to the post')
    return list_beside(people(Post.find(id_) or abort(404)), title, back, id=id_)
