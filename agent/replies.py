"""What may be told of a vendor's reply: its sentences without any value, a path without ids, when
to come back.

Pure. A vendor's sentence is shown to a person only after every value of the request, and
everything that looks like a number, a date, an address for e-mail or an id, has been struck out
of it (S4). Keys of a record ("BSB", "firstName") stay: they say what to correct. Nothing here
raises on a malformed reply.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote

STRUCK = "…"
MOST_SENTENCES = 10
LONGEST_SENTENCE = 300
LONGEST_READ = 1000
LONGEST_PAUSE = timedelta(days=7)

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_TELLING = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # an id
    r"|[^\s@\"'<>]+@[^\s@\"'<>]+"  # an e-mail address
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?[\s-]+{_MONTH}\b(?:[\s,-]+\d{{2,4}})?"  # 3 March 1980
    rf"|\b{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?\b(?:[\s,]+\d{{2,4}})?"  # March 3, 1980
    r"|\b\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b"  # 1980-03-10, 10/3/80
    r"|\d(?:[\s.,/-]?\d){5,}",  # six digits or more, grouped or not
    re.IGNORECASE,
)
_REPEATED = re.compile(rf"{STRUCK}(?:[\s.,/-]*{STRUCK})*")
_WORD_IN_PATH = re.compile(r"[A-Za-z][A-Za-z.-]{0,29}|\d{1,2}\.\d")
_SAFE_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def sentences(body: Any) -> tuple[str, ...]:
    """The vendor's own sentences in a parsed error body, still with values: for `struck` only.

    Forms (contracts, and what is publicly known of Xero): `ValidationErrors[].Message` at any
    depth, `{"ErrorNumber", "Type", "Message"}`, one problem or an array of problems with `title`
    and `detail`.
    """
    found = [*_problems(body), *_exception(body), *_validation_messages(body)]
    return tuple(dict.fromkeys(text for text in found if text))


def has_validation_errors(body: Any) -> bool:
    """Whether an answer carries a validation error anywhere, whatever its status says."""
    return any(True for _ in _validation_errors(body))


def struck(texts: Iterable[str], request: Iterable[Any]) -> tuple[str, ...]:
    """The sentences with every leaf of `request` struck out, shortened, without control
    characters.
    """
    forms = {form for value in request for leaf in _leaves(value) for form in _forms(leaf)}
    patterns = [re.compile(form, re.IGNORECASE) for form in forms]
    # A text cut before the striking could end in half a value: one that is too long is left out
    # whole.
    short = [text for text in texts if len(text) <= LONGEST_READ][:MOST_SENTENCES]
    return tuple(dict.fromkeys(_struck(text, patterns) for text in short))


def blank_ids(path: str) -> str:
    """A path for the log: every segment that may be an id becomes `{id}`."""
    return "/".join(
        part if not part or _WORD_IN_PATH.fullmatch(part) else "{id}" for part in path.split("/")
    )


def ids_in(path: str) -> tuple[str, ...]:
    """The segments of a path that may be ids, as they were before quoting."""
    parts = (unquote(part) for part in path.split("/") if part)
    return tuple(part for part in parts if not _WORD_IN_PATH.fullmatch(part))


def header(headers: Mapping[str, str], name: str) -> str | None:
    """A header's value whatever its case, or None."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), None)


def correlation(headers: Mapping[str, str]) -> str | None:
    """The vendor's id of this call, for its support; None where it is missing or of an odd
    form.
    """
    for name in ("xero-correlation-id", "x-correlation-id", "x-request-id"):
        value = header(headers, name)
        if value and _SAFE_ID.fullmatch(value):
            return value
    return None


def retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When Retry-After (seconds or an HTTP date) lets the caller come back, aware UTC: between now
    and LONGEST_PAUSE; None without a usable one.
    """
    text = (header(headers, "retry-after") or "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]*)?", text):
        seconds = min(float(text[:20]), LONGEST_PAUSE.total_seconds())
        return now + timedelta(seconds=seconds)
    named = _http_date(text)
    return None if named is None else min(max(named, now), now + LONGEST_PAUSE)


def _http_date(text: str) -> datetime | None:
    try:
        named = parsedate_to_datetime(text)
        aware = named if named.tzinfo else named.replace(tzinfo=UTC)
        return aware.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _problems(body: Any) -> Iterator[str]:
    # Only at the top: deeper down, "title" is a person's Mr or Ms.
    for problem in body if isinstance(body, list) else [body]:
        if not isinstance(problem, dict):
            continue
        low = {str(key).lower(): value for key, value in problem.items()}
        if "status" in low and "title" in low:
            texts = (low["title"], low.get("detail"))
            yield ": ".join(text for text in texts if isinstance(text, str) and text)


def _exception(body: Any) -> Iterator[str]:
    if not isinstance(body, dict) or not {"ErrorNumber", "Type"} & body.keys():
        return
    if isinstance(body.get("Message"), str):
        yield body["Message"]


def _validation_messages(body: Any) -> Iterator[str]:
    for error in _validation_errors(body):
        text = error.get("Message") if isinstance(error, dict) else error
        if isinstance(text, str):
            yield text


def _validation_errors(body: Any) -> Iterator[Any]:
    # A stack, not recursion: an answer may be nested deeper than Python likes.
    waiting = [body]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, dict):
            errors = thing.get("ValidationErrors")
            yield from errors if isinstance(errors, list) else ()
            waiting.extend(reversed([*thing.values()]))
        elif isinstance(thing, list):
            waiting.extend(reversed(thing))


def _leaves(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, Mapping):
            waiting.extend(thing.values())
        elif isinstance(thing, (list, tuple, set, frozenset)):
            waiting.extend(thing)
        elif isinstance(thing, (int, float, Decimal)) and not isinstance(thing, bool):
            yield from _number_forms(thing)
        elif isinstance(thing, str) and _clean(thing):
            yield _clean(thing)


def _number_forms(number: int | float | Decimal) -> Iterator[str]:
    yield str(number)
    yield f"{number:.2f}"
    yield f"{number:,}"
    yield f"{number:,.2f}"


def _forms(leaf: str) -> Iterator[str]:
    """Patterns for one value: whole, without accents, its words, its digits however they are
    grouped.
    """
    for text in {leaf, _plain(leaf)}:
        whole = r"\s+".join(re.escape(part) for part in text.split())
        yield whole if len(text) >= 3 else rf"(?<!\w){whole}(?!\w)"
        yield from (rf"(?<!\w){word}(?!\w)" for word in re.findall(r"\w{3,}", text))
    digits = re.sub(r"[^0-9]", "", leaf)
    if len(digits) >= 3:
        yield r"[\s.,/-]?".join(digits)


def _struck(text: str, patterns: list[re.Pattern[str]]) -> str:
    text = _clean(text)
    # All are looked for in the whole text: struck one after another, one could hide the next.
    hidden = {
        place
        for pattern in (*patterns, _TELLING)
        for match in pattern.finditer(text)
        for place in range(*match.span())
    }
    text = "".join(STRUCK if place in hidden else mark for place, mark in enumerate(text))
    text = _REPEATED.sub(STRUCK, text)
    return " ".join(text.split())[:LONGEST_SENTENCE]


def _clean(text: str) -> str:
    text = unicodedata.normalize("NFC", html.unescape(text))
    return "".join(mark if mark.isprintable() else " " for mark in text).strip()


def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text)
    return "".join(mark for mark in parts if not unicodedata.combining(mark))
