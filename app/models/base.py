"""What every model starts from."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, cast

from sqlalchemy import Connection, CursorResult, Executable, ForeignKey, bindparam, update
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


# What `write_each` gives each row: one of its numbers.
NUMBER: Any = bindparam('number')


def write_each(connection: Connection, column: Any, value: Any, numbers: Mapping[int, int]) -> None:
    """Set `column` to `value`, in which NUMBER stands for that of the row, by ids of rows."""
    table = column.table
    each = update(table).where(table.c.id == bindparam('row')).values({column: value})
    if numbers:
        connection.execute(each, [{'row': id_, 'number': n} for id_, n in numbers.items()])


Identifier = Annotated[int, mapped_column(primary_key=True)]
# What belongs to an account goes with it.
UserId = Annotated[int, mapped_column(ForeignKey('user.id', ondelete='CASCADE'))]
