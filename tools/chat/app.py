"""The screen of the terminal client."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.cells import set_cell_size
from textual import events, work
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option, OptionDoesNotExist
from textual.worker import Worker

from . import accounts as stored
from .accounts import Account, AccountError
from .dialogs import (
    Accounts,
    Field,
    Form,
    Help,
    Members,
    Question,
    account_fields,
    account_of,
    clean,
)
from .engine import INVISIBLE, ONLINE, Contact, Engine, Request, local, why
from .history import FAILED, NEW, History, Line

_SHOWN = 200  # newest messages of a conversation on the screen
_SIGNS = {"available": "●", "busy": "◐", "away": "◌", "offline": "○", "unknown": "?"}
_MARKS = {"waiting": "…", "sending": "→", "sent": "✓", "delivered": "✓✓", "failed": "✗"}
_OWN = (
    ("AVAILABLE", "available"),
    ("DISCREET", "busy"),
    ("NOT_AVAILABLE", "away"),
    (INVISIBLE, "invisible"),
)
_EMPTY = "Choose somebody on the left, or add a contact with F4. F1 explains the keys."

# actions that rest while a window is open
_BELOW = (
    *("accounts", "status", "add", "connect", "join", "answer", "remove", "members", "next"),
    *("retry", "scroll"),
)

_STYLE = """
#people { width: 29; height: 1fr; border: none; border-right: solid $primary; padding: 0; }
#right { height: 1fr; }
#heading { height: 1; text-style: bold; background: $panel; padding: 0 1; }
#talk { height: 1fr; border: none; padding: 0; }
#text { border: none; border-top: solid $primary; height: 2; padding: 0 1; }
#status { height: auto; max-height: 3; background: $panel; padding: 0 1; }
OptionList:focus { border: none; border-right: none; }
#people:focus { border-right: heavy $accent; }
#text:focus { border: none; border-top: heavy $accent; }
"""


class Writing(Input):
    """The line to write in; pasted lines become one, where Input would drop all but the first."""

    def _on_paste(self, event: events.Paste) -> None:
        self.insert_text_at_cursor(" ".join(event.text.split()))
        event.prevent_default()
        event.stop()


class Chat(App[None]):
    """The terminal client. folder: of accounts and history; account: name of the one to use."""

    CSS = _STYLE
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [
        Binding("f1", "help", "Help", priority=True),
        Binding("f2", "accounts", "Account"),
        Binding("f3", "status", "Status"),
        Binding("f4", "add", "Add"),
        Binding("f5", "connect", "Connect", show=False),
        Binding("f6", "join", "Join"),
        Binding("f7", "answer", "Answer"),
        Binding("f8", "remove", "Remove"),
        Binding("f9", "members", "Who"),
        Binding("ctrl+n", "next(1)", "Next", show=False),
        Binding("ctrl+p", "next(-1)", "Previous", show=False),
        Binding("ctrl+r", "retry", "Retry", show=False),
        Binding("pageup", "scroll(-1)", "Up", show=False),
        Binding("pagedown", "scroll(1)", "Down", show=False),
        Binding("ctrl+q", "quit", "Quit", priority=True),
    ]

    def __init__(self, folder: Path, account: str = "") -> None:
        super().__init__()
        self.folder = folder
        self.accounts = stored.load(folder)
        self.wanted = account
        self.engine: Engine | None = None
        self.history: History | None = None
        self.peer = ""
        self.unread: dict[str, int] = {}
        self._drafts: dict[str, str] = {}
        self._work: Worker[None] | None = None
        self._leaving = False
        self._turn = asyncio.Lock()

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield OptionList(id="people")
            with Vertical(id="right"):
                yield Static(id="heading")
                yield OptionList(id="talk")
                yield Writing(id="text", placeholder="Write, Enter sends")
        yield Static(id="status")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.people = self.query_one("#people", OptionList)
        self.talk = self.query_one("#talk", OptionList)
        self.text = self.query_one("#text", Writing)
        self.heading = self.query_one("#heading", Static)
        self.status = self.query_one("#status", Static)
        self.show_people()
        self.show_talk()
        self.show_status()
        self.set_interval(1, self.show_status)
        chosen = [each for each in self.accounts if each.name == self.wanted]
        if chosen or len(self.accounts) == 1:
            self.use((chosen or self.accounts)[0])
        else:
            self.action_accounts()

    # --- what the engine tells

    def tell(self, what: str, *values: Any) -> None:
        """Something changed; see Engine."""
        getattr(self, "told_" + what)(*values)

    def told_status(self) -> None:
        self.show_status()

    def told_people(self) -> None:
        self.show_people()
        self.show_heading()
        self.refresh_bindings()

    def told_contact(self, address: str) -> None:
        self.show_person("c:" + address)
        self.show_heading()

    def told_notice(self, text: str, bad: bool) -> None:
        self.notify(
            clean(text),
            title="Not done" if bad else "",
            severity="error" if bad else "information",
            timeout=10,
            markup=False,
        )

    def told_open(self, peer: str) -> None:
        if not self.text.value:  # lest what is being written goes to somebody else
            self.open(peer)

    def told_line(self, line: Line) -> None:
        if line.peer == self.peer:
            self.show_line(line)
            if line.state == NEW and self.history:
                self.history.read(line.peer)
        elif line.state == NEW:
            self.unread[line.peer] = self.unread.get(line.peer, 0) + 1
            self.show_people()
            self.bell()
        if line.state == FAILED or line.sender:
            self.refresh_bindings()

    # --- showing

    def show_status(self) -> None:
        engine = self.engine
        if engine is None:
            self.status.update(Content("no account: F2"))
            return
        parts = [engine.state]
        if engine.state == ONLINE:
            seconds = int(time.monotonic() - engine.since)
            parts[0] += f" {seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
            words = f" ({engine.own[1]})" if engine.own[1] else ""
            parts.append(dict(_OWN)[engine.own[0]] + words)
        parts.append(engine.account.bearer)
        if engine.spent is not None:
            price = engine.account.price
            cost = f" ({engine.spent * price:.2f})" if price else ""
            parts.append(f"{engine.spent} SMS sent{cost}")
        if engine.reason:
            parts.insert(1, engine.reason)
        if engine.jobs:
            parts.append(engine.jobs[0] + "…")
        self.status.update(Content(clean(" | ".join(parts))))

    def rows(self) -> list[tuple[str, str]]:
        """(heading, "") or (text, id) of everything in the list of people."""
        engine = self.engine
        if engine is None or self.history is None:
            return []
        contacts = sorted(engine.contacts.values(), key=lambda each: each.name.lower())
        rooms = sorted(engine.rooms.values(), key=lambda each: local(each.address))
        strangers = [
            each
            for each in self.history.peers()
            if each not in engine.contacts and each not in engine.rooms
        ]
        if self.peer and self.peer not in (*engine.contacts, *engine.rooms, *strangers):
            strangers.insert(0, self.peer)
        sections = (
            ("Requests", [f"r:{id(each)}" for each in engine.requests]),
            ("Contacts", ["c:" + each.address for each in contacts]),
            ("Groups", ["g:" + each.address for each in rooms]),
            ("Others", ["o:" + each for each in strangers]),
        )
        found = []
        for title, ids in sections:
            if ids:
                found += [(f"{title} ({len(ids)})", ""), *((self.row(each), each) for each in ids)]
        return found

    def row(self, key: str) -> str:
        """One line of the list, 27 columns wide."""
        engine = self.engine
        assert engine
        kind, _, address = key.partition(":")
        end = f" ({self.unread[address]} new)" if self.unread.get(address) else ""
        if kind == "r":
            text = next(each.text for each in engine.requests if str(id(each)) == address)
            return set_cell_size(clean(f"! {text}").replace("\n", " "), 27)
        if kind == "c":
            contact = engine.contacts[address]
            end = end or f" {contact.shown}"
            name = f"{_SIGNS[contact.shown]} {contact.name}"
        elif kind == "g":
            room = engine.rooms[address]
            end = end or (f" {len(room.people)} in" if room.inside else " not in")
            name = f"# {local(address)}"
        else:
            name = f"  {local(address)}"
        return set_cell_size(clean(name).replace("\n", " "), 27 - len(end)) + end

    def show_people(self) -> None:
        chosen = self.people.highlighted_option
        options = []
        for text, key in self.rows():
            bold = Content.styled(text, "bold")
            options.append(Option(Content(text) if key else bold, key or None, not key))
        self.people.set_options(options)
        if chosen and chosen.id and chosen.id in [each.id for each in options]:
            self.people.highlighted = self.people.get_option_index(chosen.id)

    def show_person(self, key: str) -> None:
        with contextlib.suppress(OptionDoesNotExist):
            self.people.replace_option_prompt(key, Content(self.row(key)))

    def show_heading(self) -> None:
        text = ""
        if self.engine and self.peer:
            contact = self.engine.contacts.get(self.peer)
            room = self.engine.rooms.get(self.peer)
            text = self.peer.removeprefix("wv:")
            if contact:
                text = f"{contact.name} <{text}> {_about(contact)}"
            elif room:
                text = f"group {text}, I am {room.name}" + ("" if room.inside else ", not in it")
        self.heading.update(Content(clean(text).replace("\n", " ")))

    def show_talk(self) -> None:
        self.talk.clear_options()
        self._day = ""
        for line in self.history.last(self.peer, _SHOWN) if self.history and self.peer else ():
            self.show_line(line)
        if not self.talk.option_count:
            text = "Nothing was said yet." if self.peer else _EMPTY
            self.talk.add_option(Option(Content(text), "empty", True))
        self.text.disabled = not self.peer
        self.show_heading()
        self.refresh_bindings()

    def show_line(self, line: Line) -> None:
        at = time.localtime(line.time)
        who = clean(_who(self.engine, line)).replace("\n", " ")
        parts: list[Any] = [f"{at.tm_hour:02}:{at.tm_min:02} ", (who, "bold")]
        parts.append(" " + clean(line.text).replace("\n", "\n      "))
        if not line.sender:
            mark = f"  {_MARKS[line.state]} {line.state}"
            if line.state == FAILED:
                mark += f": {line.reason} (Ctrl+R sends again)"
            parts.append((mark, "italic"))
        prompt = Content.assemble(*parts)
        with contextlib.suppress(OptionDoesNotExist):
            self.talk.replace_option_prompt(str(line.id), prompt)
            return
        if self.talk.option_count and self.talk.options[0].id == "empty":
            self.talk.clear_options()
        day = time.strftime("%A, %d %B %Y", at)
        if day != self._day:
            self._day = day
            self.talk.add_option(Option(Content.styled(f"-- {day}", "bold"), None, True))
        below = self.talk.scroll_offset.y >= self.talk.max_scroll_y
        self.talk.add_option(Option(prompt, str(line.id)))
        if below or not line.sender:
            self.call_after_refresh(self.talk.scroll_end, animate=False)

    # --- choosing

    def open(self, peer: str) -> None:
        """Show the conversation with a user or in a group."""
        assert self.history
        if self.peer:
            self._drafts[self.peer] = self.text.value
        self.peer = peer
        self.text.value = self._drafts.pop(peer, "")
        self.unread.pop(peer, None)
        self.history.read(peer)
        self.show_people()
        for i, option in enumerate(self.people.options):
            if (option.id or "").partition(":")[2] == peer:
                self.people.highlighted = i
        self.show_talk()
        self.text.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        if event.option_list is not self.people or not event.option.id or not self.engine:
            return
        kind, _, address = event.option.id.partition(":")
        if kind != "r":
            self.open(address)
            return
        for request in self.engine.requests:
            if str(id(request)) == address:
                self.ask(request)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input is self.text and self.engine and self.peer and event.value.strip():
            line = self.engine.write(self.peer, event.value.strip())
            self.text.value = ""
            self.show_line(line)

    def action_next(self, step: int) -> None:
        keys = [each.id for each in self.people.options if each.id and each.id[0] in "cgo"]
        peers = [key.partition(":")[2] for key in keys]
        if peers:
            at = peers.index(self.peer) + step if self.peer in peers else 0
            self.open(peers[at % len(peers)])

    def action_scroll(self, step: int) -> None:
        (self.talk.scroll_page_up if step < 0 else self.talk.scroll_page_down)(animate=False)

    def action_help(self) -> None:
        if not isinstance(self.screen, Help):
            self.push_screen(Help())

    # --- doing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Which keys there are now: those that would do nothing are not shown."""
        engine = self.engine
        if len(self.screen_stack) > 1 and action in _BELOW:
            return False
        if action in ("status", "add", "connect", "join", "next"):
            return engine is not None
        if action == "answer":
            return engine is not None and bool(engine.requests)
        if action == "remove":
            return engine is not None and self.peer in (*engine.contacts, *engine.rooms)
        if action == "members":
            return engine is not None and self.peer in engine.rooms
        if action == "retry":
            return bool(self.failed())
        return True

    def failed(self) -> list[Line]:
        """The messages of this conversation that were not sent."""
        if not self.history or not self.peer:
            return []
        lines = self.history.last(self.peer, _SHOWN)
        return [each for each in lines if each.state == FAILED]

    def action_retry(self) -> None:
        for line in self.failed():
            if self.engine:
                self.engine.retry(line)

    def action_connect(self) -> None:
        engine = self.engine
        if engine and engine.state == ONLINE:
            engine.start("reading the contacts", engine.refresh())
        elif engine:
            engine.connect()

    @work
    async def action_status(self) -> None:
        if not self.engine:
            return
        now, status = self.engine.own
        fields = (Field("status", "In words", status), Field("how", "I am", now, choices=_OWN))
        found = await self.push_screen_wait(Form("My status", fields))
        if found:
            told = self.engine.publish(found["how"], found["status"])
            self.engine.start("telling my status", told)

    @work
    async def action_add(self) -> None:
        engine = self.engine
        if not engine:
            return
        stranger = self.peer if self.peer and self.peer not in engine.contacts else ""
        stranger = "" if stranger in engine.rooms else stranger.removeprefix("wv:")
        fields = (Field("address", "Address", stranger), Field("nick", "Name to show"))
        found = await self.push_screen_wait(
            Form("Add a contact", fields, lambda values: engine.full(values["address"]))
        )
        if found:
            address = found["address"]
            engine.start(f"adding {local(address)}", engine.add(address, found["nick"]))

    @work
    async def action_join(self) -> None:
        engine = self.engine
        if not engine:
            return
        fields = (
            Field("group", "Group"),
            Field("name", "My name in it", local(engine.account.address)),
        )
        found = await self.push_screen_wait(
            Form("Join a group", fields, lambda values: engine.full(values["group"], True))
        )
        if found:
            group = found["group"]
            engine.start(f"joining {local(group)}", engine.join(group, found["name"]))

    def action_answer(self) -> None:
        if self.engine and self.engine.requests:
            self.ask(self.engine.requests[0])

    @work
    async def ask(self, request: Request) -> None:
        """Ask whether to accept."""
        said = await self.push_screen_wait(Question(clean(request.text), "Accept", "Reject"))
        engine = self.engine
        if engine and said is not None and request in engine.requests:
            engine.start(f"answering {local(request.user)}", engine.answer(request, said))

    @work
    async def action_remove(self) -> None:
        engine, peer = self.engine, self.peer
        if not engine:
            return
        group = peer in engine.rooms
        question = f"Leave the group {local(peer)}?" if group else f"Remove {local(peer)}?"
        if await self.push_screen_wait(Question(question)):
            task = engine.leave(peer) if group else engine.remove(peer)
            engine.start(f"{'leaving' if group else 'removing'} {local(peer)}", task)

    @work
    async def action_members(self) -> None:
        engine, peer = self.engine, self.peer
        if not engine or peer not in engine.rooms:
            return
        people = {clean(name): level for name, level in engine.rooms[peer].people.items()}
        if await self.push_screen_wait(Members(local(peer), people)) != "invite":
            return
        fields = (Field("address", "Address"), Field("text", "Note"))
        found = await self.push_screen_wait(
            Form(f"Invite to {local(peer)}", fields, lambda values: engine.full(values["address"]))
        )
        if found:
            address = found["address"]
            engine.start(f"inviting {local(address)}", engine.invite(address, peer, found["text"]))

    # --- accounts

    @work
    async def action_accounts(self) -> None:
        while True:
            what, index = ("add", 0)
            if self.accounts:
                found = await self.push_screen_wait(Accounts(self.accounts))
                if not found:
                    return
                what, index = found
            if what == "connect":
                self.use(self.accounts[index])
                return
            if what == "delete":
                name = self.accounts[index].name
                if await self.push_screen_wait(Question(f"Delete the account {name}?")):
                    self.keep(self.accounts[:index] + self.accounts[index + 1 :])
                continue
            old = self.accounts[index] if what == "edit" else None
            account = await self.edit(old)
            if account and (old is None or self.engine is None or self.engine.account == old):
                self.use(account)
                return
            if not self.accounts:
                return

    async def edit(self, old: Account | None) -> Account | None:
        """Ask for the settings of an account and keep them; None where the user gave up."""
        others = [each.name for each in self.accounts if each != old]

        def check(values: Mapping[str, str]) -> Account:
            if values["name"] in others:
                raise AccountError(f"there is an account {values['name']!r} already")
            return account_of(values, old)

        title = f"Account {old.name}" if old else "A new account"
        values = await self.push_screen_wait(Form(title, account_fields(old), check))
        if values is None:
            return None
        account = check(values)
        if old is None:
            self.keep([*self.accounts, account])
        else:
            self.keep([account if each == old else each for each in self.accounts])
        return account

    def keep(self, accounts: list[Account]) -> None:
        """Replace the accounts, also in the file."""
        try:
            stored.save(self.folder, accounts)
        except OSError as error:
            self.told_notice(f"the accounts are not kept: {why(error)}", True)
        self.accounts = accounts

    @work
    async def use(self, account: Account) -> None:
        """Go over to an account."""
        async with self._turn:
            await self.release()
            self._begin(account)

    def _begin(self, account: Account) -> None:
        try:
            self.history = History(self.folder, account.address)
            self.engine = Engine(account, self.history, self.tell)
        except (ValueError, OSError, sqlite3.Error) as error:
            self.engine = None
            self.told_notice(f"{account.name}: {why(error)}", True)
            return
        self.peer = self.text.value = ""
        self._drafts.clear()
        self.unread = self.history.unread()
        self.show_people()
        self.show_talk()
        self.show_status()
        self.people.focus()
        self._work = self.run_worker(self.engine.run())

    async def release(self) -> None:
        """Log out, and forget the account."""
        if self.engine is None or self.history is None:
            return
        if self._work:
            self._work.cancel()
        self.status.update(Content("logging out…"))
        engine, self.engine = self.engine, None
        await engine.stop()
        self.history.close()
        self.history = None

    async def action_quit(self) -> None:
        """Log out and end; a second time at once."""
        if self._leaving:
            self.exit()
            return
        self._leaving = True
        self.leave()

    @work
    async def leave(self) -> None:
        """Log out and end."""
        await self.release()
        self.exit()


def _about(contact: Contact) -> str:
    words = contact.presence.get("StatusText") if contact.presence else None
    return contact.shown + (f", {words}" if isinstance(words, str) and words else "")


def _who(engine: Engine | None, line: Line) -> str:
    if not line.sender:
        return "me:"
    contact = engine.contacts.get(line.peer) if engine else None
    return f"{contact.name if contact else local(line.sender)}:"
