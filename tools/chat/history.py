"""What was said, who the contacts are and which groups were joined, in SQLite."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FILE = "history.db"

# what becomes of a message of one's own, and of one that came
WAITING, SENDING, SENT, DELIVERED, FAILED = "waiting", "sending", "sent", "delivered", "failed"
NEW, READ = "new", "read"

_INTERRUPTED = "the program ended while it was sent: it may have arrived"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, peer TEXT NOT NULL, sender TEXT NOT NULL,
    text TEXT NOT NULL, time REAL NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
    identity TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS talk ON message (account, peer, id);
CREATE INDEX IF NOT EXISTS identity ON message (account, identity);
CREATE INDEX IF NOT EXISTS state ON message (account, state);
CREATE TABLE IF NOT EXISTS contact (
    account TEXT NOT NULL, address TEXT NOT NULL, nick TEXT NOT NULL,
    PRIMARY KEY (account, address));
CREATE TABLE IF NOT EXISTS room (
    account TEXT NOT NULL, address TEXT NOT NULL, name TEXT NOT NULL,
    PRIMARY KEY (account, address));
CREATE TABLE IF NOT EXISTS own (
    account TEXT PRIMARY KEY, availability TEXT NOT NULL, status TEXT NOT NULL);
"""

_COLUMNS = "id, peer, sender, text, time, state, reason"


@dataclass(frozen=True)
class Line:
    """One message. peer: address of the user or group it is in; sender: "" for one's own;
    time: seconds since 1970; state: see above; reason: why it failed.
    """

    id: int
    peer: str
    sender: str
    text: str
    time: float
    state: str
    reason: str


class History:
    """The history of one account (its address)."""

    def __init__(self, folder: Path, account: str) -> None:
        self.account = account
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / FILE
        os.close(os.open(path, os.O_CREAT, 0o600))
        self._base = sqlite3.connect(path, isolation_level=None)
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = NORMAL")
        self._base.executescript(_SCHEMA)
        self._do("UPDATE message SET state = 'failed', reason = ? WHERE account = ? AND "
                 "state = 'sending'", _INTERRUPTED, account)  # fmt: skip

    def _do(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self._base.execute(statement, values)

    def _lines(self, where: str, *values: object) -> list[Line]:
        found = self._do(f"SELECT {_COLUMNS} FROM message WHERE {where}", *values)
        return [Line(*row) for row in found]

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def add(
        self, peer: str, sender: str, text: str, state: str, identity: str = ""
    ) -> Line | None:
        """Keep a message; None for one that came before: the service repeats what it is not
        sure of, also after a power cut."""
        if sender and identity:
            known = "SELECT 1 FROM message WHERE account = ? AND identity = ? AND peer = ? AND "
            values = (self.account, identity, peer, sender, text)
            if self._do(known + "sender = ? AND text = ?", *values).fetchone():
                return None
        row = self._do(
            "INSERT INTO message (account, peer, sender, text, time, state, identity) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(self.account, peer, sender, text, time.time(), state, identity),
        ).lastrowid
        assert row is not None
        return self.line(row)

    def line(self, number: int) -> Line:
        """One message."""
        return self._lines("id = ?", number)[0]

    def mark(self, number: int, state: str, reason: str = "", identity: str = "") -> Line:
        """What became of a message."""
        self._do(
            "UPDATE message SET state = ?, reason = ?, identity = ? WHERE id = ?",
            *(state, reason, identity, number),
        )
        return self.line(number)

    def sent(self, identity: str) -> Line | None:
        """The message of one's own with this MessageID."""
        where = "account = ? AND identity = ? AND sender = '' ORDER BY id DESC LIMIT 1"
        return next(iter(self._lines(where, self.account, identity)), None)

    def waiting(self) -> Line | None:
        """The oldest message that is still to be sent."""
        where = "account = ? AND state = 'waiting' ORDER BY id LIMIT 1"
        return next(iter(self._lines(where, self.account)), None)

    def last(self, peer: str, count: int) -> list[Line]:
        """The newest messages with a peer, oldest first."""
        where = "account = ? AND peer = ? ORDER BY id DESC LIMIT ?"
        return self._lines(where, self.account, peer, count)[::-1]

    def read(self, peer: str) -> None:
        """All that came from a peer has been seen."""
        self._do(
            "UPDATE message SET state = 'read' WHERE account = ? AND peer = ? AND state = 'new'",
            *(self.account, peer),
        )

    def unread(self) -> dict[str, int]:
        """Peer -> messages nobody has seen."""
        found = self._do(
            "SELECT peer, count(*) FROM message WHERE account = ? AND state = 'new' GROUP BY peer",
            self.account,
        )
        return dict(found.fetchall())

    def peers(self) -> list[str]:
        """Everybody with whom there are messages, the newest first."""
        found = self._do(
            "SELECT peer FROM message WHERE account = ? GROUP BY peer ORDER BY max(id) DESC",
            self.account,
        )
        return [peer for (peer,) in found.fetchall()]

    def contacts(self) -> dict[str, str]:
        """Address -> nick name, as last seen."""
        return dict(self._do("SELECT address, nick FROM contact WHERE account = ?", self.account))

    def keep_contacts(self, contacts: Iterable[tuple[str, str]]) -> None:
        """Replace them."""
        self._do("BEGIN")
        self._do("DELETE FROM contact WHERE account = ?", self.account)
        self._base.executemany(
            "INSERT OR REPLACE INTO contact VALUES (?, ?, ?)",
            ((self.account, *each) for each in contacts),
        )
        self._do("COMMIT")

    def rooms(self) -> dict[str, str]:
        """Address -> own screen name of the groups to be in."""
        return dict(self._do("SELECT address, name FROM room WHERE account = ?", self.account))

    def keep_room(self, address: str, name: str | None) -> None:
        """A group was joined, or left (None)."""
        self._do("DELETE FROM room WHERE account = ? AND address = ?", self.account, address)
        if name is not None:
            self._do("INSERT INTO room VALUES (?, ?, ?)", self.account, address, name)

    def own(self) -> tuple[str, str]:
        """(availability, status text) that was last published."""
        row = self._do(
            "SELECT availability, status FROM own WHERE account = ?", self.account
        ).fetchone()
        return tuple(row) if row else ("AVAILABLE", "")

    def keep_own(self, availability: str, status: str) -> None:
        """Remember it for the next login."""
        self._do("INSERT OR REPLACE INTO own VALUES (?, ?, ?)", self.account, availability, status)
