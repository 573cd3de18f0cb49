"""A bot in a group: greets who comes, and answers what begins with "!".

For CPython and asyncio; `pip install microimps` is all it needs. An answer is a function that
takes the rest of the line and gives text: add yours to ANSWERS.
"""

import asyncio
import random
import time

from microimps import AsyncClient, Error
from microimps.ports import cir, http

# change these
URL = "http://im.example.com/"
USER = "wv:bot@im.example.com"
PASSWORD = "secret"
GROUP = "wv:/chess@im.example.com"
NAME = "Bot"  # screen name in the group

ANSWERS = {
    "time": lambda rest: time.strftime("%H:%M"),
    "dice": lambda rest: str(random.randint(1, 6)),
    "echo": lambda rest: rest,
    "help": lambda rest: "I know " + ", ".join(sorted(ANSWERS)),
}


def answer(text):
    """What to say to a line, None for nothing."""
    word, _, rest = text[1:].partition(" ")
    return ANSWERS[word](rest) if text.startswith("!") and word in ANSWERS else None


async def talk(client):
    await client.login()
    await client.join(GROUP, NAME)
    print("in", GROUP, flush=True)
    # Nothing is sent inside the loop: a request would end the iteration.
    todo = asyncio.Queue()
    saying = asyncio.create_task(say(client, todo))
    try:
        async for event in client.events():
            if event.kind == "joined" and event.person[1] != NAME:
                todo.put_nowait("Hello %s!" % event.person[1])
            elif event.kind == "message" and event.group:
                text = answer(event.text)
                if text:
                    todo.put_nowait("%s: %s" % (event.sender, text))
            elif event.kind == "removed":
                return
    finally:
        saying.cancel()


async def say(client, todo):
    while True:
        text = await todo.get()
        try:
            await client.send(None, text, group=GROUP)
        except (OSError, Error) as e:
            print("not said:", e, flush=True)


async def main():
    while True:
        # told over TCP when something waits, instead of asking every half minute
        client = AsyncClient(http(URL), USER, PASSWORD, 3, client="bot", cir=cir("STCP"))
        try:
            await talk(client)
            break
        except (OSError, Error) as e:
            print("away:", e, flush=True)
            await asyncio.sleep(30)
        finally:
            await client.close()


asyncio.run(main())
