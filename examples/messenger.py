"""A messenger for a board: what comes is printed, what is typed is sent.

Needs microimps with the features wbxml, http, messaging (see docs/client.md) and a connection to
the network; a line typed at the serial console goes to FRIEND.
"""

import select
import sys

from microimps import Client, Error
from microimps.ports import http

# change these
URL = "http://im.example.com/"
USER = "wv:anna@im.example.com"
PASSWORD = "secret"
FRIEND = "wv:bo@im.example.com"

# On a board with WiFi, connect first:
#     import network
#     wlan = network.WLAN(network.STA_IF)
#     wlan.active(True)
#     wlan.connect("name of the network", "its password")
#     while not wlan.isconnected():
#         pass


def main():
    client = Client(http(URL), USER, PASSWORD)
    client.login()
    print("online; an empty line ends")
    typed = select.poll()
    typed.register(sys.stdin, select.POLLIN)
    ms = 0  # asks at once what has waited for us
    while True:
        try:
            for event in client.events(ms):
                if event.kind == "message":
                    print(event.sender, "says", event.text)
        except OSError as e:  # the next round tries again
            print("no connection:", e)
        ms = 500  # from now on listens so long between two looks at the console
        if typed.poll(0):
            line = sys.stdin.readline().strip()
            if not line:
                break
            try:
                client.send(FRIEND, line)
            except (OSError, Error) as e:  # an Error is a number, see core/status.py
                print("not sent:", e)
    client.logout()
    client.close()
    print("offline")


main()
