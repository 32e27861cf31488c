"""Addresses that accounts claim: theirs when a link that was mailed there is followed."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from flask import current_app
from sqlalchemy.orm import Mapped

# Of the addresses that stand in for those which are nobody's yet; app/email sends nothing there.
NOWHERE = '@unconfirmed.invalid'


class UnconfirmedError(Exception):
    """The account has to confirm its address before it does what others see."""


class Claimant:
    """What an account can do about its address."""

    if TYPE_CHECKING:
        email: Mapped[str]
        claimed_email: Mapped[str | None]

    def claim(self, address: str) -> None:
        """Have `address`, not confirmed yet.

        Where the site demands to confirm it, it stays free: whoever registers with the address of
        somebody else takes nothing from them, and is told nothing.
        """
        self.claimed_email = address
        demanded = current_app.config['CONFIRM_EMAIL']
        self.email = f'{secrets.token_hex(16)}{NOWHERE}' if demanded else address

    @property
    def own_email(self) -> str:
        """The address as its owner knows it."""
        return self.claimed_email or self.email

    def has_to_confirm(self) -> bool:
        """Tell whether the account may not do yet what others see."""
        # The setting first: to read an account may flush what is only being made.
        return bool(current_app.config['CONFIRM_EMAIL']) and self.claimed_email is not None

    def require_confirmed(self) -> None:
        """Raise UnconfirmedError where the account may not do yet what others see."""
        if self.has_to_confirm():
            raise UnconfirmedError
