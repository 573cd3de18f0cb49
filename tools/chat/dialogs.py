"""The windows over the conversation: forms, questions, the list of accounts, help."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Grid, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, OptionList, Select, Static
from textual.widgets.option_list import Option

from .accounts import PROFILES, Account, AccountError

HELP = """\
Every key works whatever has the focus; Tab goes from part to part.

 F1        this help; Esc closes it
 F2        accounts: choose, add, change, delete
 F3        my status: available, busy, away, invisible, and in words
 F4        add a contact
 F5        connect now; when online, read the contacts again
 F6        join a group
 F7        answer the next invitation or request
 F8        remove the contact, or leave the group, that is open
 F9        who is in the group that is open; from there, invite
 Ctrl+N/P  next, previous conversation
 Ctrl+R    send again what failed in this conversation
 PgUp/PgDn scroll the conversation
 Enter     in the list: open; in the text: send
 Ctrl+Q    log out and quit; once more: quit at once

What became of a message:
   … waiting     sent when there is a connection
   → sending     on its way; over SMS this takes a while
   ✓ sent        the service has it
   ✓✓ delivered  the recipient has it
   ✗ failed      with the reason

How contacts are:
   ● available   ◐ busy   ◌ away   ○ offline   ? not known yet
"""


def clean(text: str) -> str:
    """Text of others without what could move the cursor or turn the writing round."""
    kept = []
    for each in text.replace("\r\n", "\n"):
        kind = unicodedata.category(each)
        bad = kind == "Cc" and each != "\n" or unicodedata.bidirectional(each) in _TURNS
        kept.append(" " if each == "\t" else "\ufffd" if bad else each)
    return "".join(kept).strip("\n")


_TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


@dataclass(frozen=True)
class Field:
    """One line of a form. choices: pairs (value, text) to choose from."""

    name: str
    label: str
    value: str = ""
    secret: bool = False
    choices: Sequence[tuple[str, str]] = ()


class _Window(ModalScreen):
    DEFAULT_CSS = """
    _Window { align: center middle; }
    .window { width: 74; max-width: 100%; height: auto; max-height: 100%; border: solid $accent;
              background: $surface; padding: 0 1; }
    .window OptionList { height: auto; max-height: 14; border: none; }
    .help { height: auto; }
    .title { text-style: bold; width: 100%; padding-bottom: 1; }
    .fields { grid-size: 2; grid-columns: 24 1fr; grid-rows: 1; height: auto; }
    .wrong { width: 100%; height: auto; }
    .buttons { height: 1; margin-top: 1; }
    .buttons Button { margin-right: 2; min-width: 0; }
    .hint { margin-right: 2; }
    """
    BINDINGS = [Binding("escape", "dismiss(None)", "Close")]


class Form(_Window):
    """Asks for some values; gives a dict, or None. check: raises ValueError with what is wrong."""

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        check: Callable[[Mapping[str, str]], object] = lambda values: None,
    ) -> None:
        super().__init__()
        self._title = title
        self._fields = fields
        self._check = check

    def compose(self) -> ComposeResult:
        with Vertical(classes="window"):
            yield Label(Content(self._title), classes="title")
            with Grid(classes="fields"):
                for each in self._fields:
                    yield Label(each.label)
                    if each.choices:
                        yield Select(
                            [(text, value) for value, text in each.choices],
                            value=each.value,
                            allow_blank=False,
                            id=each.name,
                            compact=True,
                        )
                    else:
                        yield Input(each.value, password=each.secret, id=each.name, compact=True)
            yield Label("", classes="wrong")
            with Horizontal(classes="buttons"):
                yield Button("OK (Enter)", id="ok", compact=True)
                yield Button("Cancel (Esc)", id="cancel", compact=True)

    def on_input_submitted(self) -> None:
        self._finish()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "ok":
            self._finish()
        else:
            self.dismiss(None)

    def _finish(self) -> None:
        values = {}
        for each in self._fields:
            widget: Input | Select[str] = self.query_one("#" + each.name)  # type: ignore[assignment]
            values[each.name] = str(widget.value).strip()
        try:
            self._check(values)
        except ValueError as error:
            self.query_one(".wrong", Label).update(Content(f"! {error}"))
            return
        self.dismiss(values)


class Question(_Window):
    """Yes or no: True, False, or None for neither."""

    BINDINGS = [
        Binding("y", "dismiss(True)", "Yes"),
        Binding("n", "dismiss(False)", "No"),
    ]

    def __init__(self, text: str, yes: str = "Yes", no: str = "No") -> None:
        super().__init__()
        self._text, self._yes, self._no = text, yes, no

    def compose(self) -> ComposeResult:
        with Vertical(classes="window"):
            yield Label(Content(self._text), classes="title")
            with Horizontal(classes="buttons"):
                yield Button(f"{self._yes} (y)", id="yes", compact=True)
                yield Button(f"{self._no} (n)", id="no", compact=True)
                yield Button("Later (Esc)", id="later", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss({"yes": True, "no": False}.get(str(event.button.id)))


class Help(_Window):
    """The keys and the signs."""

    BINDINGS = [Binding("f1,q", "dismiss(None)", "Close")]

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="window help"):
            yield Static(Content(HELP))


class Members(_Window):
    """Who is in a group; gives "invite" or None."""

    BINDINGS = [Binding("i", "dismiss('invite')", "Invite")]

    def __init__(self, group: str, people: Mapping[str, str]) -> None:
        super().__init__()
        self._group, self._people = group, people

    def compose(self) -> ComposeResult:
        with Vertical(classes="window"):
            yield Label(Content(f"{len(self._people)} in {self._group}"), classes="title")
            yield OptionList(
                *(
                    Content(f"{name}  ({level})" if level else name)
                    for name, level in sorted(self._people.items())
                )
            )
            with Horizontal(classes="buttons"):
                yield Button("Invite somebody (i)", id="invite", compact=True)
                yield Button("Close (Esc)", id="close", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss("invite" if event.button.id == "invite" else None)


class Accounts(_Window):
    """The accounts; gives (what to do, index), or None. What: connect, add, edit, delete."""

    BINDINGS = [
        Binding("a", "give('add')", "Add"),
        Binding("e", "give('edit')", "Edit"),
        Binding("d", "give('delete')", "Delete"),
    ]

    def __init__(self, accounts: Sequence[Account]) -> None:
        super().__init__()
        self._accounts = accounts

    def compose(self) -> ComposeResult:
        with Vertical(classes="window"):
            yield Label("Accounts", classes="title")
            yield OptionList(
                *(
                    Option(Content(f"{each.name}: {each.user} by {each.bearer}"))
                    for each in self._accounts
                )
            )
            with Horizontal(classes="buttons"):
                yield Label("Enter connects", classes="hint")
                yield Button("Add (a)", id="add", compact=True)
                yield Button("Edit (e)", id="edit", compact=True)
                yield Button("Delete (d)", id="delete", compact=True)
                yield Button("Close (Esc)", id="close", compact=True)

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = 0 if self._accounts else None

    def on_option_list_option_selected(self) -> None:
        self.action_give("connect")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "close":
            self.dismiss(None)
        else:
            self.action_give(str(event.button.id))

    def action_give(self, what: str) -> None:
        index = self.query_one(OptionList).highlighted
        if what == "add" or index is not None:
            self.dismiss((what, index or 0))


def account_fields(old: Account | None) -> list[Field]:
    """The form of an account, of a new one for None."""
    text = {
        each.name: str(getattr(old, each.name) if old else each.default)
        for each in dataclasses.fields(Account)
    }
    if old is None:
        text |= {"name": "", "user": ""}
    return [
        Field("name", "Name of the account", text["name"]),
        Field("user", "User", text["user"]),
        Field("password", "Password", text["password"], secret=True),
        Field("url", "URL of the service", text["url"]),
        Field("modem", "or modem (device)", text["modem"]),
        Field("number", "and service's number", text["number"]),
        Field("pin", "PIN of the SIM", text["pin"], secret=True),
        Field("profile", "Kind of modem", text["profile"], choices=[(p, p) for p in PROFILES]),
        Field("price", "Price of an SMS", text["price"] if old and old.price else ""),
        Field("version", "CSP version", text["version"], choices=[(v, f"1.{v}") for v in "321"]),
    ]


def account_of(values: Mapping[str, str], old: Account | None) -> Account:
    """The account that a form describes; `old` has what it does not. Raises AccountError."""
    told: dict[str, Any] = dict(values)
    try:
        told["price"] = float(values["price"] or 0)
    except ValueError:
        raise AccountError(f"price {values['price']!r} is not a number") from None
    told["version"] = int(values["version"])
    return dataclasses.replace(old, **told) if old else Account(**told)
