"""Made by tools/stubs.py: do not edit."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, BinaryIO

from .known import Presence
from .message import Message
from .primitives.invite import Invitation

Entity = str | tuple[str, str] | tuple[str, str, str]

class AsyncClient:
    """An IMPS client for asyncio: await a task, or iterate it with ``async for``.

    What blocking and asyncio clients share.

    bearer: how messages travel, from ``microimps.ports``; user: address, ``wv:`` may be
    missing; version: 1, 2 or 3 for CSP 1.1, 1.2, 1.3; syntax: "wbxml", "xml" or "pts", the
    only one over SMS; client: identity of this installation; schemes: digests for the 4-way
    login in order of preference, empty for a 2-way login with the password in clear; push:
    messages come whole, else they are notified first; content: most octets of a message's
    content that is kept; size, depth, longest: limits of the reader (codec.Reader); retries,
    wait: repeats of a request (session.Session). For PTS: extension: use the private codes of
    docs/pts-extension.md where the service knows them; codes: bytes, a table in place of the
    built-in ones (pts.table.load). cir: from ``microimps.ports.cir``: notices that something
    waits, in place of most polls. wishes: dict of more capabilities, see docs/service.md: "types",
    "language" and, in 1.3, "online", "offline", "priority"; "private": private proposals are on.
    Raises LocalError 48 for a version that is none of these.
    """

    session: Any
    bearer: Any
    inbox: list[Any]

    def __init__(
        self,
        bearer: Any,
        user: str,
        password: str = "",
        version: int = 2,
        syntax: str = "wbxml",
        client: str = "microimps",
        schemes: Iterable[str] = ("SHA", "MD5"),
        push: bool = True,
        content: int = 1024,
        size: int = 256,
        depth: int = 16,
        longest: int = 128,
        retries: int = 3,
        wait: int = 5000,
        extension: bool = False,
        codes: bytes | None = None,
        cir: Any = None,
        wishes: Mapping[str, Any] | None = None,
    ) -> None: ...
    def move(self, bearer: Any, syntax: str = "wbxml") -> None:
        """Go on with the same session over another bearer, in another syntax.

        Such as HTTP after a login over SMS, for which most primitives have no public code
        (transport.md section 3). A line that both bearers use stays open.
        """
    def events(self, ms: int = -1) -> AsyncIterator[Any]:
        """Iterate what arrives with ``async for``; as ``Client.events``."""
    async def close(self) -> None:
        """Close the connection. The session at the service goes on until logout or expiry."""
    async def login(
        self, resume: str | None = None, answers: Iterable[tuple[Any, ...]] = ()
    ) -> bool:
        """Log in and agree on capabilities and services. Returns whether session ``resume`` goes on.

        Digest login where ``schemes`` are set (transactions.md section 2.1). Where the service does
        not speak the version (505), the next lower one is tried; ``session.version`` tells which it is
        now. resume: SessionID of a session to
        go on with; a new one begins where the service has lost it. answers: to system messages that a
        refused login brought, as ``respond`` takes them. Raises StatusError with the service's
        refusal, LocalError when a session is open already.
        """
    async def logout(self) -> None:
        """End the session; it is over here whatever the service answers."""
    async def keep_alive(self) -> int:
        """Keep the session from expiring. Returns the status code, 200 or 605."""
    def lists(self) -> AsyncIterator[str]:
        """Iterate the addresses (str) of the contact lists."""
    def contacts(self, name: str | None = None) -> AsyncIterator[tuple[str, str]]:
        """Iterate the members of a list, the default list for None: tuples (address, nick name).

        One member is in memory at a time. Raises StatusError 700 for a list that does not exist.
        """
    async def create_list(
        self,
        name: str,
        title: str | None = None,
        default: bool | None = None,
        members: Iterable[tuple[str, str]] = (),
    ) -> str:
        """Create a list. members: iterable (more than once) of (address, nick). Returns its address.

        Raises StatusError 701 when it exists. What failed of the members is in ``session.details``.
        """
    async def delete_list(self, name: str) -> None:
        """Delete a list. Raises StatusError 700 for one that does not exist."""
    async def add_contact(
        self,
        name: str | None,
        user: str | Iterable[tuple[str, str]],
        nick: str = "",
        grant: bool | None = None,
    ) -> list[Any]:
        """Add a user to a list, None for the default. Returns what failed: [code, address, ...].

        user: address, or an iterable (more than once) of (address, nick) to add several; the nick of
        one who is there changes. grant: in 1.3, let them see the user's presence too. Raises
        StatusError 754 where the list is full, 531 for an unknown user, 516 for another domain.
        """
    async def remove_contact(
        self, name: str | None, user: str | Iterable[tuple[str, str]]
    ) -> list[Any]:
        """Remove a user from a list, None for the default. Returns what failed.

        user: address, or an iterable (more than once) of (address, nick) to remove several.
        """
    async def rename_list(self, name: str, title: str) -> None:
        """Change the name that is shown for a list; its address stays."""
    async def default_list(self, name: str) -> None:
        """Make this list the default."""
    def presence(
        self,
        users: str | Iterable[str] = (),
        lists: str | Iterable[str] = (),
        names: str | Iterable[str] = (),
    ) -> AsyncIterator[Presence]:
        """Iterate the Presence of users or of the members of contact lists.

        users, lists: an address, or an iterable (more than once) of them, here and below; names: of
        the attributes wanted, one or several, () for all. Raises LocalError 45 for an unknown one.
        """
    async def subscribe(
        self,
        users: str | Iterable[str] = (),
        lists: str | Iterable[str] = (),
        names: str | Iterable[str] = (),
        automatic: bool = True,
    ) -> list[Any]:
        """Watch users or contact lists: changes arrive as events. Returns what failed.

        automatic: those who come to a list later too, where the version can say so (1.2). Raises
        StatusError 760 where the service cannot: ask again without.
        """
    async def unsubscribe(
        self, users: str | Iterable[str] = (), lists: str | Iterable[str] = ()
    ) -> None:
        """Watch no longer."""
    async def update_presence(self, **attributes: Any) -> None:
        """Publish attributes, by the names of presence.md; others stay as they are.

        A value is str or bool, "" to empty it, None to hide the attribute; for an attribute of
        several parts a dict, or pairs (name, value), of what is in it. Raises LocalError 45 for an
        unknown name, 48 for one that the version lacks, StatusError 751 for a value that the service
        refuses.
        """
    async def extend_presence(self, space: str, **values: Any) -> None:
        """Publish attributes that CSP does not know, in the namespace ``space``, a URL.

        values: str, bool or None by name, as for ``update_presence``; for an attribute of several
        parts a dict, or pairs (name, str), of parts with any name. Raises LocalError 45 for a name of
        CSP's own or one that XML does not take, 46 over SMS, StatusError 750 from a service that takes
        no extensions.
        """
    async def create_attribute_list(
        self,
        names: str | Iterable[str] | None,
        users: str | Iterable[str] = (),
        lists: str | Iterable[str] = (),
        default: bool = False,
        notify: bool | None = None,
    ) -> list[Any]:
        """Let users, members of contact lists, or by default everybody else see these attributes.

        Takes the place of what they might see before; a user's own list goes before those of contact
        lists, and these before the default. names: (), to show nothing, to None, for all; notify:
        True to be asked, in 1.3, when one of them wants more. Returns what failed: [code, address,
        ...]. Raises LocalError 45 for an unknown name, StatusError 755 for too many lists.
        """
    async def delete_attribute_list(
        self,
        users: str | Iterable[str] = (),
        lists: str | Iterable[str] = (),
        default: bool = False,
    ) -> list[Any]:
        """Let what is settled for them no longer hold. Returns what failed: [code, address, ...]."""
    def attribute_lists(
        self,
        users: str | Iterable[str] = (),
        lists: str | Iterable[str] = (),
        default: bool = False,
    ) -> AsyncIterator[tuple[str | None, list[str], bool | None]]:
        """Iterate what is settled: tuples (address, names, notify); nothing named: all there is.

        address: of a user or contact list, None for the default; names: list of str; notify: bool,
        None where it is not told (before 1.3).
        """
    async def authorise(self, user: str, names: str | Iterable[str] | None = None) -> None:
        """Let a user see these attributes, None for all, whether asked or not, until cancelled.

        In 1.1 that is always what was asked for. In 1.3 this is an attribute list for the user.
        Raises LocalError 45 for an unknown name, StatusError 531 for an unknown user.
        """
    async def refuse(self, user: str) -> None:
        """Let a user see nothing, until cancelled."""
    async def cancel_authorisation(self, user: str) -> None:
        """Take back what was answered: the user has to ask again."""
    def authorisations(
        self, users: str | Iterable[str] = ()
    ) -> AsyncIterator[tuple[str, str, list[str]]]:
        """Iterate what became of requests of these users, of all for none, in 1.2.

        Tuples (address, "GRANTED", "DENIED" or "PENDING", names). Raises LocalError 48 in 1.1 and
        1.3; in 1.3 ``attribute_lists`` tells.
        """
    def watchers(
        self, history: int | None = None, most: int | None = None
    ) -> AsyncIterator[tuple[str, str | None, str | None]]:
        """Iterate who watches: tuples (address, status, name), None for what is not told.

        history: also who did or asked in that time before, from 1.2 on (its unit is not public; the
        simulated service takes seconds); most: no more than that many. status:
        "CURRENT_SUBSCRIBER", "FORMER_SUBSCRIBER" or "PRESENCE_ACCESS"; name: the friendly one (1.3).
        """
    def location_map(
        self,
        user: str | None = None,
        place: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
    ) -> AsyncIterator[tuple[str, Any]]:
        """Iterate a map of where a user is, or of a place, in 1.3.

        place: dict or pairs of location attributes, as ``update_presence`` takes them. Gives tuples:
        ("URL", str) where the map can be had, or ("ContentType", str) and ("ContentData", bytes) as
        often as there are pieces. Raises LocalError 48 before 1.3, StatusError with the refusal.
        """
    async def send(
        self,
        to: str | Iterable[str] | None,
        content: str | bytes | BinaryIO,
        kind: str | None = None,
        report: bool = False,
        validity: int | None = None,
        group: str | None = None,
        name: str | None = None,
        font: Iterable[str] = (),
        uri: str | None = None,
    ) -> str | None:
        """Send a message. Returns its MessageID, None if the service gives none.

        to: address of a user or of an own contact list, or several. group: address of a group, then
        to is a screen name in it, or several, or None for all. content: str, or bytes or a file
        opened for reading in binary, which travel in BASE64 and in pieces; kind: MIME type,
        text/plain for None; report: ask for a delivery report, which comes as an event; validity:
        seconds that the service keeps it; uri: where the content can be had. name, of a file, and
        font, words as ``Message`` has them, are for 1.3 and left out before.
        ``session.details`` holds what failed for some of several recipients. Raises StatusError,
        e.g. 531 unknown user; LocalError 50 for a word that no font has.
        """
    def messages(
        self, group: str | None = None, count: int | None = None
    ) -> AsyncIterator[Message]:
        """Iterate what waits at the service, oldest first, as Messages without content.

        group: address of a group, for its history; count: the most that are wanted. In 1.3
        ``session.number`` is then how many there are in all. Raises StatusError 821: no history.
        """
    def fetch(self, id: str) -> AsyncIterator[bytes]:
        """Iterate the content of a message that waits as pieces (bytes), then confirm its delivery.

        Raises StatusError 426 for a message that is not there.
        """
    async def reject(self, *ids: str) -> list[Any]:
        """Refuse messages; senders who asked get a report. Returns what failed: [code, id, ...]."""
    async def forward(
        self, id: str, to: str | Iterable[str], group: str | None = None
    ) -> str | None:
        """Send a message that waits on to others, as with ``send``; it waits here no longer.

        Returns its new MessageID in 1.3, else None. Raises StatusError 426 for no such message.
        """
    async def delivery_method(
        self,
        push: bool,
        length: int | None = None,
        group: str | None = None,
        limit: int | None = None,
    ) -> None:
        """Have messages pushed whole, or only notified (push False), from now on.

        length: most octets of content that is pushed; group: address of a group, for its messages
        only; limit: the same as length for a group, in 1.3. Without a group it holds for later
        logins of this client too. Raises StatusError.
        """
    def blocked(self) -> AsyncIterator[tuple[str, Entity]]:
        """Iterate both lists, one entity in memory at a time: tuples ("block" or "grant", entity).

        An entity is (kind, address), kind being "user", "group", "list" or "application", or
        ("screen", address of the group, screen name). ``session.used`` is then a dict of bool: which
        of the lists is in use, as far as the service told.
        """
    async def block(
        self,
        add: Iterable[Entity] | None = None,
        remove: Iterable[Entity] | None = None,
        whole: Iterable[Entity] | None = None,
        use: bool | None = None,
    ) -> list[Any]:
        """Change the block list: those on it cannot reach the user, and see StatusError 532.

        add, remove: entities as ``blocked`` gives them, a str alone being the address of a user;
        whole: entities that replace the list; use: switch the list on or off. What is None stays.
        Returns what failed: [code, address, ...]. Raises LocalError 51 for a kind that the version
        does not have.
        """
    async def grant(
        self,
        add: Iterable[Entity] | None = None,
        remove: Iterable[Entity] | None = None,
        whole: Iterable[Entity] | None = None,
        use: bool | None = None,
    ) -> list[Any]:
        """Change the grant list, as ``block``: while it is in use only those on it reach the user."""
    def search(
        self,
        *pairs: tuple[str, str | int | bool],
        limit: int = 20,
        criteria: str | None = None,
        bare: bool = False,
    ) -> AsyncIterator[tuple[Any, str]]:
        """Iterate what matches all pairs (search element, value): tuples (address, name).

        Elements are those of transactions.md section 5, all of users or all of groups; values are
        str, int or bool. A user comes with the FriendlyName or "", somebody in a group as (group,
        screen name). limit: most of them in an answer, the next of which is asked for when they are
        used up; ``session.size`` is how many there are in all. In 1.3 only: criteria combines the
        numbers of pairs, from 1, as in "1 AND (2 OR NOT 3)"; bare: write pairs without the SearchPair
        that some services do not know.
        Raises LocalError 48 for criteria before 1.3, StatusError, e.g. 537 too broad.
        """
    async def stop_search(self) -> None:
        """Tell the service that the rest of a search is not wanted; nothing where it has ended."""
    async def add_number(
        self, name: str | None, number: str, nick: str = "", bare: bool = False
    ) -> str:
        """Add the user of a telephone number (str) to a contact list, None for the default.

        Returns the user's address. bare: as in ``search``. Raises StatusError: 531 nobody has the
        number, 536 several have it.
        """
    async def verify(
        self,
        users: str | Iterable[str] = (),
        lists: str | Iterable[str] = (),
        groups: str | Iterable[str] = (),
        screens: Iterable[tuple[str, str]] = (),
        domains: str | Iterable[str] = (),
    ) -> list[Any]:
        """Ask which addresses exist. Returns what does not: [code, address, ..., code, ...].

        screens: tuples (group, screen name); the others: an address, or several. Raises LocalError 48
        in 1.1, which has no VerifyID.
        """
    async def invite(
        self,
        to: str | Iterable[str],
        kind: str,
        group: str | None = None,
        text: str | None = None,
        urls: str | Iterable[str] = (),
        names: str | Iterable[str] = (),
        application: str | None = None,
        name: str | None = None,
        validity: int = 86400,
    ) -> Invitation:
        """Invite; returns the Invitation, whose ``id`` comes again in the answer, an event.

        to: address of a user or contact list, or several; kind: "GR" and the like, for which see
        Invitation, and which need: "GR" and "EC" group, "SC" urls, "PR" names of presence attributes,
        "AP" application (1.3); text: a note; name: the own screen name in the group; validity:
        seconds. ``session.details`` holds who of several cannot be invited. Raises StatusError,
        LocalError 48 for a kind that came later.
        """
    async def cancel_invite(self, invitation: Invitation, text: str | None = None) -> None:
        """Withdraw an Invitation that ``invite`` gave, with a note. Raises StatusError 423: over."""
    async def answer_invite(
        self,
        invitation: Invitation,
        accept: bool = True,
        text: str | None = None,
        name: str | None = None,
    ) -> None:
        """Accept or reject an Invitation that came, with a note and a screen name for the group.

        What follows is the caller's to do: join the group, subscribe, send a message. Raises
        StatusError 423 when the invitation is over.
        """
    def profiles(self, *users: str) -> AsyncIterator[tuple[str, dict[str, str]]]:
        """Iterate the public profiles of users: tuples (address, values), values a dict of str.

        Its keys are those of ``update_profile``. ``session.details`` holds who is unknown. Raises
        LocalError 48 before 1.3.
        """
    async def update_profile(self, clear: bool = False, **values: str) -> None:
        """Change the own public profile: age, city, country, friendly_name, free_text, gender,
        intention, interests, marital_status; "" empties one. clear: empty all others.

        Raises LocalError 48 before 1.3, StatusError 702 for what the service does not take.
        """
    async def service_info(self) -> dict[str, Any]:
        """What the service says of itself, also before login: a dict.

        "name", "text", "url": str, the text cut after ``content`` octets; "type" and "logo": MIME
        type and bytes of a picture of at most ``content`` octets. What it does not say is missing.
        """
    async def versions(self) -> list[int]:
        """The versions that the service speaks, oldest first: list of 1, 2, 3, as ``version`` has it.

        By version discovery, which came with 1.2, at any time. Raises LocalError 48 in 1.1 and in
        PTS.
        """
    async def extended(self, text: str) -> str | None:
        """Send vendor data (str) to the service. Returns what it answers, None for nothing.

        A namespace of its own, which such data has in XML, is not written. Raises LocalError 48 in
        1.1, StatusError 501 where the service knows no such data.
        """
    async def respond(self, id: str, option: int | None = None, key: str | None = None) -> None:
        """Answer a system message. option: number of the answer chosen; key: what was verified.

        Raises LocalError 48 before 1.3.
        """
    async def subscribe_notifications(self, *types: str) -> None:
        """Ask for notifications of these types (str), which come as events; see docs/service.md.

        Raises LocalError 48 before 1.3.
        """
    async def unsubscribe_notifications(self, *types: str) -> None:
        """Ask for them no longer."""
    async def nudge(self, to: str) -> None:
        """Nudge somebody: a message of type NUDGE without content, kept for 30 s at most.

        Only for who is known to understand it: others may see an empty message. Raises LocalError 56
        without the wish "private".
        """
    async def typing(self, to: str) -> None:
        """Tell somebody that the user is typing: as ``nudge``, of type TYPING, kept for 10 s."""
    async def idle(self, away: bool = False) -> Any:
        """The user rests: is DISCREET, or NOT_AVAILABLE if away, until ``active``.

        Returns what the user chose before, for ``active``; None where nothing was published.
        """
    async def active(self, chosen: Any = None) -> None:
        """The user is back: shows what ``idle`` returned, AVAILABLE for None."""
    async def join(
        self,
        group: str,
        name: str | None = None,
        notices: bool = True,
        own: Mapping[str, Any] | None = None,
    ) -> str | bytes | None:
        """Join a group. Returns its welcome note: str, bytes for one in BASE64, None for none.

        group: address; name: screen name, else the service chooses one, in 1.3 it is then in
        ``session.title``; notices: who comes and goes is told as events; own: dict of own properties,
        not for 1.1. Raises StatusError, e.g. 811 for a screen name that is taken.
        """
    def enter(
        self,
        group: str,
        name: str | None = None,
        notices: bool = True,
        own: Mapping[str, Any] | None = None,
        people: bool = True,
    ) -> AsyncIterator[Any]:
        """Join a group and iterate those who are there already. Arguments: ``join``."""
    async def leave(self, group: str) -> None:
        """Leave a group. Raises StatusError 808 where one has not joined."""
    def members(self, group: str) -> AsyncIterator[str]:
        """Iterate the members of a group, whether they are there or not."""
    def joined(self, group: str) -> AsyncIterator[Any]:
        """Iterate those who are in a group now. Raises LocalError 48 in 1.1: there ``enter`` tells."""
    def reject_list(
        self, group: str, add: str | Iterable[str] = (), remove: str | Iterable[str] = ()
    ) -> AsyncIterator[str]:
        """Iterate those who may not join a group, after adding and removing: an address, or several.

        Raises StatusError 816 for who is neither moderator nor administrator.
        """
    async def create_group(
        self,
        group: str,
        values: Mapping[str, Any],
        join: bool = True,
        name: str | None = None,
        notices: bool = True,
        own: Mapping[str, Any] | None = None,
        note: str | None = None,
    ) -> None:
        """Create a group. Raises StatusError, e.g. 801 for an address that is taken.

        group: address, ``wv:user/name@domain``; values: dict of its properties, at least one, by the
        names of addresses-and-types.md section 5.2, such as {"Name": "Rowing", "Searchable": True};
        join: be in it at once, as ``join`` does with name and notices; own: dict of own properties,
        for 1.3; note: welcome note, str.
        """
    async def delete_group(self, group: str) -> None:
        """Delete a group."""
    async def add_members(self, group: str, users: str | Iterable[str]) -> list[Any]:
        """Make users members of a group. Returns what failed: [code, address, ...].

        users: an address, or an iterable (more than once) of them, here and below.
        """
    async def remove_members(self, group: str, users: str | Iterable[str]) -> list[Any]:
        """End the membership of users. Returns what failed."""
    async def group_access(
        self,
        group: str,
        admins: str | Iterable[str] = (),
        mods: str | Iterable[str] = (),
        users: str | Iterable[str] = (),
    ) -> list[Any]:
        """Make members administrators, moderators or ordinary users. Returns what failed."""
    async def group_properties(self, group: str) -> tuple[dict[str, str], dict[str, str]]:
        """Returns (properties of the group, own properties in it), two dicts of str by name.

        Names as in addresses-and-types.md sections 5.2 and 5.3, whatever case the service has; T and
        F stay as they are; a value of more than ``longest`` octets is None. The welcome note is in
        ``session.note``, None for none.
        """
    async def set_group_properties(
        self,
        group: str,
        values: Mapping[str, Any] | None = None,
        own: Mapping[str, Any] | None = None,
        note: str | None = None,
    ) -> None:
        """Change properties of a group, own ones in it, the welcome note; others stay as they are.

        Before 1.3 a note goes with at least one of the group's properties.
        """
    async def group_notices(self, group: str, wanted: bool | None = None) -> bool:
        """Switch notices of a group on (True) or off (False). Returns whether they are on."""
    async def extend_conversation(
        self,
        users: str | Iterable[str],
        partner: str,
        notices: bool = True,
        note: str | None = None,
    ) -> str | None:
        """Turn a talk with ``partner`` into a group and invite ``users`` to it, in 1.3.

        Returns the address of the group, None where the service gives none; the others get an
        invitation of the type "EC". notices: as in ``join``; note: welcome note, str. Raises
        LocalError 48 before 1.3.
        """
