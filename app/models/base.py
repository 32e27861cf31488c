"""What every model starts from."""

from typing import TYPE_CHECKING, Annotated, Any, cast

from sqlalchemy import CursorResult, Executable, ForeignKey
from sqlalchemy.orm import mapped_column

from app.database import Base
from app.extensions import db

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


def rows_changed(statement: Executable) -> int:
    """Execute an INSERT, UPDATE or DELETE; return how many rows it has touched."""
    options = {'synchronize_session': False, 'preserve_rowcount': True}
    done = db.session.execute(statement, execution_options=options)
    return cast(CursorResult[Any], done).rowcount


Identifier = Annotated[int, mapped_column(primary_key=True)]
# What belongs to an account goes with it.
UserId = Annotated[int, mapped_column(ForeignKey('user.id', ondelete='CASCADE'))]
