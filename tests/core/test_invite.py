# heap: 256K
"""Invitations, by transactions.md section 6."""

from peer import everyhow, fails, online, status

from microimps import LocalError, PeerError, StatusError

BO, CY = "wv:bo@d", "wv:cy@d"
GROUP = "wv:anna/quiz@d"
ID = "000102030405"  # what the port of these tests calls random


def person(tag, *users):
    return (tag, [("User", [("UserID", user)]) for user in users])


def screen(name):
    return ("ScreenName", [("SName", name), ("GroupID", GROUP)])


def asked(script, version=2, **options):
    """(events, client, peer) of a service that has this to say."""
    c, peer = online(script + [None], version, **options)
    return list(c.events(0)), c, peer


def invited(*more, **wanted):
    content = [("InviteID", "i7"), ("InviteType", wanted.get("type", "GR")), person("Sender", BO)]
    if wanted.get("version") == 3:
        content.append(person("Recipient", "wv:anna@d"))
    return ("InviteUser-Request", content + list(more), "70", "Request")


@everyhow
def test_invite_to_a_group():
    for version in (1, 2, 3):
        c, peer = online([status()], version)
        i = c.invite(BO, "GR", GROUP, "Join <us>", name="Annie", validity=60)
        assert (i.kind, i.id, i.group) == ("sent", ID, GROUP)
        wanted = [("InviteID", ID), ("InviteType", "GR")]
        wanted += [person("Sender", "wv:anna@d")] if version == 3 else []
        wanted += [person("Recipient", BO), ("GroupID", GROUP), ("InviteNote", "Join <us>")]
        wanted += [screen("Annie"), ("Validity", "60")]
        assert peer.asked().name == "Invite-Request" and peer.asked().content == wanted


@everyhow
def test_invite_in_other_ways():
    c, peer = online([status()] * 6, 3)
    urls = ["http://d/a?b&c", "http://d/e"]
    for kind, about, wanted in (
        ("IM", {}, []),
        ("SC", {"urls": urls}, [("URLList", [("URL", each) for each in urls])]),
        ("PR", {"names": ("OnlineStatus", "StatusText")},
         [("PresenceSubList", [("OnlineStatus", ""), ("StatusText", "")])]),
        ("SC", {"urls": urls[0]}, [("URLList", [("URL", urls[0])])]),
        ("PR", {"names": "StatusText"}, [("PresenceSubList", [("StatusText", "")])]),
        ("AP", {"application": "chess"}, [("ApplicationID", "chess")]),
    ):  # fmt: skip
        c.invite((BO, "wv:anna/friends@d", CY), kind, **about)
        said = peer.asked().content
        assert said[1] == ("InviteType", kind) and said[4:-1] == wanted
        assert said[3][1] == person("", BO, CY)[1] + [("ContactList", "wv:anna/friends@d")]
        assert said[-1] == ("Validity", "86400")


def test_kinds_that_need_1_3():
    for version in (1, 2):
        c, peer = online([], version)
        for kind in ("GM", "AP", "EC", "EG"):
            error = fails(c.invite, BO, kind)
            assert isinstance(error, LocalError) and error.args[0] == 48 and not peer.sent


@everyhow
def test_cancel():
    for version in (1, 2, 3):
        c, peer = online([status(), status(), status(423)], version)
        i = c.invite(BO, "GR", GROUP, name="Annie")
        c.cancel_invite(i, "Too late")
        wanted = [("InviteID", ID)]
        wanted += [person("Sender", "wv:anna@d")] if version == 3 else []
        wanted += [person("Recipient", BO), ("InviteNote", "Too late")]
        wanted += [("GroupID", GROUP)] if version == 3 else []
        assert peer.asked().name == "CancelInvite-Request"
        assert peer.asked().content == wanted + [screen("Annie")]
        error = fails(c.cancel_invite, i)
        assert isinstance(error, StatusError) and error.args[0] == 423


@everyhow
def test_being_invited():
    note, urls = ("InviteNote", "Quiz & cake"), ("URLList", [("URL", "http://d/a")])
    names = ("PresenceSubList", [("StatusText", ""), ("OnlineStatus", "")])
    for version in (1, 2, 3):
        more = ("GroupID", GROUP), names, urls, note
        more += (screen("Bo-bo"),) if version == 3 else ()
        request = invited(*more + (("Validity", 600),), version=version)
        (i,), _, peer = asked([request], version)
        assert (i.kind, i.id, i.type, i.sender) == ("invitation", "i7", "GR", BO)
        assert (i.group, i.text, i.urls, i.validity) == (GROUP, "Quiz & cake", ["http://d/a"], 600)
        assert sorted(i.names) == ["OnlineStatus", "StatusText"] and i.application is None
        assert i.name == ("Bo-bo" if version == 3 else None)
        assert peer.asked().name == "Status" and peer.asked().tid == "70"


@everyhow
def test_types():
    for version in (1, 2, 3):
        types = ("GR", "IM", "PR", "SC") + (("GM", "AP", "EC", "EG") if version == 3 else ())
        for each in types:
            (i,), _, _ = asked([invited(type=each)], version)
            assert i.type == each and i.text is None and i.urls == [] and i.names == []


@everyhow
def test_answers():
    for version in (1, 2, 3):
        script = [invited(("GroupID", GROUP), version=version), None, status(), status(423)]
        c, peer = online(script, version)
        (i,) = list(c.events(0))
        c.answer_invite(i, True, "With pleasure", "Annie")
        wanted = [("InviteID", "i7"), ("Acceptance", "T")]
        wanted += [person("Sender", "wv:anna@d")] if version > 1 else []
        wanted += [person("Recipient", BO)] if version == 3 else []
        assert peer.asked().name == "InviteUser-Response" and peer.asked().mode == "Request"
        assert peer.asked().content == wanted + [
            ("ResponseNote", "With pleasure"),
            screen("Annie"),
        ]
        assert fails(c.answer_invite, i, False).args[0] == 423
        assert peer.asked().content[1] == ("Acceptance", "F")


@everyhow
def test_being_answered_and_cancelled():
    for accepted, kind in ((True, "accepted"), (False, "rejected")):
        for tag in ("ResponseNote", "InviteNote"):
            content = [("InviteID", ID), ("Acceptance", accepted), person("Sender", BO)]
            script = [("Invite-Response", content + [(tag, "T")], "71", "Request")]
            (i,), _, peer = asked(script)
            assert (i.kind, i.id, i.sender, i.text, i.type) == (kind, ID, BO, "T", None)
            assert peer.asked().name == "Status"
    content = [("InviteID", "i7"), person("Sender", BO), ("InviteNote", "Sorry")]
    (i,), _, _ = asked([("CancelInviteUser-Request", content, "72", "Request")])
    assert (i.kind, i.id, i.sender, i.text) == ("cancelled", "i7", BO, "Sorry")
    assert i.validity is None and i.to is None


@everyhow
def test_a_long_note():
    # longer than the texts that the reader keeps, cut at what the client keeps of content
    (i,), _, _ = asked([invited(("InviteNote", "x" * 400))])
    assert i.text == "x" * 400
    for kept, wanted in ((5, "xé"), (4, "xé"), (3, "xé"), (2, "x")):
        (i,), _, _ = asked([invited(("InviteNote", "xé€€"))], content=kept)
        assert i.text == wanted, kept


def test_more_than_is_kept():
    urls = ("URLList", [("URL", "http://d/%d" % i) for i in range(40)])
    (i,), _, _ = asked([invited(urls)])
    assert len(i.urls) == 16


def test_a_note_that_is_no_text():
    bad = invited(("InviteNote", b"\xff\xfe"))
    c, _ = online([bad])
    error = fails(list, c.events(0))
    assert isinstance(error, PeerError) and error.args[0] == 10


if __name__ == "__main__":
    from testing import run

    run(globals())
