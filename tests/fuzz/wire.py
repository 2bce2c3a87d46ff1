"""Bytes that are almost HTTP, and almost WebSocket: made well, then made worse."""

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

GRAPHQL = (
    "{ __typename }",
    "{ tasks(limit: 3) { id title subtasks { id } } }",
    "{ tasksConnection(first: 2) { edges { cursor node { id } } totalCount syncToken } }",
    'mutation { createTask(input: {title: "x"}) { task { id } problems { message } } }',
    "mutation { updateTask(id: 1, input: {completed: true}) { task { version } syncToken } }",
    "query ($v: ID!) { task(id: $v) { id history { at } } }",
)
SUBSCRIPTIONS = (
    "subscription { taskEvents { kind id task { title } } }",
    'subscription { taskEvents(since: "000000-000000000000") { kind syncToken } }',
)
HEAD_PIECES = (
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b" ",
        b"\t",
        b":",
        b"\r\n\r\n",
        b"\xff\xfe",
        b"%00",
        b"%",
        b"//",
    ),
    *(
        b"Content-Length: 5\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 99999999999999999999\r\n",
    ),
    *(b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"Host: b\r\n"),
    *(b"Content-Encoding: gzip\r\n", b"Expect: 100-continue\r\n", b"Upgrade: websocket\r\n"),
    *(b"Connection: upgrade\r\n", b"Content-Type: multipart/form-data; boundary=x\r\n"),
    *(b"Content-Type: application/json; charset=utf-7\r\n", b"Accept: ,;q=,*/*;q=x\r\n"),
    *(
        b"Time-Zone: ../../etc\r\n",
        b"Origin: null\r\n",
        b"HTTP/2.0",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ),
    *(b"X: " + b"a" * 70_000 + b"\r\n", b"X: 1\r\n" * 200, b"ffffffffffffffff\r\n", b"0\r\n\r\n"),
)


def worse(draw: Random, said: bytes, pieces: tuple[bytes, ...] = HEAD_PIECES) -> bytes:
    """Change bytes here and there, or none."""
    for _ in range(draw.choice((0, 1, 1, 2, 4))):
        at = draw.randrange(len(said) + 1)
        upto = at + draw.choice((1, 1, 2, 8, 64))
        change: Callable[[], bytes] = draw.choice(
            (
                lambda at=at, upto=upto, said=said: said[:at] + said[upto:],
                lambda at=at, upto=upto, said=said: said[:upto] + said[at:],
                lambda at=at, said=said: said[:at],
                lambda at=at, said=said: said[:at] + draw.randbytes(draw.randint(1, 9)) + said[at:],
                lambda at=at, said=said: said[:at] + draw.choice(pieces) + said[at:],
                lambda at=at, said=said: said[:at] + draw.choice(pieces) + said[at:],
                lambda at=at, said=said: said[:at] + draw.randbytes(1) + said[at + 1 :],
            )
        )
        said = change()
    return said


def cut(draw: Random, said: bytes) -> list[bytes]:
    """Cut what is said into what comes at once."""
    places = sorted(draw.randrange(len(said) + 1) for _ in range(draw.choice((0, 0, 1, 3))))
    return [said[a:b] for a, b in zip([0, *places], [*places, len(said)], strict=True) if a < b]


def http(draw: Random) -> bytes:
    """Say some requests behind each other; the last one ends the connection."""
    requests = [_request(draw) for _ in range(draw.choice((1, 1, 1, 2, 4)))]
    return worse(draw, b"".join(requests)) + (
        b"GET /graphql?query={__typename} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )


def _request(draw: Random) -> bytes:
    method, path, body = draw.choice(
        (
            ("POST", "/graphql", _operation(draw)),
            ("POST", "/graphql", _operation(draw)),
            ("GET", "/graphql?query=%7B%20tasks%20%7B%20id%20%7D%20%7D", b""),
            ("GET", "/graphql?query={__typename}&variables={}&extensions={}&operationName=", b""),
            ("POST", "/tasks/", b'{"title": "x", "description": "y", "completed": false}'),
            ("PUT", "/tasks/1", b'{"title": "z"}'),
            ("GET", "/tasks/1", b""),
            ("DELETE", "/tasks/9", b""),
            ("HEAD", "/tasks/", b""),
            ("OPTIONS", "/graphql", b""),
        )
    )
    headers = ["Host: localhost", "X-Request-Id: abc"]
    if body:
        headers.append("Content-Type: application/json")
    if draw.random() < 0.2:
        headers.append("Accept: text/event-stream")
    if body and draw.random() < 0.3:
        headers.append("Transfer-Encoding: chunked")
        chunks = [body[n : n + 20] for n in range(0, len(body), 20)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    elif body:
        headers.append(f"Content-Length: {len(body)}")
    return "\r\n".join([f"{method} {path} HTTP/1.1", *headers, "", ""]).encode() + body


def _operation(draw: Random) -> bytes:
    request = {"query": draw.choice(GRAPHQL), "variables": {"v": draw.choice(("1", 2, None, "x"))}}
    return worse(draw, json.dumps(request).encode(), JSON_PIECES)


JSON_PIECES = (
    *(b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"\\ud800", b"\\u0000", b"1e999", b"\xff"),
    *(b"[" * 200, b'{"id": ', b'"type": "complete"', b'"type": "ping"', b'"payload": []', b"\\"),
    *(b"1" * 5_000, b'"id": ""', b'"extensions": {"persistedQuery": {"version": 1}}', b"NaN"),
)
HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n%b\r\n"
)
DEFLATED = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


@dataclass
class Frame:
    """A WebSocket frame. `length` is what it says of itself, in so many bytes of `width`."""

    payload: bytes
    opcode: int = TEXT
    fin: bool = True
    reserved: int = 0
    masked: bool = True
    length: int | None = None
    width: int = 0

    def __bytes__(self) -> bytes:
        """Write it as it goes over the wire."""
        length = len(self.payload) if self.length is None else self.length
        width = self.width or (0 if length < 126 else 2 if length < 2**16 else 8)
        short = {0: min(length, 125), 2: 126, 8: 127}[width]
        long = {0: b"", 2: struct.pack("!H", length % 2**16), 8: struct.pack("!Q", length)}[width]
        head = bytes([self.fin << 7 | self.reserved << 4 | self.opcode, self.masked << 7 | short])
        if not self.masked:
            return head + long + self.payload
        key = b"\x12\x34\x56\x78"
        return head + long + key + bytes(b ^ key[n % 4] for n, b in enumerate(self.payload))


def websocket(draw: Random) -> bytes:
    """Shake hands, talk graphql-transport-ws, and leave."""
    frames = [Frame(b'{"type": "connection_init"}')]
    for name in range(draw.randint(1, 6)):
        payload = {"query": draw.choice(GRAPHQL + SUBSCRIPTIONS * 2), "variables": {"v": 1}}
        messages = (
            {"id": f"{name}", "type": "subscribe", "payload": payload},
            {"id": f"{name}", "type": "subscribe", "payload": payload},
            {"id": f"{draw.randint(0, name)}", "type": "complete"},
            {"type": draw.choice(("ping", "pong", "connection_init")), "payload": {"a": 1}},
        )
        text = json.dumps(draw.choice(messages)).encode()
        if draw.random() < 0.2:
            text = worse(draw, text, JSON_PIECES)
        frames += _framed(draw, text)
    if draw.random() < 0.7:
        frames.append(Frame(struct.pack("!H", 1000), CLOSE))
    said = b"".join(map(bytes, frames))
    handshake = HANDSHAKE % (DEFLATED if draw.random() < 0.2 else b"")
    if draw.random() < 0.2:
        handshake = worse(draw, handshake)
    return handshake + (
        worse(draw, said, (b"\xff" * 9, b"\0" * 9)) if draw.random() < 0.2 else said
    )


def _framed(draw: Random, text: bytes) -> list[Frame]:
    """Put a message into frames: mostly one that is right, else one of many that are not."""
    half = len(text) // 2
    odd = (
        [Frame(text[:half], fin=False), Frame(text[half:], CONTINUED)],
        [Frame(text[:half], fin=False), Frame(b"!", PING), Frame(text[half:], CONTINUED)],
        [*(Frame(b"", fin=n > 0, opcode=CONTINUED if n else TEXT) for n in range(2)), Frame(text)],
        [Frame(text[:half], fin=False), Frame(text)],
        [Frame(text[half:], CONTINUED)],
        [Frame(text, BINARY)],
        [Frame(text, masked=False)],
        [Frame(text, reserved=draw.randint(1, 7))],
        [Frame(text, draw.choice((3, 7, 11, 15)))],
        [Frame(text, length=draw.choice((2**63 - 1, 2**63, 2**64 - 1, 2**40)), width=8)],
        [Frame(text, width=8), Frame(text, length=2**16 - 1, width=2)],
        [Frame(b"p" * 125, PING), Frame(b"p" * 126, PING)],
        [Frame(b"p", PING, fin=False), Frame(b"", PONG)],
        [Frame(struct.pack("!H", draw.choice((0, 999, 1005, 1006, 1015, 3000, 5000))), CLOSE)],
        [Frame(b"\x03", CLOSE)],
        [Frame(struct.pack("!H", 1000) + b"\xff\xfe", CLOSE)],
        [Frame(b"\xff\xc0\xaf")],
        [Frame(b" " * 1_200_000 + text)],
    )
    return draw.choice(odd) if draw.random() < 0.25 else [Frame(text)]


def frames_of(said: bytes) -> list[tuple[int, bytes]]:
    """Read a server's whole frames: their opcodes and payloads."""
    found = []
    while len(said) >= 2:
        opcode, short = said[0] & 15, said[1] & 127
        width = {126: 2, 127: 8}.get(short, 0)
        length = int.from_bytes(said[2 : 2 + width]) if width else short
        end = 2 + width + length
        if len(said) < end:
            break
        found.append((opcode, said[2 + width : end]))
        said = said[end:]
    return found
