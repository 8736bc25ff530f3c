"""The two small things outside payroll: tracking categories (the Employee Groups) and how a connection is written.

Pure. Neither is in the payroll contract: the first is the accounting API's, the second has times of seven decimals and no zone.
"""

from datetime import datetime
from typing import Any

from agent.sandbox.xero.catalogue import made_id
from agent.sandbox.xero.store import Organisation

CATEGORY = "Employee Groups"

Record = dict[str, Any]


def tracking_categories(organisation: Organisation) -> list[Record]:
    """The categories of the organisation: Employee Groups, and another that has nothing to do with payroll."""
    tenant = organisation.tenant
    return [
        _category(made_id(tenant, "tracking"), CATEGORY, organisation.groups),
        _category(made_id(tenant, "tracking", "region"), "Region", ("North", "South")),
    ]


def connection(row: Record) -> Record:
    """A connection as the identity service writes it."""
    return {
        key: _seven_decimals(value) if isinstance(value, datetime) else value
        for key, value in row.items()
    }


def _category(number: str, name: str, options: tuple[str, ...]) -> Record:
    return {
        "Name": name,
        "Status": "ACTIVE",
        "TrackingCategoryID": number,
        "Options": [
            {
                "TrackingOptionID": made_id(number, option),
                "Name": option,
                "Status": "ACTIVE",
                "HasValidationErrors": False,
                "IsDeleted": False,
                "IsArchived": False,
                "IsActive": True,
            }
            for option in options
        ],
    }


def _seven_decimals(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}0"
