"""Echoes messages until told to stop: echo.py SKIN ME GATEWAY URL METHODS LISTEN PUSH.

SKIN: sync or async; GATEWAY: of WSP, with port 9201 in sessions, - for HTTP; METHODS: of CIR,
with commas, - to ask all the time instead; LISTEN, PUSH: UDP ports of SUDP and WAPUDP. Prints what
the other end is to check.
"""

import sys

from microimps.ports import cir, http, wsp

skin, me, gateway, url, methods, listen, push = sys.argv[1:]
bearer = http(url) if gateway == "-" else wsp(gateway, url, session=gateway[-4:] == "9201")
notices = None
if methods != "-":
    notices = cir(*methods.split(","), listen=int(listen), push=int(push), every=200, calm=50)
ms = -1 if notices else 0


def told(n):
    print("heard", n, "method", notices and notices.method, notices and notices.proven)


def echo():
    from microimps import Client

    client = Client(bearer, me, "kestrel55", cir=notices)
    client.login()
    n = 0
    while True:
        for event in client.events(ms):
            n += 1
            if event.text == "stop":
                told(n)
                for event in client.events(0):  # which first says that this one was heard
                    print("unexpected", event.text)
                client.logout()
                client.close()
                return
            client.send(event.sender, event.text)
        bearer.port.sleep_ms(50)


async def aecho():
    import asyncio

    from microimps import AsyncClient

    client = AsyncClient(bearer, me, "kestrel55", cir=notices)
    await client.login()
    n = 0
    while True:
        async for event in client.events(ms):
            n += 1
            if event.text == "stop":
                told(n)
                async for event in client.events(0):
                    print("unexpected", event.text)
                await client.logout()
                await client.close()
                return
            await client.send(event.sender, event.text)
        await asyncio.sleep(0.05)


if skin == "sync":
    echo()
else:
    import asyncio

    asyncio.run(aecho())
print("done")
