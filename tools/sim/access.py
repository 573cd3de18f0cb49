"""Login, logout, keep-alive and information about the service.

spec: transactions.md section 2, guidelines-1.3.md section 2
"""

from __future__ import annotations

import base64
import hashlib
import mimetypes
import secrets
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from . import addresses, announcements, negotiation
from .addresses import Address
from .call import Call, Handler
from .elements import child, client_id, node, number, raw_text, required, text, texts
from .results import Code, Refusal, result
from .sessions import Session, client_key
from .store import User, find_user

_MOST_CHALLENGES = 1024  # open at a time; the oldest goes
_HASHES = {"SHA": hashlib.sha1, "MD5": hashlib.md5}


@dataclass
class Challenge:
    """A nonce that waits for its digest. schema `PWD` waits for the password itself."""

    nonce: str
    schema: str
    expires: float


def digest(schema: str, nonce: str, password: str) -> str:
    """DigestBytes: BASE64 of the hash of nonce and password, both ISO-8859-1."""
    octets = (nonce + password).encode("iso-8859-1", "replace")
    return base64.b64encode(_HASHES[schema](octets).digest()).decode()


def login(call: Call) -> Element:
    """Either phase of Login-Request."""
    address = addresses.parse(required(call.request, "UserID"), call.home)
    client = client_id(child(call.request, "ClientID"))
    cookie = required(call.request, "SessionCookie")
    if address.domain.lower() != call.home.lower():
        raise Refusal(Code.DOMAIN_NOT_SERVED)
    user = find_user(call.db, address.key)
    pending = (address.key, client_key(client), cookie)
    password = call.request.find("Password")
    proof = text(call.request, "DigestBytes")
    if proof or (password is not None and pending in call.service.challenges):
        _check_proof(call, user, pending, proof)
    elif password is not None:
        _check_password(call, user)
    elif not call.config.network_authenticated or user is None:
        return _challenge(call, user, client, pending)
    hindrance = announcements.hindrance(call, client, user)
    if hindrance is not None:
        return hindrance
    created = user is None
    issued = ""
    if user is None:
        given = raw_text(call.request, "Password")
        if not given and call.config.issue_passwords and call.version == "1.3":
            given = issued = secrets.token_hex(6)
        user = _register(call, address, given)
    user.accepted |= call.version == "1.3"
    session = _open_session(call, user, client, cookie)
    completed = text(call.request, "UserID").lower() != address.key
    return _accepted(call, session, created or completed, issued)


def _check_password(call: Call, user: User | None) -> None:
    if call.config.digest_only:
        raise Refusal(Code.FORBIDDEN, "plain passwords are off, log in with a digest")
    if user is None and call.config.register:
        return
    if user is None:
        raise Refusal(Code.UNKNOWN_USER)
    if user.password is None or raw_text(call.request, "Password") != user.password:
        raise Refusal(Code.WRONG_PASSWORD)


def _check_proof(call: Call, user: User | None, pending: tuple[str, str, str], proof: str) -> None:
    challenge = call.service.challenges.pop(pending, None)
    if challenge is None or challenge.expires < call.now:
        raise Refusal(Code.WRONG_PASSWORD, "no challenge is open, begin the login again")
    if challenge.schema == "PWD":
        _check_password(call, user)
        return
    if user is None or user.password is None:
        raise Refusal(Code.WRONG_PASSWORD)
    right = digest(challenge.schema, challenge.nonce, user.password)
    if not secrets.compare_digest(proof.encode(), right.encode()):
        raise Refusal(Code.WRONG_PASSWORD)


def _challenge(
    call: Call, user: User | None, client: Element, pending: tuple[str, str, str]
) -> Element:
    # 1.1 has one element, which may hold a list.
    wanted = [
        schema.strip().upper()
        for listed in texts(call.request, "DigestSchema")
        for schema in listed.split(",")
    ]
    offered = set(call.config.schemes)
    if not call.config.digest_only:
        offered.add("PWD")
    if user is None:
        if not call.config.register:
            raise Refusal(Code.UNKNOWN_USER)
        offered &= {"PWD"}  # a digest of a password that is not known cannot be checked
    schema = next((each for each in wanted if each in offered), None)
    if schema is None:
        raise Refusal(Code.NO_COMMON_DIGEST, f"offered: {', '.join(sorted(offered))}")
    challenge = call.service.challenges.get(pending)
    if challenge is None or challenge.schema != schema or challenge.expires < call.now:
        # Otherwise the request came again, and the client may have had the first answer.
        challenge = Challenge(secrets.token_hex(8), schema, call.now + call.limits.challenge)
        open_now = call.service.challenges
        open_now[pending] = challenge
        while len(open_now) > _MOST_CHALLENGES:
            del open_now[next(iter(open_now))]
    return node(
        "Login-Response",
        client,
        result(call.config.challenge_code, call.version),
        node("Nonce", challenge.nonce),
        node("DigestSchema", schema),
    )


def _register(call: Call, address: Address, password: str) -> User:
    if address.resource or not addresses.may_be_registered(address) or not password:
        raise Refusal(Code.FORBIDDEN, "no user can be made of this name and password")
    user = User(key=address.key, address=str(address), password=password)
    call.db.add(user)
    call.db.flush()
    return user


def _open_session(call: Call, user: User, client: Element, cookie: str) -> Session:
    resumed = _resumed(call, user, client)
    if resumed is not None:
        resumed.cookie = cookie
        call.live = resumed
        return resumed
    service = call.service
    older = service.sessions.of(user.key)
    same_client = [each for each in older if each.client_key == client_key(client)]
    surplus = [each for each in older if each not in same_client]
    keep = max(0, call.limits.sessions_per_user - 1)
    for each in same_client + surplus[: max(0, len(surplus) - keep)]:
        service.end(call.db, each, Code.FORCED_LOGOUT)
    session = Session(
        user.id,
        user.key,
        user.address,
        client,
        cookie,
        call.version,
        call.now,
        _granted(call),
        call.limits,
    )
    service.sessions.add(session)
    call.live = session
    service.logged_in(call.db, session)
    return session


def _resumed(call: Call, user: User, client: Element) -> Session | None:
    # 1.3 asks by an element; the AOSP client by the descriptor of its request, without which
    # a fresh session is as good.
    asked = text(call.request, "SessionID")
    live = call.service.sessions.get(asked) if asked else call.live
    right = live is not None and live.key == user.key and live.client_key == client_key(client)
    if asked and not right:
        raise Refusal(Code.FRESH_LOGIN_NEEDED)
    return live if right else None


def _granted(call: Call) -> int:
    least, usual, most = call.limits.keep_alive
    wish = number(call.request, "TimeToLive")
    return usual if wish is None else min(max(wish, least), most)


def _accepted(call: Call, session: Session, tell_user: bool, issued: str) -> Element:
    is_13 = call.version == "1.3"
    capabilities = call.request.find("CapabilityList") if is_13 else None
    functions = call.request.find("Functions") if is_13 else None
    if capabilities is not None:
        capabilities = negotiation.agree_capabilities(call, capabilities)
    if functions is not None:
        functions = negotiation.agree_services(call, functions)
    return node(
        "Login-Response",
        node("UserID", session.address) if is_13 and tell_user else None,
        session.client,
        node("Password", issued) if issued else None,
        result(Code.OK, call.version),
        node("SessionID", session.id),
        node("KeepAliveTime", session.keep_alive),
        node("CapabilityRequest", not session.negotiated),
        functions,
        capabilities,
    )


def logout(call: Call) -> Element:
    """Logout-Request: 1.1 answers with Disconnect, later versions with Status."""
    call.service.end(call.db, call.session, Code.NOT_LOGGED_IN)
    if call.version == "1.1":
        return node("Disconnect", result(Code.OK, call.version))
    return call.done()


def keep_alive(call: Call) -> Element:
    """KeepAlive-Request: a wish outside the range is refused, the session lives on."""
    least, _, most = call.limits.keep_alive
    wish = number(call.request, "TimeToLive")
    code = Code.OK
    if wish is not None and not least <= wish <= most:
        code = Code.KEEP_ALIVE_REFUSED
    elif wish is not None:
        call.session.keep_alive = wish
    return node(
        "KeepAlive-Response",
        result(code, call.version),
        node("KeepAliveTime", call.session.keep_alive),
    )


def get_sp_info(call: Call) -> Element:
    """GetSPInfo-Request, also before login."""
    config, client = call.config, call.request.find("ClientID")
    return node(
        "GetSPInfo-Response",
        None if client is None else client_id(client),
        node("Name", config.name),
        _logo(Path(config.logo)) if config.logo else None,
        node("Description", config.description) if config.description else None,
        node("URL", config.url) if config.url else None,
    )


def _logo(file: Path) -> Element:
    octets = file.read_bytes()
    return node(
        "Logo",
        node("ContentType", mimetypes.guess_type(file.name)[0] or "application/octet-stream"),
        node("ContentSize", len(octets)),
        node("ContentEncoding", "BASE64"),
        node("ContentData", base64.b64encode(octets).decode()),
    )


def extended(call: Call) -> Element:
    """Extended-Request: vendor data comes back as it went, for tests of a client."""
    return node("Extended-Response", raw_text(call.request, "."))


HANDLERS = {
    "Login-Request": Handler(login, inband=False),
    "Logout-Request": Handler(logout),
    "KeepAlive-Request": Handler(keep_alive),
    "Extended-Request": Handler(extended),
    "GetSPInfo-Request": Handler(get_sp_info, "GETSPI", inband=False),
}
