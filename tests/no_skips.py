"""Reads JUnit reports and fails when a report is missing, holds no test, or a test in it was skipped.

For a machine on which everything is installed that a test can need: there a skip hides something.
"""

import sys
from pathlib import Path
from xml.etree import ElementTree


def findings(report: Path) -> list[str]:
    """What is wrong with one report, one sentence each."""
    if not report.is_file():
        return [f"{report.name}: there is no report"]
    cases = list(ElementTree.parse(report).iter("testcase"))
    skipped = [(case, case.find("skipped")) for case in cases]
    found = [
        f"skipped: {case.get('classname')}.{case.get('name')}: {mark.get('message')}"
        for case, mark in skipped
        if mark is not None
    ]
    return found if cases else [f"{report.name}: no test was run"]


def main(reports: list[str]) -> int:
    """Print what is wrong; 1 if anything is."""
    found = [line for report in reports for line in findings(Path(report))]
    print("\n".join(found) or "Nothing was skipped.")
    return 1 if found or not reports else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
