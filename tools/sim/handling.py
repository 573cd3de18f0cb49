"""Which sessions of a user get a message, by what each told in capability negotiation (1.3).

The names are public, their meaning is not. It is read so here: SERVERLOGIC, the default, is the
sessions of the highest SessionPriority, all of them where none told one; FORKALL is all; DETECT is
the one that was heard from last. With several sessions the one of the highest priority decides.
Without a session a message is stored, or refused after SENDREJECT, PRIORITYREJECT and REJECT.
spec: transactions.md section 4, guidelines-1.3.md section 8
"""

from __future__ import annotations

from .sessions import Session

ONLINE = ("SERVERLOGIC", "FORKALL", "DETECT")
OFFLINE = ("SENDSTORE", "SENDREJECT", "PRIORITYSTORE", "PRIORITYREJECT", "REJECT")
REFUSED = frozenset(each for each in OFFLINE if each.endswith("REJECT"))


def chosen(sessions: list[Session]) -> list[Session]:
    """The sessions of one user that get a message."""
    if not sessions:
        return []
    first = max(sessions, key=lambda each: each.capabilities.priority)
    if first.capabilities.online == "FORKALL":
        return sessions
    if first.capabilities.online == "DETECT":
        return [max(sessions, key=lambda each: each.seen)]
    highest = first.capabilities.priority
    return [each for each in sessions if each.capabilities.priority == highest]
