"""As much of a model hub as its client library asks for, on this machine."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class FakeHub(ThreadingHTTPServer):
    """Serves the files of ``folder`` as the one revision of ``repo``."""

    daemon_threads = True

    def __init__(self, repo: str, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repo, self.folder = repo, folder
        self.sent: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def files(self) -> list[str]:
        every = sorted(file for file in self.folder.rglob("*") if file.is_file())
        return [file.relative_to(self.folder).as_posix() for file in every]


@contextmanager
def serving(repo: str, folder: Path) -> Iterator[FakeHub]:
    hub = FakeHub(repo, folder)
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        thread.join()
        hub.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: FakeHub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path, repo = unquote(urlsplit(self.path).path), self.server.repo
        if path in (f"/api/models/{repo}", f"/api/models/{repo}/revision/main"):
            sizes = [{"rfilename": name, "size": self._size(name)} for name in self.server.files()]
            self._json({"id": repo, "sha": COMMIT, "siblings": sizes})
        elif path == f"/api/models/{repo}/tree/{COMMIT}":
            self._json([self._entry(name) for name in self.server.files()])
        elif path.startswith((f"/{repo}/resolve/{COMMIT}/", f"/{repo}/resolve/main/")):
            self._file(path.split("/", 5)[5])
        elif path.endswith("/gated"):
            self._json({"error": "gated"}, status=403, code="GatedRepo")
        else:
            self._json({"error": "Repository not found"}, status=404, code="RepoNotFound")

    def _size(self, name: str) -> int:
        return (self.server.folder / name).stat().st_size

    def _entry(self, name: str) -> dict[str, object]:
        return {"type": "file", "path": name, "size": self._size(name), "oid": self._etag(name)}

    def _etag(self, name: str) -> str:
        return hashlib.sha1((self.server.folder / name).read_bytes()).hexdigest()  # noqa: S324

    def _json(self, value: object, *, status: int = 200, code: str = "") -> None:
        headers = {"Content-Type": "application/json"} | ({"X-Error-Code": code} if code else {})
        self._send(status, json.dumps(value).encode(), headers)

    def _file(self, name: str) -> None:
        if self.command == "GET":
            self.server.sent.append(name)
        content = (self.server.folder / name).read_bytes()
        self._send(200, content, {"ETag": f'"{self._etag(name)}"', "X-Repo-Commit": COMMIT})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None: ...
