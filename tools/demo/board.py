"""What the board does in the demonstration; also runs on CPython, unchanged.

Arguments: URL of the service, own address, password, the friend's address, syntax, version.
Every line it prints begins with a word that tells the step.
"""

import gc
import sys
import time

if hasattr(gc, "threshold"):
    gc.threshold(1024)  # collect often: loading modules then leaves no holes in a small heap

from microimps import Client  # noqa: E402
from microimps.ports import http  # noqa: E402


def main(url, user, password, friend, syntax, version):
    client = Client(http(url), user, password, int(version), syntax)
    client.login()
    print("login", client.session.id)
    members = 0
    for _ in client.contacts():
        members += 1
    print("contacts", members)
    client.subscribe((friend,))
    client.update_presence(
        OnlineStatus=True, UserAvailability="AVAILABLE", StatusText="On a small board"
    )
    client.send(friend, "Hello from the board!")
    print("sent")
    answered = False
    for _ in range(100):
        for event in client.events(0):
            if event.kind == "presence":
                print("presence", event.user, event.shown(), event.get("StatusText") or "")
            elif event.kind == "message":
                print("message", event.sender, event.text)
                answered = True
        if answered:
            break
        time.sleep(0.2)
    client.send(friend, "Good bye!")
    client.logout()
    client.close()
    if hasattr(gc, "mem_alloc"):
        gc.collect()
        print("heap", gc.mem_alloc(), gc.mem_alloc() + gc.mem_free())
    print("done")


main(*sys.argv[1:])
