"""The extensions, not yet bound to an application, so that nobody imports "upward" to get them."""

from flask_babel import Babel
from flask_babel import lazy_gettext as _l
from flask_bootstrap import Bootstrap5
from flask_mail import Mail
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

from app.database import Base
from app.extensions.login import VisitorManager
from app.extensions.masking import MaskedCSRFProtect
from app.extensions.moments import Moment

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
