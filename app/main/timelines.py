"""The home page and Explore (chapter 9), what has a tag, and what one keeps."""

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from app.extensions import db
from app.main.blueprint import bp
from app.main.paging import new_posts_in, shown
from app.main.pictures import PostForm, publish
from app.models import Post, Tag
from app.models.listing import Span
from app.models.people import RecentAuthors
from app.models.timeline import AllPosts, Bookmarked, PostsUnder
from app.text import BODY_LENGTH
from app.web.paging import links_to, requested_page
from app.web.public import card, login_required_unless_public, strangers_see

SUGGESTIONS = 5  # people, where nobody is followed who has written


@bp.route('/', methods=['GET', 'POST'])
@bp.route('/index', methods=['GET', 'POST'])
@strangers_see('main.explore')
@login_required
def index() -> Response | tuple[str, int]:
    """Show the posts of everybody followed, with a box to write one."""
    form = PostForm()
    if form.validate_on_submit():
        post = Post(body=form.post.data, author=current_user)
        db.session.add(post)
        publish(post, form)
        flash(_('Your post is now live!'))
        return redirect(url_for('main.index'))
    page = requested_page(current_user.followed_posts())
    suggestions = []
    if page.is_newest and not page.items:
        suggestions = RecentAuthors(current_user).read(Span(SUGGESTIONS))
    html = render_template(
        'main/index.html',
        title=_('Home'),
        form=form,
        body_length=BODY_LENGTH,
        posts=shown(page.items),
        people=[author for author, _timestamp in suggestions],
        followed_ids=set(),  # that is why they are suggested
        new_posts=new_posts_in('home', page),
        **links_to(page, 'main.index'),
    )
    return html, form.status


@bp.route('/explore')
@login_required_unless_public
def explore() -> str:
    """Show everybody's posts."""
    page = requested_page(AllPosts())
    return render_template(
        'main/index.html',
        title=_('Explore'),
        posts=shown(page.items),
        card=card(
            _('Explore'),
            'main.explore',
            feed='main.explore_feed',
            noindex=not page.is_newest,
            posts=page.items,
        ),
        new_posts=new_posts_in('explore', page),
        **links_to(page, 'main.explore'),
    )


@bp.route('/tag/<word>')
@login_required_unless_public
def tag(word: str) -> str:
    """Show what has a tag, in whichever spelling."""
    found = Tag.find(word)
    if found is None:
        abort(404)
    title = f'#{found.name}'
    page = requested_page(PostsUnder(found))
    return render_template(
        'main/index.html',
        title=title,
        heading=title,
        posts=shown(page.items),
        card=card(
            title,
            'main.tag',
            word=found.name,
            feed='main.tag_feed',
            noindex=not page.is_newest,
            posts=page.items,
        ),
        new_posts=new_posts_in(f'tag:{found.id}', page),
        **links_to(page, 'main.tag', word=found.name),
    )


@bp.route('/bookmarks')
@login_required
def bookmarks() -> str:
    """Show the posts that one keeps, to oneself."""
    page = requested_page(Bookmarked(current_user))
    return render_template(
        'main/index.html',
        title=_('Bookmarks'),
        heading=_('Bookmarks'),
        posts=shown(page.items),
        **links_to(page, 'main.bookmarks'),
    )
