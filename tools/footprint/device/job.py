"""The session that is measured: what a small application does, from login to logout.

MicroPython: ``micropython -m job WHERE SYNTAX ROUNDS`` prints the number of contacts read.
"""

import gc

# What a small board should do first: collect often, so that loading modules leaves no holes.
if hasattr(gc, "threshold"):
    gc.threshold(1024)

USER = "wv:anna@example.org"
NUMBER = "+15553590"


def make(where, syntax):
    """The client. where: URL of the service; with "pts" the modem's device or UART."""
    from microimps import Client

    if syntax != "pts":
        from microimps.ports import http

        return Client(http(where), USER, "secret", syntax=syntax)
    from microimps.ports import sms

    bearer = sms(where, NUMBER)
    bearer.modem.gap_ms = 0
    return Client(bearer, USER, "secret", 3, syntax, extension=True)


def round_of(client, wait):
    """Read the contacts, ask for presence, send a message and receive it within ``wait`` ms.

    Returns the number of contacts. Raises ValueError where the service is not as expected.
    """
    count = 0
    for _ in client.contacts():
        count += 1
    for presence in client.presence(users=(USER,)):
        if presence.user != USER:
            raise ValueError("presence")
    client.send(USER, "Hello")
    text = ""
    events = client.events(wait)
    for event in events:
        text += event.text
        break
    events.close()  # MicroPython would keep what it is in the middle of
    if text != "Hello":
        raise ValueError("message")
    return count


def run(where, syntax="wbxml", rounds=1):
    """Log in, and do so many rounds. Returns (client, number of contacts)."""
    client = make(where, syntax)
    client.login()
    for _ in range(rounds):
        count = round_of(client, 0 if syntax != "pts" else 20000)
    return client, count


if __name__ == "__main__":
    import sys

    client, count = run(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    client.logout()
    client.close()
    print(count)
