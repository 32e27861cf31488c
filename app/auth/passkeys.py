"""What the pages that take a passkey ask a browser for."""

from flask import Response, abort, current_app, request
from flask_login import current_user

from app.auth.blueprint import bp
from app.web import passkeys, second_step

bp.add_app_template_global(lambda: passkeys.site() is not None, 'passkeys_work')


@bp.route('/passkey_options', methods=['POST'])
def passkey_options() -> Response:
    """Return what a browser is to be asked for, as it takes it."""
    site = passkeys.site()
    if site is None:
        abort(404)
    user = None
    if current_user.is_authenticated:
        user = current_user
    elif 'step' in request.args:
        waiting = second_step.waiting()
        user = waiting.user if waiting is not None else None
    options = passkeys.show_options(user, site)
    return current_app.response_class(options, mimetype='application/json')
