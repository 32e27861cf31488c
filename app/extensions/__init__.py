"""The extensions, not yet bound to an application, so that nobody imports "upward" to get them."""

from typing import Any

from flask_babel import Babel
from flask_babel import lazy_gettext as _l
from flask_bootstrap import Bootstrap5
from flask_login import LoginManager
from flask_mail import Mail
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

from app.database import Base
from app.extensions.masking import MaskedCSRFProtect
from app.extensions.moments import Moment


class VisitorManager(LoginManager):
    """Flask-Login's manager, which a "Remember Me" cookie that is no text of ours cannot upset."""

    def _load_user_from_remember_cookie(self, cookie: str) -> Any:
        return super()._load_user_from_remember_cookie(cookie) if cookie.isascii() else None


db = SQLAlchemy(model_class=Base)
migrate = Migrate()
login = VisitorManager()
login.login_view = 'auth.login'
login.login_message = _l('Please log in to access this page.')
csrf = MaskedCSRFProtect()
mail = Mail()
bootstrap = Bootstrap5()
moment = Moment()
babel = Babel()
