"""A greeting over HTTP: the smallest service that behaves like a grown-up one.

    /         the greeting, with the commit and the environment that answer
    /healthz  200 when the service may receive traffic, 503 before
    /slow     an answer that takes two seconds, to watch what a deploy does to it

SIGTERM ends it gracefully: requests under way are answered, then it exits with code 0.
"""

import html
import json
import os
import signal
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STARTED = time.monotonic()
SLOW_SECONDS = 2.0


def greeting(name: str = "world") -> str:
    return f"Hello, {name}!"


def page() -> str:
    commit = html.escape(os.environ.get("COMMIT", "unknown")[:7])
    environment = html.escape(os.environ.get("ENVIRONMENT", "nowhere"))
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>hello</title>"
        "<style>body{font:24px/1.5 system-ui;margin:15vh auto;max-width:22em;text-align:center}"
        "small{color:#667}</style>"
        f"<h1>{greeting()}</h1><p><small>commit <code>{commit}</code> in {environment}</small></p>\n"
    )


def warm(seconds_up: float) -> bool:
    """Some services need a moment before they can answer: WARM_UP_SECONDS says how long this one does."""
    return seconds_up >= float(os.environ.get("WARM_UP_SECONDS", "0"))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/":
                self.answer(200, page(), "text/html; charset=utf-8")
            case "/healthz":
                ready = warm(time.monotonic() - STARTED)
                self.answer(200 if ready else 503, json.dumps({"status": "ok" if ready else "warming up"}) + "\n")
            case "/slow":
                time.sleep(SLOW_SECONDS)
                self.answer(200, json.dumps({"greeting": greeting(), "seconds": SLOW_SECONDS}) + "\n")
            case _:
                self.answer(404, json.dumps({"error": "nothing here"}) + "\n")

    def answer(self, status: int, text: str, kind: str = "application/json") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.server.closing.is_set():
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = False  # closing the server waits for the answers under way
    request_queue_size = 128

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, Handler)
        self.closing = threading.Event()
        self.connections: set[socket.socket] = set()

    def process_request(self, request: socket.socket, client_address: tuple[str, int]) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def close_gracefully(self) -> None:
        """Take no new requests. Connections that are idle end now, the others after their answer."""
        self.closing.set()
        for connection in tuple(self.connections):
            try:
                connection.shutdown(socket.SHUT_RD)
            except OSError:
                continue  # it ended by itself a moment ago
        self.shutdown()


def main() -> None:
    server = Server(("0.0.0.0", int(os.environ.get("PORT", "8000"))))
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.close_gracefully).start())
    print(f"listening on port {server.server_address[1]}", flush=True)
    server.serve_forever(poll_interval=0.05)
    server.server_close()
    print("closed gracefully", flush=True)


if __name__ == "__main__":
    main()
