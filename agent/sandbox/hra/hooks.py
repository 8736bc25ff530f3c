"""Tells the agent that somebody saved in eSS: the signed hook, after Standard Webhooks 1.0.

Touches the network, in a thread of its own, so that a save never waits for it. The payload is thin:
ids and names of sections, no values. What is refused for good is not sent again; everything else is
tried a few times. The vendor itself sends no hooks: this stands for whoever does it for them.
"""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from standardwebhooks import Webhook

PAUSES = (0.5, 2.0, 5.0)
"""Seconds before the second, third and fourth try."""

TIMEOUT = 10.0
FOR_GOOD = frozenset({400, 401, 403, 404, 413})
SECTIONS = ("details", "bank-accounts", "retirement-savings", "tax-details")

Post = Callable[[str, bytes, Mapping[str, str]], int]


@dataclass
class Delivery:
    """One hook: *state* is sending, waiting (to be tried again), taken or failed."""

    id: str
    employee: str
    sections: tuple[str, ...]
    state: str = "sending"
    attempts: int = 0
    status: int | None = None

    @property
    def open(self) -> bool:
        """Still under way."""
        return self.state in ("sending", "waiting")


class Hooks:
    """Sends hooks and remembers how they went. Thread-safe. `url` and `secret` may be set later."""

    def __init__(
        self,
        account_id: str,
        url: str | None,
        secret: str | None,
        clock: Callable[[], datetime],
        *,
        post: Post | None = None,
        sleep: Callable[[float], None] = time.sleep,
        message_id: Callable[[], str] = lambda: f"msg_{uuid4().hex}",
    ) -> None:
        self.url, self.secret = url, secret
        self._account_id, self._clock = account_id, clock
        self._post, self._sleep, self._message_id = post or post_bytes, sleep, message_id
        self._deliveries: dict[str, Delivery] = {}
        self._threads: dict[str, threading.Thread] = {}

    def fire(self, employee: str, sections: Sequence[str]) -> Delivery | None:
        """Starts sending in the background. None when no address and secret are set."""
        if not self.url or not self.secret:
            return None
        delivery = Delivery(self._message_id(), employee, tuple(sections))
        body = self._body(delivery)
        self._deliveries[delivery.id] = delivery
        work = (self.url, self.secret, delivery, body)
        thread = threading.Thread(target=self._deliver, args=work, daemon=True)
        self._threads[delivery.id] = thread
        thread.start()
        return delivery

    def find(self, key: str) -> Delivery | None:
        """The delivery with that id."""
        return self._deliveries.get(key)

    def as_plain(self) -> list[dict[str, Any]]:
        """All deliveries, oldest first."""
        return [asdict(delivery) for delivery in list(self._deliveries.values())]

    def wait(self, key: str, seconds: float) -> None:
        """Waits until that delivery has come to its end, or so long."""
        thread = self._threads.get(key)
        if thread is not None:
            thread.join(seconds)

    def _deliver(self, url: str, secret: str, delivery: Delivery, body: str) -> None:
        for pause in (*PAUSES, None):
            delivery.attempts += 1
            headers = self._headers(secret, delivery, body)
            try:
                delivery.status = self._post(url, body.encode(), headers)
            except OSError:
                delivery.status = None
            if delivery.status is not None and 200 <= delivery.status < 300:
                delivery.state = "taken"
                return
            if delivery.status in FOR_GOOD or pause is None:
                delivery.state = "failed"
                return
            delivery.state = "waiting"
            self._sleep(pause)

    def _headers(self, secret: str, delivery: Delivery, body: str) -> dict[str, str]:
        # Signed anew for each try: the receiver takes only fresh times. The id stays.
        now = self._clock()
        return {
            "content-type": "application/json",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(delivery.id, now, body),
        }

    def _body(self, delivery: Delivery) -> str:
        data = {
            "accountId": self._account_id,
            "employeeId": delivery.employee,
            "sections": list(delivery.sections),
        }
        event = {
            "type": "employee.saved",
            "timestamp": self._clock().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "data": data,
        }
        return json.dumps(event, separators=(",", ":"))


def post_bytes(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """POSTs *body*; the HTTP status of the answer. Raises OSError when there is no answer."""
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")
    # No proxy: the agent is on loopback, whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
