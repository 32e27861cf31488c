"""Microblog: what the application is made of, top to bottom."""

from flask import Flask

from app import database, logs, search
from app.extensions import babel, bootstrap, csrf, db, login, mail, migrate, moment
from app.languages.locales import select_language
from app.logs import audit
from app.media import storage
from app.web import (
    assets,
    drawn,
    ended_sessions,
    headers,
    health,
    incoming,
    limits,
    pictures,
    proxies,
    public,
    sessions,
    templating,
    well_known,
)
from config import Config, basedir

__all__ = ['create_app', 'db']


def create_app(config_class: type[Config] = Config) -> Flask:
    """Build an application of its own, with the settings of `config_class` (chapter 15)."""
    app = Flask(__name__, instance_path=config_class.INSTANCE_PATH)
    app.config.from_object(config_class)
    config_class.init_app(app)
    mail.init_app(app)
    logs.init_app(app)  # mails errors from here on
    incoming.init_app(app)

    database.init_app(app)
    db.init_app(app)
    migrate.init_app(
        app, db, str(basedir / 'migrations'), render_as_batch=True, compare_server_default=True
    )
    search.init_app(app)
    storage.init_app(app)
    sessions.init_app(app)
    login.init_app(app)
    ended_sessions.init_app(app)
    csrf.init_app(app)
    bootstrap.init_app(app)
    moment.init_app(app)
    babel.init_app(app, locale_selector=select_language)

    headers.init_app(app)
    audit.init_app(app)
    templating.init_app(app)
    drawn.init_app(app)
    public.init_app(app)

    from app import tasks
    from app.errors import bp as errors_bp

    app.register_blueprint(errors_bp)

    from app.auth import bp as auth_bp

    app.register_blueprint(auth_bp, url_prefix='/auth')

    from app.settings import bp as settings_bp

    app.register_blueprint(settings_bp, url_prefix='/settings')

    from app.main import bp as main_bp

    app.register_blueprint(main_bp)

    from app.api import bp as api_bp
    from app.api import openapi

    app.register_blueprint(api_bp, url_prefix='/api')
    openapi.init_app(app)

    tasks.init_app(app)
    limits.init_app(app)

    # Around the application, from the inside out.
    proxies.init_app(app)
    pictures.init_app(app)
    assets.init_app(app)
    well_known.init_app(app)
    health.init_app(app)
    return app
