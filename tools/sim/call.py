"""What a handler gets: one request within its session, its transaction and the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from xml.etree.ElementTree import Element

from sqlalchemy.orm import Session as Database

from .config import Config, Limits
from .results import Code, Outcome, Refusal, status
from .sessions import Session
from .store import User

if TYPE_CHECKING:
    from .service import Service


@dataclass
class Call:
    """One client request. Only requests that need no session may find `live` to be None."""

    service: Service
    db: Database
    live: Session | None
    version: str
    request: Element
    now: float

    @property
    def session(self) -> Session:
        """The session of the request."""
        if self.live is None:
            raise Refusal(Code.NOT_LOGGED_IN)
        return self.live

    @property
    def user(self) -> User:
        """The user of the session."""
        user = self.db.get(User, self.session.user_id)
        if user is None:
            raise Refusal(Code.NOT_LOGGED_IN)
        return user

    @property
    def config(self) -> Config:
        return self.service.config

    @property
    def limits(self) -> Limits:
        return self.service.config.limits

    @property
    def home(self) -> str:
        """The domain of the service."""
        return self.service.config.domain

    def done(self, outcome: Outcome | None = None, done: int = 1) -> Element:
        """Status 200, or what became of a request that was done in part."""
        if outcome is None:
            return status(Code.OK, self.version)
        answer = Element("Status")
        answer.append(outcome.result(done, self.version))
        return answer


class Handler(NamedTuple):
    """How a primitive is answered. leaf: its place in the service tree; inband: needs a
    session.
    """

    answer: Callable[[Call], Element]
    leaf: str = ""
    inband: bool = True
