"""agent.ini: what is taken, what is refused, and that every key of it is documented."""

import base64
from configparser import ConfigParser
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import PLACEHOLDERS, Settings, example, ini, load, parse
from agent.config.settings import Safety
from agent.config.table import OPTIONS, SECTIONS
from agent.errors import Misconfigured
from agent.fields import FIELD_GROUPS

TOP = Path(__file__).parents[2]
SECRET = "whsec_" + base64.b64encode(bytes(range(24))).decode()
HASH = "scrypt:32768:8:1$c2FsdHNhbHRzYWx0$" + "0f" * 64
REQUIRED = """
[hra]
client_id = hra-client
client_secret = hra%secret
[xero]
client_id = xero-client
client_secret = xero$secret
[sync]
authoritative_system = xero
"""


def problems(text: str, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(Misconfigured) as caught:
        parse(text, environ or {})
    return caught.value.problems


def with_line(section: str, line: str) -> str:
    return f"{REQUIRED}\n[{section}]\n{line}\n"


def test_the_smallest_file_gives_the_documented_defaults() -> None:
    found = parse(REQUIRED, {})
    assert (found.agent.host, found.agent.port, found.agent.log_level) == (
        "127.0.0.1",
        8710,
        "info",
    )
    assert found.agent.public_url == "http://localhost:8710"
    assert found.agent.data_dir == Path("agent-data")
    assert found.agent.timezone.key == "Australia/Sydney"
    assert found.hra.api_url == "https://rest.hrassured.com"
    assert found.hra.login_url == "https://login.hrassured.com"
    assert found.xero.api_url == "https://api.xero.com"
    assert found.xero.login_url == "https://login.xero.com"
    assert found.xero.identity_url == "https://identity.xero.com"
    assert found.xero.daily_call_limit == 5000
    assert (found.sync.automatic_import, found.sync.automatic_export) == (False, False)
    assert (found.sync.every_hours, found.sync.verify_every_hours) == (3, 24)
    assert (found.sync.conflicts, found.sync.email) == ("authoritative", "home")
    assert found.sync.watch_hra_every is None
    assert (found.hooks.secret, found.hooks.retry_for_hours) == ((), 72)
    assert (found.page.password_hash, found.page.session_hours) == ("", 8)
    assert (found.branch_map, found.leave_map, found.directions, found.authority) == ({},) * 4


def test_the_example_at_the_top_of_the_repository_is_the_tables_own_text() -> None:
    assert (TOP / "agent.ini.example").read_text("utf-8") == example(PLACEHOLDERS)


def test_the_example_documents_every_key_and_is_taken_as_it_stands() -> None:
    lines = example(PLACEHOLDERS).splitlines()
    for option in OPTIONS:
        here = lines.index(f"[{option.section}]")
        entry = next(n for n in range(here, len(lines)) if f"{option.key} =" in lines[n])
        assert lines[entry - 1].startswith("# "), option.key
        assert not lines[entry].startswith("# ")
    assert [line[1:-1] for line in lines if line.startswith("[")] == list(SECTIONS)
    found = parse(example(PLACEHOLDERS), {})
    assert found.sync == parse(REQUIRED.replace("= xero\n", "= hra\n"), {}).sync


def test_every_key_of_the_table_has_its_attribute_and_no_other_is_there() -> None:
    found = parse(REQUIRED, {})
    sections = {part.name: getattr(found, part.name) for part in fields(Settings)}
    typed = {
        (name, part.name)
        for name, section in sections.items()
        if not isinstance(section, dict)
        for part in fields(section)
    }
    assert typed == {(option.section, option.key) for option in OPTIONS}
    assert set(sections) == set(SECTIONS)


def test_what_init_writes_is_complete_but_for_what_its_owner_must_fill_in() -> None:
    text = example({"hooks.secret": SECRET, "page.password_hash": HASH, "agent.port": "9000"})
    assert [line.split(": ")[0] for line in problems(text)] == [
        "agent.ini [hra] client_id",
        "agent.ini [hra] client_secret",
        "agent.ini [xero] client_id",
        "agent.ini [xero] client_secret",
        "agent.ini [sync] authoritative_system",
    ]
    environ = {
        f"HRA_XERO_{name.replace('.', '_').upper()}": text for name, text in PLACEHOLDERS.items()
    }
    found = parse(text, environ)
    assert (found.hooks.secret, found.page.password_hash) == ((SECRET,), HASH)
    assert found.agent.port == 9000


@pytest.mark.parametrize("values", [{"hooks.secrets": "x"}, {"hooks.secret": "one\ntwo"}])
def test_init_cannot_write_an_unknown_key_or_two_lines(values: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"no such setting|not one line"):
        example(values)


@pytest.mark.parametrize(
    ("section", "line", "expected"),
    [
        ("agent", "port = eighty", 'port: "eighty" is not a whole number from 1 to 65535'),
        ("agent", "port = 0", 'port: "0" is not a whole number from 1 to 65535'),
        ("agent", "port = ²", 'port: "²" is not a whole number from 1 to 65535'),
        ("agent", "prot = 80", "prot: there is no such key; did you mean port?"),
        ("agent", "Port = 80", "Port: there is no such key; did you mean port?"),
        ("agent", "host = a b", 'host: "a b" has a space in it'),
        ("agent", "timezone = Sydney", 'timezone: "Sydney" is not a time zone'),
        ("agent", "timezone = ../../etc/passwd", "is not a time zone"),
        ("agent", "log_level = loud", 'log_level: "loud" is not one of: debug, info'),
        ("agent", "public_url = localhost:8710", "is not an address such as https://example.com"),
        ("agent", "public_url = http://h:99999", "is not an address such as https://example.com"),
        ("hra", "api_url = http://rest.example.com", "would send everything unencrypted"),
        ("hra", "login_url = http://localhost.example.com", "would send everything unencrypted"),
        ("xero", "identity_url = ftp://example.com", "is not an address"),
        ("xero", "api_url = https://user:pass@example.com", "api_url: the value is not an address"),
        ("xero", "daily_call_limit = -5", "is not a whole number"),
        ("sync", "conflicts = ask", 'conflicts: "ask" is not one of: authoritative, hold'),
        ("sync", "automatic_import = maybe", '"maybe" is not yes or no'),
        ("sync", "every_hours = 0", "is not a number of hours above 0"),
        ("sync", "every_hours = nan", "is not a number of hours above 0"),
        ("sync", "watch_hra_every = 30", '"30" is not off or a time such as 30s or 5m'),
        ("sync", "watch_hra_every = 1s", "is not off or a time such as 30s or 5m, from 5s to 24h"),
        ("branch_map", "Head Office =", 'Head Office: "" names no branch'),
        ("leave_map", "RDO = rostered", '"rostered" is not one of: annual, personal, long_service'),
        ("directions", "bank = sideways", '"sideways" is not one of: both, to_hra, to_xero, off'),
        ("directions", "leave = both", 'leave: "both" is not one of: to_hra, off'),
        ("directions", "annual_leave = to_xero", '"to_xero" is not one of: to_hra, off'),
        ("directions", "end_date = both", '"both" is not one of: to_hra, off'),
        ("directions", "shoe_size = off", 'shoe_size: "off" is for no known field or group'),
        ("authority", "tax = payroll", 'tax: "payroll" is not one of: hra, xero'),
        ("authority", "payrol = hra", "is for no known field or group; the groups are details"),
        ("matching", "candidates = all of them", 'candidates: "all of them" is not one of: off'),
        ("safety", "max_changed_share = half", '"half" is not a percentage from 0% to 100%'),
        ("safety", "max_changed_share = 101%", '"101%" is not a percentage from 0% to 100%'),
        ("safety", "max_terminations = -1", '"-1" is not a whole number from 0'),
        ("safety", "approve = bank, leave", '"bank, leave" is not one of: bank, super, tfn'),
        ("safety", "earlier_end_date = ask", '"ask" is not one of: warn, hold'),
        ("hooks", "retry_for_hours = ever", "is not a number of hours"),
        ("payroll", "x = y", "agent.ini [payroll]: there is no such section"),
    ],
)
def test_a_wrong_setting_is_one_line_with_file_section_and_key(
    section: str, line: str, expected: str
) -> None:
    [problem] = problems(with_line(section, line))
    assert problem.startswith(f"agent.ini [{section}]")
    assert expected in problem
    assert "\n" not in problem


def test_S1_the_brake_is_set_without_being_asked_for_and_approvals_are_off() -> None:
    found = parse(REQUIRED, {}).safety
    assert (found.max_changed_share, found.max_terminations, found.max_creates) == (
        Decimal("0.5"),
        5,
        25,
    )
    assert (found.approve, found.earlier_end_date) == ((), "warn")
    assert parse(REQUIRED + "[safety]\napprove =\nmax_creates =\n", {}).safety == found


def test_what_decides_about_people_is_off_until_it_is_switched_on() -> None:
    found = parse(REQUIRED, {})
    assert (found.matching.employees, found.matching.candidates) == ("date_of_birth", "off")
    assert not found.matching.employee_numbers_across_branches
    assert not found.branches.allow_transfers
    assert found.notify.urls == ()


def test_every_switch_of_safety_matching_and_branches_is_taken() -> None:
    text = """
[matching]
candidates = either
employee_numbers_across_branches = yes
[branches]
allow_transfers = Yes
[safety]
max_changed_share = 100%
max_terminations = 0
max_creates = 1000
approve = bank, tfn super
earlier_end_date = hold
[notify]
urls = mailtos://u:p@example.com?to=a,b slack://x/y/z
"""
    found = parse(REQUIRED + text, {})
    assert (found.matching.candidates, found.branches.allow_transfers) == ("either", True)
    assert found.matching.employee_numbers_across_branches
    assert found.safety == Safety(Decimal(1), 0, 1000, ("bank", "tfn", "super"), "hold")
    assert found.notify.urls == ("mailtos://u:p@example.com?to=a,b", "slack://x/y/z")


def test_S4_an_address_for_notices_is_a_secret() -> None:
    url = "mailtos://user:hunter2@example.com"
    assert "hunter2" not in repr(parse(with_line("notify", f"urls = {url}"), {}))
    [problem] = problems(with_line("notify", f"urls = {url} hunter2@example.com"))
    assert problem.startswith("agent.ini [notify] urls: the value is not a list of addresses")
    assert "hunter2" not in problem


def test_all_problems_are_told_at_once() -> None:
    text = "port = 1\n[agent]\nport = x\nport = y\nstray\n[hra]\nclient_id = a\n[zero]\n"
    told = problems(text, {"HRA_XERO_SNYC_EMAIL": "home", "HRA_XERO_BRANCH_MAP_HEAD": "1"})
    assert told == [
        "agent.ini line 1: stands before the first [section]; move it below one",
        "agent.ini [agent] line 4: has a key that is there twice; take one out",
        "agent.ini [agent] line 5: is no setting; write key = value, or start it with # to comment",
        "agent.ini [zero]: there is no such section; did you mean xero?",
        'agent.ini [agent] port: "x" is not a whole number from 1 to 65535',
        "agent.ini [hra] client_secret: is missing. The client secret of that app.",
        "agent.ini [xero] client_id: is missing. The client id of the app known to Xero.",
        "agent.ini [xero] client_secret: is missing. The client secret of that app.",
        "agent.ini [sync] authoritative_system: is missing. The Authoritative System (hra or xero) "
        "wins where both sides changed differently.",
        "environment HRA_XERO_BRANCH_MAP_HEAD: there is no such setting; the maps stand in "
        "agent.ini only",
        "environment HRA_XERO_SNYC_EMAIL: there is no such setting; did you mean "
        "HRA_XERO_SYNC_EMAIL?",
    ]


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:1",
        "http://127.0.0.1:1",
        "http://127.9.9.9",
        "http://[::1]:8",
        "https://x.au",
    ],
)
def test_unencrypted_addresses_of_the_systems_are_taken_on_this_machine_only(address: str) -> None:
    assert parse(with_line("hra", f"api_url = {address}/"), {}).hra.api_url == address
    if address.startswith("http:"):
        [problem] = problems(with_line("hra", "api_url = http://192.168.0.1"))
        assert "only for localhost" in problem


@pytest.mark.parametrize(
    "secret",
    [
        "s3cr3tnevershown",
        "whsec_s3cr3tnevershown",
        "whsec_" + base64.b64encode(b"s" * 23).decode(),
        "whsec_" + base64.b64encode(b"s" * 65).decode(),
        base64.b64encode(b"s" * 24).decode(),
        SECRET + " whsec_%%%",
    ],
)
def test_S4_a_wrong_hook_secret_is_named_but_not_shown(secret: str) -> None:
    [problem] = problems(with_line("hooks", f"secret = {secret}"))
    assert problem.startswith(
        "agent.ini [hooks] secret: the value is not a hook secret; use whsec_"
    )
    assert not any(word in problem for word in secret.split() if word != "whsec_")


def test_S4_half_a_secret_on_a_line_of_its_own_is_not_shown() -> None:
    stray = "whsec_" + base64.b64encode(b"stray secret bytes 24 xx").decode()[:-1] + "="
    assert stray[:-1] not in "".join(problems(with_line("hooks", f"{stray}\n{SECRET}")))


def test_S4_no_secret_shows_in_the_settings_own_text() -> None:
    text = f"{REQUIRED}\n[hooks]\nsecret = {SECRET}\n[page]\npassword_hash = {HASH}\n"
    found = parse(text, {})
    assert found.hra.client_secret == "hra%secret"
    assert found.xero.client_secret == "xero$secret"
    for secret in (SECRET, HASH, "hra%secret", "xero$secret"):
        assert secret not in repr(found) + str(found)


def test_several_hook_secrets_may_stand_while_one_is_changed() -> None:
    other = "whsec_" + base64.b64encode(b"n" * 64).decode()
    assert parse(with_line("hooks", f"secret = {SECRET} {other}"), {}).hooks.secret == (
        SECRET,
        other,
    )


@pytest.mark.parametrize("password", ["secret123", "md5$x$00", "scrypt:1:1$a$0f"])
def test_a_password_in_place_of_its_hash_is_refused_and_not_shown(password: str) -> None:
    [problem] = problems(with_line("page", f"password_hash = {password}"))
    assert "the command init writes one" in problem
    assert password not in problem


@pytest.mark.parametrize(("text", "expected"), [("30s", 30), ("5m", 300), ("1H", 3600)])
def test_a_time_is_written_with_its_unit(text: str, expected: int) -> None:
    found = parse(with_line("sync", f"watch_hra_every = {text}"), {})
    assert found.sync.watch_hra_every == timedelta(seconds=expected)


def test_the_environment_wins_over_the_file_and_an_empty_variable_says_nothing() -> None:
    environ = {
        "HRA_XERO_SYNC_AUTHORITATIVE_SYSTEM": "hra",
        "HRA_XERO_SYNC_EVERY_HOURS": "0.5",
        "HRA_XERO_HRA_CLIENT_SECRET": "",
        "HRA_XERO_KEY": "is the vault's",
        "HOME": "/nowhere",
    }
    found = parse(REQUIRED, environ)
    assert (found.sync.authoritative_system, found.sync.every_hours) == ("hra", 0.5)
    assert found.hra.client_secret == "hra%secret"


def test_a_wrong_variable_is_named_with_the_key_that_it_stands_for() -> None:
    [problem] = problems(REQUIRED, {"HRA_XERO_AGENT_PORT": "x"})
    assert problem.startswith('agent.ini [agent] port: "x" is not a whole number')
    assert problem.endswith("(from the environment, HRA_XERO_AGENT_PORT)")


def test_B1_a_group_name_is_kept_exactly() -> None:
    text = with_line(
        "branch_map",
        '# a comment\n; another\n#\n"#1 Store" = 1\n#2 Store = 2\nhead OFFICE = a: b = c\n'
        '" outer " = 4\n"a = b" = 5\n[Odd] = 6\nSales: North = 7  # not a comment\n',
    )
    assert parse(text, {}).branch_map == {
        "#1 Store": "1",
        "#2 Store": "2",
        "head OFFICE": "a: b = c",
        " outer ": "4",
        "a = b": "5",
        "[Odd]": "6",
        "Sales: North": "7  # not a comment",
    }


def test_outside_the_maps_a_line_with_a_hash_is_a_comment() -> None:
    assert parse(with_line("sync", "#every_hours = 9\n;email = work"), {}) == parse(REQUIRED, {})


def test_D7_every_group_and_field_can_get_a_direction_and_an_authority() -> None:
    names = [*FIELD_GROUPS, "details", "bank", "super", "tax", "leave"]
    text = REQUIRED + "[directions]\n" + "".join(f"{name} = off\n" for name in names)
    text += "[authority]\n" + "".join(f"{name} = Xero\n" for name in names)
    found = parse(text, {})
    assert found.directions == dict.fromkeys(names, "off")
    assert found.authority == dict.fromkeys(names, "xero")


def test_the_port_moves_the_public_address_unless_that_is_written() -> None:
    assert parse(with_line("agent", "port = 9000"), {}).agent.public_url == "http://localhost:9000"
    written = with_line("agent", "port = 9000\npublic_url = https://hr.example.com/")
    assert parse(written, {}).agent.public_url == "https://hr.example.com"


def test_a_relative_data_directory_starts_at_the_files_folder(tmp_path: Path) -> None:
    file = tmp_path / "agent.ini"
    file.write_bytes(b"\xef\xbb\xbf" + REQUIRED.replace("\n", "\r\n").encode())
    assert load(file, {}).agent.data_dir == tmp_path / "agent-data"
    absolute = {"HRA_XERO_AGENT_DATA_DIR": str(tmp_path / "elsewhere")}
    assert load(file, absolute).agent.data_dir == tmp_path / "elsewhere"


def test_a_missing_or_unreadable_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"none\.ini: there is no such file; the command init"):
        load(tmp_path / "none.ini", {})
    (tmp_path / "bad.ini").write_bytes(b"\xff\xfe[")
    with pytest.raises(Misconfigured, match=r"bad\.ini: cannot be read"):
        load(tmp_path / "bad.ini", {})


def test_without_a_file_the_environment_is_enough() -> None:
    environ = {
        f"HRA_XERO_{name.replace('.', '_').upper()}": text for name, text in PLACEHOLDERS.items()
    }
    assert load(None, environ).hra.client_id == PLACEHOLDERS["hra.client_id"]


@given(st.text())
def test_any_text_at_all_is_either_taken_or_a_list_of_problems(text: str) -> None:
    try:
        parse(text, {})
    except Misconfigured as error:
        assert error.problems
        assert all(problem.isprintable() for problem in error.problems)


names = st.text("abAB #;=[]:%", min_size=1, max_size=6)
values = st.text("abAB #;=[]:%\"'", max_size=6).map(str.strip)


@given(st.dictionaries(names, values, max_size=4))
def test_any_name_in_quotes_comes_back_with_its_value(entries: dict[str, str]) -> None:
    text = "[m]\n" + "\n".join(f'  "{name}" = {value}' for name, value in entries.items())
    assert ini.read(text, {"m"}) == ({"m": entries}, [])


plain = st.text("abAB-_. :%", min_size=1, max_size=6).map(str.strip).filter(bool)


@given(st.dictionaries(plain.filter(lambda s: s[0] != ":"), st.dictionaries(plain, plain)))
def test_plain_files_are_read_as_the_standard_library_reads_them(
    sections: dict[str, dict[str, str]],
) -> None:
    text = "\n".join(
        f"[{name}]\n# comment\n" + "\n".join(f"{key} = {value}" for key, value in entries.items())
        for name, entries in sections.items()
    )
    oracle = ConfigParser(interpolation=None, delimiters=("=",), default_section="-none-")
    oracle.optionxform = str  # type: ignore[method-assign,assignment]
    oracle.read_string(text)
    assert ini.read(text, ()) == ({name: dict(oracle[name]) for name in oracle.sections()}, [])
