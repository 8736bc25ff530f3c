"""The demo's agent.ini: both sandboxes, every Employee Group mapped to its branch, a fresh hook secret."""

import base64
import secrets
from pathlib import Path

from werkzeug.security import generate_password_hash

from agent.config import Settings, parse
from agent.sandbox.people import BRANCHES, GROUPS
from agent.sandbox.server import Served

LOCAL = "127.0.0.1"


def settings(folder: Path, port: int, hra: Served, xero: Served, password: str) -> Settings:
    """The demo's agent.ini."""
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    groups = "\n".join(
        f'"{group}" = {branch}' for group, branch in zip(GROUPS, BRANCHES, strict=True)
    )
    text = f"""\
[agent]
data_dir = {folder}
host = {LOCAL}
port = {port}
[hra]
api_url = {hra.url}
login_url = {hra.url}
client_id = hra-sandbox
client_secret = hra-sandbox-secret
[xero]
api_url = {xero.url}
login_url = {xero.url}
identity_url = {xero.url}
client_id = xero-sandbox
client_secret = xero-sandbox-secret
[sync]
authoritative_system = hra
automatic_import = yes
automatic_export = yes
[matching]
employees = date_of_birth
[branches]
match_employee_groups = yes
default_branch = {BRANCHES[0]}
[branch_map]
{groups}
[hooks]
secret = {secret}
[page]
password_hash = {generate_password_hash(password)}
"""
    return parse(text, {})
