"""What every model starts from."""

from typing import TYPE_CHECKING, Annotated

from sqlalchemy import ForeignKey
from sqlalchemy.orm import mapped_column

from app.database import Base
from app.extensions import db

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model

Identifier = Annotated[int, mapped_column(primary_key=True)]
# What belongs to an account goes with it.
UserId = Annotated[int, mapped_column(ForeignKey('user.id', ondelete='CASCADE'))]
