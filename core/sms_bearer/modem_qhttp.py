"""CSP over HTTP by the stack of Quectel modems (see modem_http.py).

The request's own header is written with it, since these modems know four content types only.
"""

from ..const import const
from ..errors import PeerError
from .modem_http import ModemHttp

_COMMAND = const(230)
_WANTED = const(64)

_CONNECT = const(-0x1EE71474)
_POSTED = const(0x29083E74)  # +QHTTPPOST:

QUECTEL = (
    b'+QICSGP=1,1,"%s"\n+QIACT=1',
    b'+QHTTPCFG="contextid",1\n+QHTTPCFG="requestheader",1\n+QHTTPCFG="responseheader",0',
)


class QuectelHttp(ModemHttp):
    """Arguments of ModemHttp; family: QUECTEL."""

    def post(self, s, size, content):
        """Flow: the request, and the first line of the answer: status and left."""
        for text in self.family[1].split(b"\n"):
            yield from self.must(text)
        yield from self.until(b"+QHTTPURL=%d,30" % len(self.url), _CONNECT)
        yield from self.at.write(self.url)
        yield from self.end()
        host, _, path = self.url.split(b"://")[-1].partition(b"/")
        head = b"POST /%s HTTP/1.1\r\nHost: %s\r\n" % (path, host)
        head += b"Content-Type: %s\r\nContent-Length: %d\r\n\r\n" % (content, size)
        seconds = self.timeout // 1000
        text = b"+QHTTPPOST=%d,30,%d" % (len(head) + size, seconds)
        yield from self.until(text, _CONNECT)
        self.want = _POSTED
        yield from self.put(s, head)
        if self.want:
            yield from self.at.wait(self.timeout, _WANTED)
        if self.want:
            self.want = 0
            raise PeerError(_COMMAND, 0)

    def more(self, n):
        """Flow: all of the answer is one piece."""
        self.chunk = left = self.left
        yield from self.until(b"+QHTTPREAD=%d" % (self.timeout // 1000), _CONNECT)
        self.left = left
