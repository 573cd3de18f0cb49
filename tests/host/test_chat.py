"""The terminal client, by Textual's pilot, against the simulated service and a virtual modem."""

import asyncio
import contextlib
import itertools
import re
import stat

import pytest
from gsm_wire import SERVICE, A
from sms_world import ANNA, BO, world
from textual import events
from textual.widgets import Input
from typer.testing import CliRunner

from microimps import AsyncClient
from microimps.ports import http
from microimps.tools import cli
from microimps.tools.chat.accounts import FILE, Account, AccountError, load, save
from microimps.tools.chat.app import Chat
from microimps.tools.chat.dialogs import Help, clean
from microimps.tools.chat.history import FAILED, NEW, READ, SENDING, WAITING, History
from microimps.tools.gsm.endpoints import Pty
from microimps.tools.provision import account as provisioned
from microimps.tools.provision import document
from microimps.tools.sim import Account as User
from microimps.tools.sim import Config, Room, serve

SECRET = "kestrel55"
CONTACTS = ("wv:bo=Bo", "wv:cy=Cyrus")
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def service():
    users = [User(name, SECRET) for name in ("bo", "cy")]
    users += [User(f"anna{i}", SECRET, lists={"friends": CONTACTS}) for i in range(1, 10)]
    rooms = (Room("/chess", {"Name": "Chess"}, note="Hello"), Room("/go", {"Name": "Go"}))
    with serve(Config(users=tuple(users), groups=rooms)) as running:
        yield running


def account(service, **more):
    """A new user's account: what one test leaves behind is not in the way of another."""
    more = {"password": SECRET, **more}
    return Account("Home", f"anna{next(_NUMBERS)}@im.example.com", url=service.url, **more)


class Seen:
    """The terminal client on a screen of 80 x 24, and who presses its keys."""

    def __init__(self, app, pilot):
        self.app = app
        self.pilot = pilot
        self.press = pilot.press

    @property
    def screen(self):
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(part.text for part in strip) for strip in strips)

    @property
    def text(self):
        """The screen without its layout: lines may be wrapped anywhere."""
        return " ".join(self.screen.split())

    async def until(self, *texts):
        """Wait until all of these are on the screen."""
        for _ in range(900):
            await asyncio.sleep(0.03)
            if all(text in self.screen or text in self.text for text in texts):
                return
        raise AssertionError(f"not all of {texts} in\n{self.screen}")

    async def write(self, text):
        """Type a text: put there whole, as typing takes its time."""
        self.app.query_one("#text", Input).value = text
        await self.press("enter")

    async def fill(self, **values):
        """Fill in the form and be done with it."""
        await self.pilot.pause()
        for name, value in values.items():
            self.app.screen.query_one("#" + name).value = value
        await self.press("tab")
        self.app.screen.query_one("#ok").press()
        await self.pilot.pause()


@contextlib.asynccontextmanager
async def chat(folder, *accounts):
    if accounts:
        save(folder, accounts)
    app = Chat(folder)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        seen = Seen(app, pilot)
        yield seen
        await app.release()


@contextlib.asynccontextmanager
async def friend(service, name="bo", **more):
    """A client at the other end; what it gets is taken by `got`."""
    client = AsyncClient(http(service.url), f"{name}@im.example.com", SECRET, 3, **more)
    await client.login()
    waiting = []

    async def got(kind):
        for _ in range(600):
            waiting.extend([event async for event in client.events(0)])
            for event in waiting:
                if event.kind == kind:
                    waiting.remove(event)
                    return event
            await asyncio.sleep(0.05)
        raise AssertionError(f"no {kind}")

    client.got = got
    yield client
    await client.logout()
    await client.close()


def play(scenario):
    asyncio.run(asyncio.wait_for(scenario, 110))


# --- accounts and history


def test_accounts_are_kept_for_their_owner_alone(tmp_path):
    folder = tmp_path / "new" / "folder"
    assert load(folder) == []
    odd = 'päss "word"\\ \x7f\x01\U0001f600'
    kept = [
        Account("Home", "anna@d", odd, "https://im.example.com/", version=2),
        Account("Boat", "anna", modem="/dev/ttyUSB0", number="+15553590", pin="1234", price=0.09),
    ]
    save(folder, kept)
    assert load(folder) == kept
    path = folder / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [each.name for each in folder.iterdir()] == [FILE]
    path.chmod(0o644)
    assert load(folder) == kept and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert odd not in repr(kept) and "1234" not in repr(kept)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = [", "Invalid value"),
        ("colour = 'red'", "[[account]]"),
        ("account = 3", "[[account]]"),
        ("[[account]]\nname='a'", "needs a name and a user"),
        ("[[account]]\nname='a'\nuser='a'", "URL"),
        ("[[account]]\nname='a'\nuser='a'\nurl='http://x'\nmodem='y'", "or else"),
        ("[[account]]\nname='a'\nuser='a'\nurl='ftp://x'", "ftp://x"),
        ("[[account]]\nname='a'\nuser='a'\nurl='http://x:port/'", "http://x:port/"),
        ("[[account]]\nname='a'\nuser='a'\nmodem='y'", "telephone number"),
        ("[[account]]\nname='a'\nuser='a'\nurl='http://x'\nversion=4", "1, 2, 3"),
        ("[[account]]\nname='a'\nuser='a'\nurl='http://x'\npoll='often'", "poll"),
        ("[[account]]\nname='a'\nuser='a'\nurl='http://x'\npoll=0", "more than 0"),
        ("[[account]]\nname='a'\nuser='a'\nurl='http://x'\nshoe=44", "unknown shoe"),
    ],
)
def test_accounts_that_cannot_be(tmp_path, text, words):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(AccountError) as error:
        load(tmp_path)
    assert words in str(error.value) and FILE in str(error.value)


def test_an_account_out_of_a_settings_document(tmp_path):
    told = provisioned.Account("Example", "https://im.example.com/", "anna", SECRET)
    file = tmp_path / "settings.xml"
    file.write_bytes(document.to_xml(document.build([told])))
    for _ in range(2):  # the second replaces the first
        done = CliRunner().invoke(
            cli.app, ["chat", "--folder", str(tmp_path / "chat"), "--import", str(file)]
        )
        assert done.exit_code == 1 and "needs a terminal" in done.output
        assert SECRET not in done.output
    (account,) = load(tmp_path / "chat")
    assert (account.name, account.address, account.password) == ("Example", "wv:anna", SECRET)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--account", "Nobody"], "none yet"),
        (["--import", "missing.xml"], "missing.xml"),
        (["--import", __file__], "microimps chat:"),
    ],
)
def test_wrong_arguments_end_with_one_line(tmp_path, arguments, words):
    done = CliRunner().invoke(cli.app, ["chat", "--folder", str(tmp_path), *arguments])
    assert done.exit_code == 1 and words in done.output and len(done.output.split("\n")) == 2


def test_history_survives_and_has_nothing_twice(tmp_path):
    history = History(tmp_path, ANNA)
    assert history.add(BO, BO, "Hello", NEW, "m1") and history.add(BO, BO, "Other", NEW, "m1")
    assert history.add(BO, BO, "Hello", NEW, "m1") is None
    lost = history.add(BO, "", "On its way", WAITING)
    history.mark(lost.id, SENDING)
    later = history.add(BO, "", "Not yet", WAITING)
    history.close()
    history = History(tmp_path, ANNA)
    assert History(tmp_path, BO).last(BO, 9) == []
    assert history.unread() == {BO: 2} and history.waiting() == later
    assert [each.state for each in history.last(BO, 9)] == [NEW, NEW, FAILED, WAITING]
    assert "may have arrived" in history.line(lost.id).reason
    history.read(BO)
    assert history.unread() == {} and history.last(BO, 9)[0].state == READ
    assert stat.S_IMODE((tmp_path / "history.db").stat().st_mode) == 0o600


def test_what_others_write_cannot_move_the_cursor():
    assert clean("a\x1b[2Jb\tc\r\nd\u202ee\x9b") == "a\ufffd[2Jb c\nd\ufffde\ufffd"


# --- over HTTP


VERSIONS = [3, *(pytest.param(version, marks=pytest.mark.long) for version in (2, 1))]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_talk(tmp_path, service, version):
    async def scenario():
        home = account(service, version=version, syntax="wbxml" if version == 3 else "xml")
        async with friend(service) as bo, chat(tmp_path, home) as seen:
            await bo.update_presence(UserAvailability="DISCREET", StatusText="In [b]a[/b] talk")
            await seen.until("Contacts (2)", "◐ Bo", "busy", "○ Cyrus", "offline")
            await seen.until("online 0:00", "HTTP 127.0.0.1")
            await seen.press("ctrl+n")
            await seen.until("Bo <bo@im.example.com> busy, In [b]a[/b] talk")
            seen.app.text.post_message(events.Paste("Hi\nthere"))
            await seen.press("!", "enter")
            await seen.until("me: Hi there!  ✓ sent")
            message = await bo.got("message")
            assert message.text == "Hi there!"
            await seen.until("✓✓ delivered")
            await bo.send(home.address, "Two\nlines & \u202e more")
            await seen.until("Bo: Two", "lines & \ufffd more")
            await seen.press("ctrl+n")
            await seen.until("Cyrus <cy@im.example.com> offline", "Nothing was said yet")
            await seen.app.engine.client.delivery_method(False)  # a notice, to be fetched
            await bo.send(home.address, "x" * 5000)
            await seen.until("(1 new)")
            await seen.press("ctrl+p")
            await seen.until("x" * 40)
            assert "new)" not in seen.screen
        async with chat(tmp_path) as seen:  # the next day
            await seen.until("online")
            await seen.press("ctrl+n", "pageup")
            seen.app.talk.scroll_home(animate=False)
            await seen.until("me: Hi", "Bo: Two")

    play(scenario())


def test_keys_and_windows(tmp_path, service):
    async def scenario():
        async with chat(tmp_path) as seen:
            await seen.until("A new account", "no account: F2")
            await seen.fill(name="Home", user="anna9", password=SECRET)
            await seen.until("! give the service's URL, or else a modem")
            await seen.fill(url=service.url, version="2")
            await seen.until("online", "Contacts (2)")
            assert load(seen.app.folder)[0].password == SECRET
            await seen.press("f1")
            await seen.until("this help; Esc closes it", "F7", "answer the next invitation")
            await seen.press("escape", "f4")
            await seen.fill(address="dee")
            await seen.until("Not done", "531 UNKNOWN_USER")
            await seen.press("f4")
            await seen.fill(address="bo", nick="Robert")
            await seen.until("Robert", "<bo@im.example.com>")
            await seen.press("f8", "y")
            await seen.until("Contacts (1)")
            await seen.press("f3")
            await seen.fill(how="NOT_AVAILABLE", status="Gone fishing")
            await seen.until("away (Gone fishing)")
            await seen.press("f2")
            await seen.until("Home: anna9 by HTTP")
            assert SECRET not in seen.screen
            await seen.press("e")
            await seen.until("••••")
            assert SECRET not in seen.screen
            await seen.press("escape", "d", "n", "escape")
            assert len(seen.app.accounts) == 1 and not isinstance(seen.app.screen, Help)

    play(scenario())


@pytest.mark.parametrize("version", VERSIONS)
def test_groups_and_invitations(tmp_path, service, version):
    async def scenario():
        home = account(service, version=version)
        async with friend(service) as bo, chat(tmp_path, home) as seen:
            await seen.until("Contacts (2)")
            await bo.join("wv:/chess@im.example.com", "Bobby")
            await seen.press("f6")
            await seen.fill(group="chess", name="Annie")
            await seen.until("# chess", "2 in", "I am Annie")
            await seen.write("Good evening")
            await seen.until("me: Good evening  ✓ sent")
            assert (await bo.got("message")).text == "Good evening"
            await bo.send(None, "Evening!", group="wv:/chess@im.example.com")
            await bo.send("Annie", "Psst", group="wv:/chess@im.example.com")
            await seen.until("Bobby: Evening!", "Bobby (to you alone): Psst")
            await seen.press("f9")
            await seen.until("2 in chess", "Annie", "Bobby")
            await seen.press("i")
            await seen.fill(address="bo", text="Come in")
            assert (await bo.got("invitation")).text == "Come in"
            await bo.invite(home.address, "GR", group="wv:/go@im.example.com", text="A game?")
            await seen.until("Requests (1)", "f7 Answer")
            await seen.press("f7")
            await seen.until("bo invites you to go: A game?", "Accept (y)")
            await seen.press("y")
            await seen.until("# go", "Groups (2)")
            assert (await bo.got("accepted")).kind == "accepted"
            await bo.invite(home.address, "GR", group="wv:/chess@im.example.com")
            await seen.until("Requests (1)")
            await seen.press("f7", "n")
            assert (await bo.got("rejected")).kind == "rejected"
            await bo.leave("wv:/chess@im.example.com")
            await seen.until("1 in")
            await seen.press("f8", "y")
            await seen.until("Groups (1)")
            assert "Requests" not in seen.screen

    play(scenario())


def test_who_asks_to_see_presence(tmp_path):
    async def scenario():
        users = (User("anna", SECRET), User("bo", SECRET))
        with serve(Config(users=users, presence="ask")) as running:
            home = Account("Home", "anna@im.example.com", SECRET, running.url, 2)
            async with friend(running) as bo, chat(tmp_path, home) as seen:
                await seen.until("online")
                await bo.subscribe((ANNA,))
                await seen.until("Requests (1)", "! bo asks to see your prese")
                await seen.press("down", "enter")
                await seen.until("bo asks to see your presence", "Reject (n)")
                await seen.press("y")
                while (await bo.got("presence")).get("OnlineStatus") != "T":
                    pass
                assert "Requests" not in seen.screen

    play(scenario())


def test_wrong_password(tmp_path, service):
    async def scenario():
        async with chat(tmp_path, account(service, password="wrong")) as seen:
            await seen.until("offline", "409 WRONG_PASSWORD", "F5 tries again")
            await seen.press("f2", "e")
            await seen.fill(password=SECRET)
            await seen.until("online", "Contacts (2)")

    play(scenario())


def test_the_service_goes_and_comes_back(tmp_path):
    async def scenario():
        users = (User("anna", SECRET, lists={"friends": CONTACTS}), User("bo", SECRET))
        config = Config(users=users, database=f"sqlite:///{tmp_path}/sim.db")
        with contextlib.ExitStack() as first:
            running = first.enter_context(serve(config))
            home = Account("Home", "anna@im.example.com", SECRET, running.url, poll=1)
            async with chat(tmp_path, home) as seen:
                await seen.until("Contacts (2)")
                session = seen.app.engine.client.session
                session.wait = 20  # ms: not to wait for the repeats
                await seen.press("ctrl+n")
                await seen.write("To nobody")
                await seen.until("✓ sent")
                await asyncio.to_thread(first.close)
                await seen.write("While it was away")
                await seen.until("… waiting", "offline", "Connection refused", "next try in")
                port = int(running.url.rsplit(":", 1)[1].strip("/"))
                again = Config(port=port, users=users, database=config.database)
                with serve(again):
                    await seen.press("f5")
                    await seen.until("online", "While it was away  ✓ sent")
                    line = seen.app.engine.write("wv:nobody@im.example.com", "Who are you?")
                    seen.app.open(line.peer)
                    await seen.until("✗ failed: 531 UNKNOWN_USER", "Ctrl+R")
                    await seen.press("ctrl+r")
                    await seen.until("✗ failed: 531 UNKNOWN_USER")
                    await seen.app.release()

    play(scenario())


# --- over a modem


def test_over_a_modem(tmp_path):
    async def scenario():
        async with world(speed=40) as there:
            link = tmp_path / "ttyUSB0"
            virtual = await there.network.add_modem(A, "sim800", link=link)
            boat = Account(
                *("Boat", ANNA, "secret"),
                modem=str(link), number=SERVICE, profile="SIM800", price=0.5, timeout=20.0,
            )  # fmt: skip
            bo = AsyncClient(http(there.running.url), BO, "secret", 3)
            await bo.login()
            async with chat(tmp_path, boat) as seen:
                seen.app.engine.client.bearer.modem.gap_ms = 0
                await seen.until("online", "SMS by", "SMS sent (")
                sent, cost = re.search(r"(\d+) SMS sent \((\S+)\)", seen.text).groups()
                assert float(cost) == 0.5 * int(sent)
                await seen.press("f4")
                await seen.fill(address="bo", nick="Bo")
                await seen.until("● Bo", "available")
                await seen.write("Out on the moor")
                await seen.until("Out on the moor  ✓ sent")
                assert [each.text async for each in bo.events(0) if each.kind == "message"] == [
                    "Out on the moor"
                ]
                await seen.until("✓✓ delivered")
                await bo.send(ANNA, "Mind the bog")
                await seen.until("Bo: Mind the bog")
                line = virtual.endpoints.pop()  # pulled out
                there.network._closers.remove(line.close)
                await line.close()
                await seen.until("offline", "next try in")
                await seen.write("Splash")
                await seen.until("Splash  … waiting")
                virtual.endpoints.append(Pty(virtual.feed, link))
                await seen.press("f5")
                await seen.until("online", "Splash  ✓ sent")
                await virtual.endpoints[-1].close()
            await bo.close()

    play(scenario())
