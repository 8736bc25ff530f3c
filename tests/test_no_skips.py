"""The last step of a full run finds every skipped test, and a report that tells of none."""

from pathlib import Path

import pytest

from tests.no_skips import main

GOOD = '<testcase classname="tests.a" name="test_b"/>'
SKIPPED = '<testcase classname="tests.a" name="test_c"><skipped message="no node"/></testcase>'


@pytest.mark.parametrize(
    ("cases", "result", "said"),
    [
        (GOOD, 0, "Nothing"),
        (GOOD + SKIPPED, 1, "tests.a.test_c: no node"),
        ("", 1, "no test was run"),
    ],
)
def test_a_report_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cases: str, result: int, said: str
) -> None:
    report = tmp_path / "report.xml"
    report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>", encoding="utf-8")
    assert main([str(report)]) == result
    assert said in capsys.readouterr().out


def test_a_missing_report_fails(tmp_path: Path) -> None:
    assert main([str(tmp_path / "none.xml")]) == 1
    assert main([]) == 1
