"""What the tests stand on: examples as processes of their own, and a fake server."""

import hashlib
import hmac
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).parent.parent
NUMBER = os.environ.get("SAUTIKIT_NUMBER", "")
#: The sandbox carrier: answers and presses 1 2 3 #; is busy.
PRESSES = "+254722009906"
BUSY = "+254722009901"
DEADLINE_S = 30


def environment(**more):
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT / 'examples'}", **more}


def run_example(name, *args):
    """Runs an example to its end; what it printed."""
    done = subprocess.run([sys.executable, str(ROOT / "examples" / f"{name}.py"), *args], env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Served:
    """An example that serves."""

    def __init__(self, process, url):
        self.process, self.url = process, url
        self.output = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.output += line

    def said(self, pattern):
        return eventually(f"the example to say {pattern}", lambda: re.search(pattern, self.output, re.M))


@contextmanager
def serve_example(name, **env):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", f"{name}:app", "--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen(command, env=environment(**env), stdout=subprocess.PIPE, text=True)
    try:
        eventually("the example to listen", lambda: listens(port))
        yield Served(process, f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def eventually(what, look):
    until = time.monotonic() + DEADLINE_S
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < until, f"not within {DEADLINE_S} s: {what}"
        time.sleep(0.05)


def signature(body, secret, t=None):
    t = int(time.time()) if t is None else t
    return f"t={t},v1={hmac.new(secret.encode(), body + f'.{t}'.encode(), hashlib.sha256).hexdigest()}"


class Fake:
    """A server that answers with each of `answers` in turn and keeps what it was asked; `"close"` breaks the connection, and a
    function writes to it as it likes.
    """

    def __init__(self, *answers):
        self.requests = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fake.requests.append({"method": self.command, "path": self.path, "headers": self.headers, "body": body, "at": time.monotonic()})
                answer = answers[min(len(fake.requests), len(answers)) - 1]
                if answer == "silence":
                    fake.over.wait(DEADLINE_S)
                if answer in ("close", "silence"):
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                if callable(answer):
                    self.close_connection = True
                    answer(self)
                    return
                status, said, headers = answer
                text = said.encode() if isinstance(said, str) else json.dumps(said).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PATCH = do_DELETE = handle_one

            def log_message(self, *_):
                pass

        self.over = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


class Relay(Fake):
    """Hands what it gets on to `to`, once that is known, and keeps what was taken there."""

    def __init__(self):
        self.to, self.taken = None, []
        super().__init__(self._hand_on)

    def _hand_on(self, handler):
        import httpx

        asked = self.requests[-1]
        names = ("X-Sautikit-Signature", "Content-Type")
        status = 503
        if self.to:
            status = httpx.post(self.to + asked["path"], content=asked["body"], headers={name: asked["headers"][name] for name in names}).status_code
            if status == 204:
                self.taken.append(asked)
        handler.send_response(status)
        handler.send_header("Connection", "close")
        handler.send_header("Content-Length", "0")
        handler.end_headers()


def refused(status, code, headers=None, **more):
    """A refusal as the API writes it."""
    error = {"code": code, "message": "No.", "docs_url": f"http://x/docs/errors/{code}", "request_id": "req_1", **more}
    return (status, {"error": error}, headers or {})


def stream(*pieces, then=None):
    """An answer of events: ends after them as it should, or does `then` instead."""

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        # It is closed afterwards: kept, the next request might still go there.
        handler.send_header("Connection", "close")
        handler.end_headers()
        for piece in pieces:
            raw = piece.encode()
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(raw), raw))
        handler.wfile.flush()
        if then is None:
            handler.wfile.write(b"0\r\n\r\n")
        else:
            then(handler)

    return answer


def breaks(handler):
    """Cuts the connection in the middle of an answer."""
    handler.connection.shutdown(socket.SHUT_RDWR)


def gathered(rows):
    """All rows of something to iterate over, by either client."""
    if not hasattr(rows, "__aiter__"):
        return list(rows)

    async def all_of_them():
        return [row async for row in rows]

    return all_of_them()
