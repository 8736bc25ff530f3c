"""One planted fault: what somebody might write by mistake, and the tests of its rule that must notice."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """In `file`, the text `before` (there exactly once) becomes `after`.

    `tests`: files below tests/, or `file::name` where one test is enough; of a file those tests run that carry the rule in
    their name.
    """

    rule: str
    what: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]

    def fits(self, word: str) -> bool:
        """Whether a word from the command line means this fault."""
        return word == self.rule or (len(word) > 2 and word in f"{self.file} {self.what}")


def row(rule: str, what: str, file: str, before: str, after: str, *tests: str) -> Fault:
    """A fault as a row of a table; `file` stands below agent/ or webhooks/."""
    top = file if file.startswith("webhooks/") else f"agent/{file}"
    return Fault(rule, what, top, before, after, tests)
