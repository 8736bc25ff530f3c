"""What every answer carries and every request must have: the Host it may name, and the headers that keep a page shut.

Pure functions over addresses.
"""

from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}


def allowed_hosts(public_url: str, host: str, port: int) -> frozenset[str]:
    """The Host headers that mean this agent; any other may be another site's name bound to this address."""
    public = urlsplit(public_url)
    own = f"[{host}]" if ":" in host else host
    near = {f"{name}:{port}" for name in (own, "localhost", "127.0.0.1", "[::1]")}
    return frozenset({plain_host(public.netloc.rpartition("@")[2], public.scheme), *near})


def plain_host(host: str, scheme: str) -> str:
    """A Host header as it is compared: lower case, without the port that its scheme implies."""
    return host.lower().removesuffix(f":{DEFAULT_PORTS.get(scheme, '')}")


def headers(public_url: str, sign_in_urls: tuple[str, ...]) -> dict[str, str]:
    """The headers of every answer."""
    # Browsers hold a form's redirects to form-action too: the buttons that connect lead on to the vendors.
    forms = " ".join(
        dict.fromkeys(
            ["'self'", _origin(public_url), *(w for u in sign_in_urls for w in _family(u))]
        )
    )
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"base-uri 'none'; frame-ancestors 'none'; form-action {forms}"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _family(url: str) -> tuple[str, ...]:
    """A vendor's sign-in host and its neighbours: sign-in redirects from one to the next."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    labels = host.split(".")
    if parts.scheme != "https" or len(labels) < 3 or labels[-1].isdigit():
        return (_origin(url),)
    return (_origin(url), f"https://*.{'.'.join(labels[1:])}")
