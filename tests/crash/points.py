"""The points of a process at which it can be killed: every call that changes a file of its folder or one of the sides.

Lives in the agent's own process and wraps the system's calls below the agent's code, so nothing of the agent is
replaced. A kill is `SIGKILL`: no `finally`, no `atexit`, no buffer is written out. What a kill leaves is decided by the
last call that had an effect; so a point before each such call, one in the middle of each write, and two around each
request to a side are all that can be told apart from outside.
"""

import hashlib
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from agent.replies import blank_ids
from agent.vault import KEY_FILE

Tell = Callable[[dict[str, Any]], None]

MAKES = os.O_CREAT | os.O_TRUNC
TOKEN_PATHS = ("/oauth/token", "/connect/token", "/connect/revocation")


class Points:
    """Counts the points that are passed, and dies at the one named `kill`: its kind and the how manieth of it (`torn
    links.json#3`), or a bare number for the how manieth of all. With `traced` it tells of each point its name and a
    fingerprint of all that stays after a kill there: points of one fingerprint are one for whoever comes after.
    """

    def __init__(self, folder: Path, kill: str, traced: bool, tell: Tell) -> None:
        self._folder = folder.resolve()
        self._kill = kill
        self._traced = traced
        self._tell = tell
        self._lock = threading.RLock()
        self._handles: dict[int, str] = {}
        self._passed: Counter[str] = Counter()
        self.sent = 0
        self.written = 0

    def watch(self) -> None:
        """From now on every effect of this process is counted."""
        self._system = {name: getattr(os, name) for name in WRAPPED}
        for name in WRAPPED:
            setattr(os, name, getattr(self, f"_{name}"))
        self._adapter = HTTPAdapter.send
        send = self._send
        HTTPAdapter.send = lambda self, *args, **more: send(self, *args, **more)  # type: ignore[method-assign]
        sys.addaudithook(self._unwatched)

    # --- one point

    def _point(
        self,
        kind: str,
        middle: Callable[[], object] | None = None,
        request: requests.PreparedRequest | None = None,
    ) -> None:
        """`middle`: what is done of the call itself before the kill; `request`: what was about to leave."""
        with self._lock:
            self._passed[kind] += 1
            name, number = f"{kind}#{self._passed[kind]}", self._passed.total()
            if self._kill in (name, str(number)):
                if middle:
                    middle()
                self._tell({"died": name, "in flight": request and _told(request)})
                os.kill(os.getpid(), signal.SIGKILL)
            if self._traced:
                self._tell({"point": name, "state": self._state(number if middle else 0)})

    def _state(self, torn: int) -> str:
        """Of a torn write each is its own."""
        found = hashlib.sha256(f"{self.sent}:{torn}".encode())
        for path in sorted(self._folder.iterdir()):
            found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return found.hexdigest()[:16]

    def _name(self, path: Any) -> str:
        """The file's name where it is one of the folder, else nothing."""
        if not isinstance(path, str | bytes | os.PathLike):
            return ""
        there = Path(os.fsdecode(path))
        return there.name if there.parent.resolve() == self._folder else ""

    # --- the disk

    def _open(self, path: Any, flags: int, *args: Any, **more: Any) -> int:
        name = self._name(path)
        if name and flags & MAKES:
            self._point(f"create {name}")
        handle: int = self._system["open"](path, flags, *args, **more)
        self._handles.pop(handle, None)
        if name and flags & (os.O_WRONLY | os.O_RDWR):
            self._handles[handle] = name
        return handle

    def _close(self, handle: int) -> None:
        self._handles.pop(handle, None)
        self._system["close"](handle)

    def _fdopen(self, handle: int, *args: Any, **more: Any) -> Any:
        if handle in self._handles:
            return _Unbuffered(handle)
        return self._system["fdopen"](handle, *args, **more)

    def _write(self, handle: int, data: Any) -> int:
        name = self._handles.get(handle)
        if name:
            write = self._system["write"]
            self._point(f"write {name}")
            self._point(
                f"torn {name}", lambda: write(handle, bytes(data)[: max(1, len(data) // 2)])
            )
        count: int = self._system["write"](handle, data)
        return count

    def _fsync(self, handle: int) -> None:
        # A kill loses nothing that was written, synced or not: the disk is not waited for.
        self._point(f"sync {self._handles.get(handle, 'folder')}")

    def _ftruncate(self, handle: int, size: int) -> None:
        self._point(f"cut {self._handles.get(handle, '')}")
        self._system["ftruncate"](handle, size)

    def _replace(self, source: Any, target: Any, **more: Any) -> None:
        if name := self._name(target):
            self._point(f"rename {name}")
        self._system["replace"](source, target, **more)

    def _rename(self, source: Any, target: Any, **more: Any) -> None:
        if name := self._name(target):
            self._point(f"rename {name}")
        self._system["rename"](source, target, **more)

    def _unlink(self, path: Any, **more: Any) -> None:
        name = self._name(path)
        if name and Path(path).exists():
            self._point(f"remove {name}")
        self._system["unlink"](path, **more)

    def _unwatched(self, event: str, args: tuple[Any, ...]) -> None:
        """A file of the folder opened for writing in another way than through `os.open` would be a gap of this harness."""
        if event == "open" and args[1] and set(args[1]) & set("wax+") and self._gap(args[0]):
            self._tell({"gap": self._name(args[0])})

    def _gap(self, path: Any) -> bool:
        # The old key file is written over once it has no name any more.
        return self._name(path) not in ("", KEY_FILE)

    # --- the sides

    def _send(
        self, adapter: Any, request: requests.PreparedRequest, *args: Any, **more: Any
    ) -> requests.Response:
        path = urlsplit(request.url or "").path
        if request.method == "GET":
            return self._adapter(adapter, request, *args, **more)
        kind = "token" if path in TOKEN_PATHS else "side"
        told = f"{request.method} {blank_ids(path)}"
        self._point(f"{kind} before {told}", request=request)
        self.sent += 1
        self.written += kind == "side"
        answer: requests.Response = self._adapter(adapter, request, *args, **more)
        self._point(f"{kind} after {told}")
        return answer


def _told(request: requests.PreparedRequest) -> dict[str, Any]:
    """A request as somebody else can send it, later."""
    body = request.body or b""
    data = body.encode() if isinstance(body, str) else body
    assert isinstance(data, bytes)
    headers = {name: value for name, value in request.headers.items() if name != "Content-Length"}
    return {"method": request.method, "url": request.url, "headers": headers, "body": data.hex()}


WRAPPED = ("open", "close", "fdopen", "write", "fsync", "ftruncate", "replace", "rename", "unlink")


class _Unbuffered:
    """A file whose writes go to the system one by one, so that each can be torn."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def write(self, data: bytes) -> int:
        os.write(self._handle, data)
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back."""

    def fileno(self) -> int:
        return self._handle

    def close(self) -> None:
        os.close(self._handle)

    def __enter__(self) -> "_Unbuffered":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
