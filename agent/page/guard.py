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


def headers() -> dict[str, str]:
    """The headers of every answer."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
