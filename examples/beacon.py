"""A presence beacon: whoever has the board on a contact list sees what it measures.

Needs microimps with the features wbxml, http and presence. Messages are not even asked for: the
board only publishes, and the service tells those who watch.
"""

import time

from microimps import Client, Error
from microimps.ports import http

# change these
URL = "http://im.example.com/"
USER = "wv:greenhouse@im.example.com"
PASSWORD = "secret"
EVERY = 60  # seconds between two measurements
TIMES = -1  # how many of them; -1 is without end


def measure():
    """What to publish: replace it by your sensor, such as ``machine.ADC(0).read_u16()``."""
    return "%d s up" % time.time()


def main():
    client = Client(http(URL), USER, PASSWORD)
    client.login()
    left = TIMES
    known = None
    while left:
        left -= 1
        value = measure()
        try:
            if value != known:  # what has not changed need not be told
                client.update_presence(
                    OnlineStatus=True, UserAvailability="AVAILABLE", StatusText=value
                )
                known = value
            else:
                client.keep_alive()
        except (OSError, Error) as e:  # the network may be away; the next time counts
            print("not published:", e)
        if left:
            time.sleep(EVERY)
    client.logout()
    client.close()


main()
