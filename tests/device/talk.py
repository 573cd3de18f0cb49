"""A client over SMS that lives through a broken line: logs in, answers what it is told, goes.

Arguments: device of the modem, number of the service, own address, 1 or 2 for +CNMI's <mt>. Every
line that it prints begins with the step.
"""

import sys
import time

from microimps import Client
from microimps.ports import sms


def main(device, number, user, mt):
    bearer = sms(device, number, timeout=1500)
    bearer.modem.gap_ms = 0
    bearer.modem.mt = int(mt)
    client = Client(bearer, user, "secret", 3, "pts", extension=True, retries=8)
    client.login()
    print("login")
    over = False
    while not over:
        try:
            for event in client.events(500):
                if event.kind == "message":
                    print("message", event.text)
                    client.send(event.sender, "Got " + event.text)
                    print("sent")
                    over = event.text == "Bye"
        except OSError as error:
            print("broken", error.args[0])
            time.sleep(0.1)
    client.logout()
    client.close()
    print("done")


main(*sys.argv[1:])
