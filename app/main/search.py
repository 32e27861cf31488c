"""Searching posts and people (chapter 16)."""

from typing import Any

from flask import current_app, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import login_required
from werkzeug.wrappers import Response

from app.extensions import db
from app.main.blueprint import bp
from app.main.paging import shown
from app.main.people import in_a_list
from app.models import Post, SearchableMixin, User
from app.search import DEEPEST_HIT, Order, SearchUnavailable, parse
from app.web.paging import page_number


@bp.route('/search')
@login_required
def search() -> str | Response:
    """Show the posts that were found or, with `kind=people`, the people."""
    if not g.search_form.validate():
        return redirect(url_for('main.explore'))
    q: str = g.search_form.q.data
    page = page_number(request.args.get('page', ''))
    order: Order = 'newest' if request.args.get('order') == 'newest' else 'best'
    kind = 'people' if request.args.get('kind') == 'people' else 'posts'
    # The engine may take its time: no connection to the database waits for it.
    db.session.rollback()
    try:
        found = _find_people(q, page) if kind == 'people' else _find_posts(q, page, order)
    except SearchUnavailable:
        return render_template('main/search.html', title=_('Search'), unavailable=True)
    shown = page * current_app.config['POSTS_PER_PAGE']
    link: dict[str, Any] = {'q': q}
    if order != 'best':
        link['order'] = order
    if kind != 'posts':
        link['kind'] = kind
    has_next = shown < min(found['totals'][kind], DEEPEST_HIT)
    return render_template(
        'main/search.html',
        title=_('Search'),
        q=q,
        kind=kind,
        order=order,
        search_query=parse(q),
        next_url=url_for('main.search', **link, page=page + 1) if has_next else None,
        prev_url=url_for('main.search', **link, page=page - 1) if page > 1 else None,
        **found,
    )


def _find_posts(q: str, page: int, order: Order) -> dict[str, Any]:
    people_total = _number_of(User, q)
    posts, total = Post.search(q, page, current_app.config['POSTS_PER_PAGE'], order)
    return {'posts': shown(posts), 'totals': {'posts': total, 'people': people_total}}


def _find_people(q: str, page: int) -> dict[str, Any]:
    posts_total = _number_of(Post, q)
    people, total = User.search(q, page, current_app.config['POSTS_PER_PAGE'])
    return {**in_a_list(people), 'totals': {'posts': posts_total, 'people': total}}


def _number_of(model: type[SearchableMixin], q: str) -> int:
    _ids, total = model.hits(q, 1, 1)
    return total
