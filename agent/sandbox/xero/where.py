"""The `where` and `order` of a Xero list: a small part of .NET's expression language.

Pure. Takes comparisons (`==`, `!=`, `<`, `<=`, `>`, `>=`), `&&`, `||` (and AND, OR), parentheses, texts in double quotes,
`DateTime(y,m,d)`, `Guid("...")`, numbers, true, false, null. A single `=` is an error, as the vendor's users report.
"""

import operator
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime
from typing import Any

TOKEN = re.compile(
    r"\s*(?:(?P<text>\"[^\"]*\")|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w.]*)"
    r"|(?P<sign>==|!=|<=|>=|&&|\|\||<|>|\(|\)|,))"
)
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
CONSTANTS = {"true": True, "false": False, "null": None}
Test = Callable[[Mapping[str, Any]], bool]
Value = Callable[[Mapping[str, Any]], Any]


class BadQuery(ValueError):
    """The expression cannot be understood; the text is the vendor's sentence."""


def where(expression: str, fields: Collection[str], kind: str) -> Test:
    """A test for one record. Raises BadQuery for an unknown field or a broken expression."""
    return _Reader(expression, fields, kind).whole()


def names_field(expression: str | None, field: str) -> bool:
    """Whether the expression speaks of `field` at all."""
    return expression is not None and re.search(rf"\b{field}\b", expression) is not None


def ordered(
    records: list[dict[str, Any]], order: str | None, fields: Collection[str], kind: str
) -> list[dict[str, Any]]:
    """The records sorted by `Field ASC|DESC`; empty values first. Raises BadQuery for an unknown field."""
    if not order:
        return records
    name, _, way = order.strip().partition(" ")
    _known(name, fields, kind, 0)
    if way.strip().upper() not in ("", "ASC", "DESC"):
        raise BadQuery(f"Syntax error (at index {len(name) + 1})")
    down = way.strip().upper() == "DESC"
    return sorted(
        records, key=lambda r: (r.get(name) is not None, _like(r.get(name))), reverse=down
    )


def _like(value: Any) -> Any:
    return "" if value is None else value


def _known(name: str, fields: Collection[str], kind: str, at: int) -> None:
    if name not in fields:
        raise BadQuery(f"No property or field '{name}' exists in type '{kind}' (at index {at})")


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, expression: str, fields: Collection[str], kind: str) -> None:
        self._fields, self._kind = fields, kind
        self._tokens = list(_tokens(expression))
        self._at = 0

    def whole(self) -> Test:
        test = self._either()
        if self._at < len(self._tokens):
            raise BadQuery(f"Syntax error (at index {self._tokens[self._at][2]})")
        return test

    def _either(self) -> Test:
        parts = [self._both()]
        while self._takes("||") or self._takes("OR"):
            parts.append(self._both())
        return lambda record: any(part(record) for part in parts)

    def _both(self) -> Test:
        parts = [self._one()]
        while self._takes("&&") or self._takes("AND"):
            parts.append(self._one())
        return lambda record: all(part(record) for part in parts)

    def _one(self) -> Test:
        if self._takes("("):
            inner = self._either()
            self._demand(")")
            return inner
        left, sign, right = self._value(), self._sign(), self._value()
        return lambda record: _holds(sign, left(record), right(record))

    def _sign(self) -> str:
        kind, text, at = self._next()
        if kind != "sign" or text not in COMPARE:
            raise BadQuery(f"Operator expected (at index {at})")
        return text

    def _value(self) -> Value:
        kind, text, at = self._next()
        if kind == "text":
            return lambda record: text[1:-1]
        if kind == "number":
            return lambda record: float(text)
        if kind != "name":
            raise BadQuery(f"Expression expected (at index {at})")
        if text in CONSTANTS:
            return lambda record: CONSTANTS[text]
        if text in ("DateTime", "Guid"):
            return self._made(text, at)
        _known(text, self._fields, self._kind, at)
        return lambda record: record.get(text)

    def _made(self, kind: str, at: int) -> Value:
        self._demand("(")
        parts = [self._next()[1]]
        while self._takes(","):
            parts.append(self._next()[1])
        self._demand(")")
        try:
            made: Any = (
                parts[0].strip('"').lower()
                if kind == "Guid"
                else datetime(*(int(part) for part in parts), tzinfo=UTC)  # type: ignore[misc, arg-type]
            )
        except (ValueError, TypeError) as error:
            raise BadQuery(f"Invalid {kind} (at index {at})") from error
        return lambda record: made

    def _takes(self, text: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at][1].upper() == text:
            self._at += 1
            return True
        return False

    def _demand(self, text: str) -> None:
        if not self._takes(text):
            raise BadQuery(f"'{text}' expected")

    def _next(self) -> tuple[str, str, int]:
        if self._at >= len(self._tokens):
            raise BadQuery("Expression expected (at the end)")
        self._at += 1
        return self._tokens[self._at - 1]


def _tokens(expression: str) -> list[tuple[str, str, int]]:
    found, at = [], 0
    while expression[at:].strip():
        match = TOKEN.match(expression, at)
        if match is None:
            raise BadQuery(f"Syntax error (at index {at})")
        kind = str(match.lastgroup)
        found.append((kind, match[kind], match.start(kind)))
        at = match.end()
    return found


def _holds(sign: str, left: Any, right: Any) -> bool:
    left, right = _comparable(left), _comparable(right)
    if left is None or right is None:
        return sign in ("==", "!=") and bool(COMPARE[sign](left, right))
    try:
        return bool(COMPARE[sign](left, right))
    except TypeError as error:
        raise BadQuery("Operator incompatible with operand types") from error


def _comparable(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value
