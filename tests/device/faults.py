"""Meets faults one after the other: python faults.py URL SYNTAX COUNT. After each it must work.

Prints the error of each fault and what the next request gave.
"""

import sys

from microimps import Client, Error
from microimps.ports import http

url, syntax, count = sys.argv[1:]
client = Client(http(url, None, 1000), "anna@d", "k", syntax=syntax, schemes=(), retries=0)
client.login()
for _ in range(int(count)):
    for _ in "12":
        client.session.tid = 3
        try:
            print(client.send("wv:bo@d", "x"))
        except (Error, OSError) as error:
            print(repr(error))
client.close()
print("done")
