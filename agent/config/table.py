"""THE SETTINGS TABLE: every key of agent.ini, its converter, its default and a sentence about it.

Reading, the environment, the problem lines and agent.ini.example all come from it. A default of
None makes the key required. Addresses: HR Assured names rest.hrassured.com; its login host is
undocumented (assumption A1: the contract names login.enablehr.com, enableHR's own). Xero's are
those of its developer site.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from agent.config import convert as to

MONTH = 24 * 31  # hours


@dataclass(frozen=True)
class Option:
    """One key. `default` is as written in the file; None where the key is required."""

    section: str
    key: str
    convert: to.Convert
    default: str | None
    about: str
    secret: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that overrides it."""
        return f"HRA_XERO_{self.section}_{self.key}".upper()


SECTIONS: Mapping[str, str] = {
    "agent": "The agent itself.",
    "hra": "HRA Cloud. The call-back of the app is {public_url}/connect/hra/callback.",
    "xero": "Xero. The call-back of the web app is {public_url}/connect/xero/callback.",
    "sync": "What runs, how often, and which side wins.",
    "matching": "Finding the partner of a record that is not linked yet.",
    "branches": "HRA branches and Xero Employee Groups.",
    "branch_map": "Employee Group = branch id or path, for match_employee_groups.",
    "leave_map": "Xero leave name = annual, personal or long_service; for the unclear ones.",
    "directions": "Field or group = both, to_xero, to_hra or off.",
    "authority": "Field or group = hra or xero: who wins a conflict there.",
    "hooks": "The hook that tells the agent of a save in eSS: POST {public_url}/hooks/ess.",
    "page": "The status page.",
    "safety": "Brakes and approvals.",
    "notify": "Notices by e-mail or chat: counts and a link, no names. github.com/caronc/apprise",
}

MATCH_BY = to.choice("off", "date_of_birth", "postcode", "either")
COUNT = to.whole(0, 1_000_000)

# One option a row, as a table reads best.
# fmt: off
OPTIONS: tuple[Option, ...] = (
    Option("agent", "data_dir", to.folder, "agent-data",
           "Where the agent keeps its files; a relative path starts at the folder of this file."),
    Option("agent", "host", to.one_word, "127.0.0.1", "The address that page and hook listen on."),
    Option("agent", "port", to.whole(1, 65535), "8710", "The port that page and hook listen on."),
    Option("agent", "public_url", to.address, "http://localhost:8710",
           "How browsers and the hook's sender reach the agent; left out: localhost and the port."),
    Option("agent", "log_level", to.choice("debug", "info", "warning", "error"), "info",
           "debug, info, warning or error; personal data is in none of them."),
    Option("agent", "timezone", to.timezone, "Australia/Sydney",
           "The zone that says what date is today."),
    Option("agent", "trusted_proxy", to.ip_or_none, "",
           "The address of the reverse proxy that names its callers in X-Forwarded-For; else none."),
    Option("hra", "api_url", to.system_address, "https://rest.hrassured.com",
           "The address of HRA Cloud's API; http:// is taken for this machine only."),
    Option("hra", "login_url", to.system_address, "https://login.hrassured.com",
           "The address where people sign in to HRA Cloud."),
    Option("hra", "client_id", to.text, None, "The client id of the app known to HR Assured."),
    Option("hra", "client_secret", to.text, None, "The client secret of that app.", secret=True),
    Option("hra", "account_id", to.text, "", "The HRA account, where the sign-in sees several."),
    Option("xero", "api_url", to.system_address, "https://api.xero.com",
           "The address of Xero's API; http:// is taken for this machine only."),
    Option("xero", "login_url", to.system_address, "https://login.xero.com",
           "The address where people sign in to Xero."),
    Option("xero", "identity_url", to.system_address, "https://identity.xero.com",
           "The address that gives Xero's tokens."),
    Option("xero", "client_id", to.text, None, "The client id of the app known to Xero."),
    Option("xero", "client_secret", to.text, None, "The client secret of that app.", secret=True),
    Option("xero", "tenant_id", to.text, "",
           "The Xero organisation, where the sign-in sees several."),
    Option("xero", "daily_call_limit", to.whole(1, 1_000_000), "5000",
           "The most calls a day that the agent makes on the organisation: what Xero allows it (1000 on "
           "its free tier), or less. A tenth of them is kept for saves in eSS."),
    Option("sync", "authoritative_system", to.choice("hra", "xero"), None,
           "The Authoritative System (hra or xero) wins where both sides changed differently."),
    Option("sync", "conflicts", to.choice("authoritative", "hold"), "authoritative",
           "authoritative: the Authoritative System wins a conflict; hold: a person chooses."),
    Option("sync", "automatic_import", to.yes_no, "no", "Import (Xero to HRA) by itself."),
    Option("sync", "automatic_export", to.yes_no, "no", "Export (HRA to Xero) by itself."),
    Option("sync", "every_hours", to.hours(MONTH), "3",
           "Hours from one import, and one export, to the next."),
    Option("sync", "verify_every_hours", to.hours(MONTH), "24",
           "Hours in which everybody is read again, as far as Xero's daily limit goes."),
    Option("sync", "watch_hra_every", to.duration_or_off(timedelta(seconds=5)), "off",
           "How often to look for saves in HRA Cloud where nothing sends hooks: off, 30s, 5m, ..."),
    Option("sync", "email", to.choice("home", "work"), "home",
           "Which of HRA's two e-mails travels: home or work."),
    Option("sync", "create_super_funds", to.yes_no, "no",
           "Create a regulated super fund in Xero where the organisation lacks it."),
    Option("matching", "employees", MATCH_BY, "date_of_birth",
           "Link an HRA employee by name and date_of_birth, postcode or either; off: by a person."),
    Option("matching", "candidates", MATCH_BY, "off",
           "The same for HRA candidates; one who is matched is converted to an employee."),
    Option("matching", "employee_numbers_across_branches", to.yes_no, "no",
           "Link a match that sits in another branch than the mapped one; no: a person decides."),
    Option("branches", "match_employee_groups", to.yes_no, "no",
           "Find the branch by the Employee Group, through the branch_map below."),
    Option("branches", "allow_transfers", to.yes_no, "no",
           "Transfer the HRA employee (with everything) when the Employee Group changes in Xero."),
    Option("branches", "default_branch", to.text, "",
           "The branch id or path for everyone, where groups are not matched."),
    Option("hooks", "secret", to.hook_secrets, "",
           "whsec_ and base64, several separated by spaces while it changes; none: all refused.",
           secret=True),
    Option("hooks", "retry_for_hours", to.hours(MONTH), "72",
           "Hours for which a push that fails is tried again."),
    Option("page", "password_hash", to.password_hash, "",
           "The password hash of the user admin, written by the command init; none: no sign-in.",
           secret=True),
    Option("page", "session_hours", to.hours(MONTH), "8",
           "Hours until a sign-in to the page ends."),
    Option("safety", "max_changed_share", to.percentage, "50%",
           "Stop a run that would change more than this share of the linked people; 100%: never."),
    Option("safety", "max_terminations", COUNT, "5",
           "Stop a run that would terminate more people than this."),
    Option("safety", "max_creates", COUNT, "25",
           "Stop a scheduled run that would create more people than this."),
    Option("safety", "approve", to.words("bank", "super", "tfn"), "",
           "Changes that a second person approves on the page: bank, super, tfn; empty is off."),
    Option("safety", "earlier_end_date", to.choice("warn", "hold"), "warn",
           "What an end date earlier than HRA's does: warn, or hold for a person."),
    Option("notify", "urls", to.notice_urls, "",
           "Where notices go, separated by spaces: mailtos://..., slack://..., as Apprise has them.",
           secret=True),
)
# fmt: on
