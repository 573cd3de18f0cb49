"""A bridge between web hooks and messages, for CPython.

* POST /wv:anna@im.example.com with a text in UTF-8 sends it to that user. The request has to have
  the header `Authorization: Bearer TOKEN`. 200 has the MessageID, 502 why it was not sent.
* A message that comes is posted to HOOK as JSON: {"from": ..., "group": ..., "text": ...}.

    curl -H "Authorization: Bearer change-me" --data "Build 7 failed" \\
        http://127.0.0.1:8088/wv:anna@im.example.com
"""

import asyncio
import hmac
import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from microimps import AsyncClient, Error
from microimps.ports import cir, http

# change these
URL = "http://im.example.com/"
USER = "wv:bridge@im.example.com"
PASSWORD = "secret"
LISTEN = ("127.0.0.1", 8088)  # behind a web server with TLS, if others may reach it
TOKEN = "change-me"
HOOK = "http://127.0.0.1:9000/hook"
LONGEST = 4096  # octets of a text


class Handler(BaseHTTPRequestHandler):
    """One request; the client works in the main thread's loop."""

    def do_POST(self):
        given = self.headers.get("Authorization", "")
        size = int(self.headers.get("Content-Length") or 0)
        if not hmac.compare_digest(given.encode(), b"Bearer " + TOKEN.encode()):
            return self.say(401, "no, or a wrong token")
        if not 0 < size <= LONGEST:
            return self.say(413, "a text of 1 to %d octets, please" % LONGEST)
        text = self.rfile.read(size).decode("utf-8", "replace")
        work = self.server.client.send(unquote(self.path[1:]), text)
        try:
            identity = asyncio.run_coroutine_threadsafe(work, self.server.loop).result(120)
        except (OSError, Error, TimeoutError) as e:
            return self.say(502, str(e))
        return self.say(200, identity or "sent")

    def say(self, status, text):
        body = text.encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def post(event):
    """Tell the hook of a message."""
    told = {"from": event.sender, "group": event.group, "text": event.text}
    request = urllib.request.Request(
        HOOK, json.dumps(told).encode(), {"Content-Type": "application/json"}
    )
    try:
        urllib.request.urlopen(request, timeout=30).close()
    except OSError as e:
        print("the hook did not take it:", e, flush=True)


async def main():
    client = AsyncClient(http(URL), USER, PASSWORD, 3, client="bridge", cir=cir("STCP"))
    await client.login()
    server = ThreadingHTTPServer(LISTEN, Handler)
    server.client, server.loop = client, asyncio.get_running_loop()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("listening on port", server.server_port, flush=True)
    while True:
        try:
            async for event in client.events():
                if event.kind == "message":
                    await asyncio.to_thread(post, event)
        except OSError as e:
            print("away:", e, flush=True)
            await asyncio.sleep(30)


asyncio.run(main())
