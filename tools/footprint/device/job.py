"""The session that is measured: what a small application does, from login to logout.

MicroPython: ``micropython -m job URL SYNTAX`` prints the number of contacts read.
"""

import gc

# What a small board should do first: collect often, so that loading modules leaves no holes.
if hasattr(gc, "threshold"):
    gc.threshold(1024)

USER = "wv:anna@example.org"


def run(url, syntax="wbxml"):
    """Log in, read the contacts, ask for presence, send a message and receive it.

    Returns (client, number of contacts). Raises ValueError where the service is not as expected.
    """
    from microimps import Client
    from microimps.ports import http

    client = Client(http(url), USER, "secret", syntax=syntax)
    client.login()
    count = 0
    for _ in client.contacts():
        count += 1
    for presence in client.presence(users=(USER,)):
        if presence.user != USER:
            raise ValueError("presence")
    client.send(USER, "Hello")
    text = ""
    for event in client.events(0):
        text += event.text
    if text != "Hello":
        raise ValueError("message")
    return client, count


if __name__ == "__main__":
    import sys

    client, count = run(sys.argv[1], sys.argv[2])
    client.logout()
    client.close()
    print(count)
