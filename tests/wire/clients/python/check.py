"""python-socketio against sio-conformance: `check.py sync|asyncio polling|websocket|upgrade URL`.

Exits 0 when every check held; says which one did not.
"""
import asyncio
import inspect
import queue
import sys

import socketio

LIMIT = 20
TRANSPORTS = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": None}


class Sync:
    """The blocking client, with what came kept in queues by event."""

    def __init__(self, url, transports):
        self.client = socketio.Client(reconnection=False)
        self.queues = {}
        for namespace in ("/", "/custom"):
            for event in ("auth", "message-back", "bindata", "said", "answer"):
                self.listen(event, namespace)
        self.client.on("question", lambda value: f"{value} is answered")
        self.gone = queue.Queue()
        self.client.on("disconnect", lambda *_: self.gone.put(True))
        self.client.connect(url, auth={"token": "secret"}, namespaces=["/", "/custom"],
                            transports=transports)

    def listen(self, event, namespace):
        self.queues[namespace, event] = queue.Queue()
        self.client.on(event, lambda *values: self.queues[namespace, event].put(list(values)),
                       namespace=namespace)

    async def next(self, event, namespace="/"):
        return self.queues[namespace, event].get(timeout=LIMIT)

    async def emit(self, event, data, namespace="/"):
        self.client.emit(event, data, namespace=namespace)

    async def ask(self, event, data, namespace="/"):
        return self.client.call(event, data, namespace=namespace, timeout=LIMIT)

    async def until_gone(self):
        self.gone.get(timeout=LIMIT)

    async def close(self):
        self.client.disconnect()


class Async:
    """The same over asyncio."""

    @classmethod
    async def open(cls, url, transports):
        self = cls()
        self.client = socketio.AsyncClient(reconnection=False)
        self.queues = {}
        for namespace in ("/", "/custom"):
            for event in ("auth", "message-back", "bindata", "said", "answer"):
                self.listen(event, namespace)
        self.client.on("question", lambda value: f"{value} is answered")
        self.gone = asyncio.Event()
        self.client.on("disconnect", lambda *_: self.gone.set())
        await self.client.connect(url, auth={"token": "secret"}, namespaces=["/", "/custom"],
                                  transports=transports)
        return self

    def listen(self, event, namespace):
        self.queues[namespace, event] = asyncio.Queue()
        self.client.on(event,
                       lambda *values: self.queues[namespace, event].put_nowait(list(values)),
                       namespace=namespace)

    async def next(self, event, namespace="/"):
        return await asyncio.wait_for(self.queues[namespace, event].get(), LIMIT)

    async def emit(self, event, data, namespace="/"):
        await self.client.emit(event, data, namespace=namespace)

    async def ask(self, event, data, namespace="/"):
        return await self.client.call(event, data, namespace=namespace, timeout=LIMIT)

    async def until_gone(self):
        await asyncio.wait_for(self.gone.wait(), LIMIT)

    async def close(self):
        await self.client.disconnect()


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: {found!r} is not {wanted!r}")


async def check(link):
    for namespace in ("/", "/custom"):
        expect("the greeting", await link.next("auth", namespace), [{"token": "secret"}])

    await link.emit("message", (1, "zwei", {"3": [None]}, "ü"))
    expect("an event", await link.next("message-back"), [1, "zwei", {"3": [None]}, "ü"])
    await link.emit("message", "there", namespace="/custom")
    expect("an event of a namespace", await link.next("message-back", "/custom"), ["there"])
    expect("an ack", await link.ask("message-with-ack", {"a": 1}), {"a": 1})
    expect("the first of two acks", await link.ask("twice-ack", None), "first")

    await link.emit("message", b"\x01\x02\xff")
    expect("bytes", await link.next("message-back"), [b"\x01\x02\xff"])
    await link.emit("bin", None)
    expect("bytes from the server", await link.next("bindata"),
           [b"\x01\x02\x03", {"k": [b"\x04", b""]}])
    expect("an ack of bytes", await link.ask("message-with-ack", b"x"), b"x")

    # It waits for 300 ms, which a busy machine may miss.
    answer = None
    for _ in range(20):
        await link.emit("ask-me", None)
        answer = await link.next("answer")
        if answer == ["1 is answered"]:
            break
    expect("the answer to a question", answer, ["1 is answered"])
    expect("a room", await link.ask("join", "r"), "ok")
    await link.emit("say", ("r", "hello"))
    expect("what is said in it", await link.next("said"), ["hello"])

    # It takes sixteen packets of a poll and no more.
    await link.emit("burst", 100)
    expect("an ack after a burst", await link.ask("message-with-ack", "after"), "after")


async def run(kind, mode, url):
    made = Sync(url, TRANSPORTS[mode]) if kind == "sync" else Async.open(url, TRANSPORTS[mode])
    link = await made if inspect.isawaitable(made) else made
    await check(link)
    await link.emit("kick", True)
    await link.until_gone()

    made = Sync(url, TRANSPORTS[mode]) if kind == "sync" else Async.open(url, TRANSPORTS[mode])
    again = await made if inspect.isawaitable(made) else made
    await again.next("auth")
    await again.close()


asyncio.run(run(*sys.argv[1:]))
