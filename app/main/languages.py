"""The language of the site, chosen from the menu (chapter 13), and of posts (chapter 14)."""

import re

from flask import abort, current_app, jsonify, redirect, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from app.extensions import csrf, db
from app.languages.locales import is_offered, remember_language
from app.languages.translate import Failure, translate
from app.main.blueprint import bp
from app.text import BODY_LENGTH
from app.web.public import is_stranger
from app.web.site import is_from_this_site, is_local_path

LANGUAGE_TAG = re.compile(r'[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}', re.ASCII)


@bp.route('/language', methods=['POST'])
@csrf.exempt  # for strangers, who have no token
def set_language() -> Response:
    """Speak another language from now on: to this browser, and to the person logged in."""
    if current_app.config['WTF_CSRF_ENABLED'] and not (is_stranger() and is_from_this_site()):
        csrf.protect()
    language = request.form['language']
    if not is_offered(language):
        abort(400)
    if current_user.is_authenticated:
        current_user.language = language
        db.session.commit()
    target = request.form.get('next', '')
    response = redirect(target if is_local_path(target) else url_for('main.index'))
    return remember_language(response, language)


@bp.route('/translate', methods=['POST'])
@login_required
def translate_text() -> Response:
    """Translate a text that is no longer than a post, for a script."""
    text = request.form['text']
    source, destination = request.form['source_language'], request.form['dest_language']
    if not 0 < len(text) <= BODY_LENGTH:
        abort(400)
    if not all(LANGUAGE_TAG.fullmatch(language) for language in (source, destination)):
        abort(400)
    # The service may take its time: no connection to the database waits for it.
    db.session.rollback()
    translated = translate(text, source, destination)
    response = jsonify(text=translated)
    if isinstance(translated, Failure):
        # The script lets the reader try again.
        response.headers['X-Translation'] = 'failed'
    return response
