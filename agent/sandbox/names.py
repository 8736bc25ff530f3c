"""The word tables from which the invented people are put together. Data only.

Fund names, ABNs and USIs are public register facts, the family fund apart, which is invented.
Phones come from the ranges that ACMA keeps for fiction.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fund:
    """A super fund of the organisation. *type* is REGULATED or SMSF; *usi* is empty for an SMSF."""

    type: str
    name: str
    abn: str
    usi: str
    product_name: str


ROOT_BRANCH = "Harbour & Pine"
BRANCHES = ("Head Office", "Sydney Office", "Melbourne Store", "Brisbane Workshop", "Field Crew")
GROUPS = ("Head Office", "Sydney Office", "MELBOURNE Store", "Brisbane  Workshop", "#1 Field Crew")
"""Employee Group of each branch, in the order of BRANCHES: case and spaces count when comparing."""

FUNDS = (
    Fund("REGULATED", "AustralianSuper", "65714394898", "STA0100AU", "AustralianSuper"),
    Fund("REGULATED", "Hostplus Superannuation Fund", "68657495890", "HOS0100AU", "Hostplus"),
    Fund("REGULATED", "Rest Super", "62653671394", "RES0103AU", "Rest Super"),
    Fund("REGULATED", "Australian Retirement Trust", "60905115063", "60905115063003",
         "Super Savings"),
    Fund("SMSF", "Harrow Family Super Fund", "11000000948", "", "Harrow Family Super Fund"),
)  # fmt: skip

FIRST_NAMES = (
    ("Alice", "Female"), ("Benjamin", "Male"), ("Chloe", "Female"), ("Daniel", "Male"),
    ("Siobhán", "Female"), ("Ethan", "Male"), ("Farah", "Female"), ("Giorgio", "Male"),
    ("Hannah", "Female"), ("Ibrahim", "Male"), ("Jasmine", "Female"), ("José", "Male"),
    ("Kirra", "Female"), ("Liam", "Male"), ("Mei Lin", "Female"), ("Nikhil", "Male"),
    ("Olivia", "Female"), ("Patrick", "Male"), ("Quinn", "Not_Stated"), ("Rhys", "Male"),
    ("Sophie", "Female"), ("Tomás", "Male"), ("Uma", "Female"), ("Viktor", "Male"),
    ("Wendy", "Female"), ("Xavier", "Male"), ("Yasmin", "Female"), ("Zachary", "Male"),
    ("Anne-Marie", "Female"), ("Björn", "Male"), ("Charlotte", "Female"), ("D'Arcy", "Male"),
    ("Eloise", "Female"), ("Fraser", "Male"), ("Grace", "Female"), ("Hugo", "Male"),
    ("Imogen", "Female"),
)  # fmt: skip
"""37 of them: coprime with the 43 last names, so that 1,591 people have different full names."""

PREFERRED = {"Siobhán": "Shiv", "Patrick": "Pat", "Charlotte": "Charlie"}
LAST_NAMES = (
    "Abbott", "Baker", "Castellano", "D'Angelo", "Ellison", "Fitzgerald", "Gallagher", "Huang",
    "Ivanov", "Jarrah", "Kowalski", "Lindqvist", "McKenzie", "Nguyen", "O'Brien-Smith", "Papas",
    "Quigley", "Rossi", "Sørensen", "Tran", "Underwood", "van der Berg", "Whitlam", "Xu", "Yilmaz",
    "Zammit", "Ashworth", "Bannerman", "Cheng", "Dalgarno", "Everingham", "Forsythe", "Gupta",
    "Harrow", "Iyer", "Johansson", "Khoury", "Laurent", "Mahoney", "Novak", "Osborne", "Pereira",
    "Ramsay",
)  # fmt: skip

MIDDLE_NAMES = ("", "Jane", "", "Lee", "Rose", "", "James", "Marie Therese", "", "Kai")
STREETS = ("Wattle Street", "Harbour Road", "Pine Avenue", "Banksia Lane", "George Street",
           "Coolibah Crescent", "Station Street", "Ocean Parade")  # fmt: skip
PLACES = (
    ("Parramatta", "NSW", "2150", "02"), ("Marrickville", "NSW", "2204", "02"),
    ("Brunswick", "VIC", "3056", "03"), ("Geelong", "VIC", "3220", "03"),
    ("Toowong", "QLD", "4066", "07"), ("Fremantle", "WA", "6160", "08"),
    ("Glenelg", "SA", "5045", "08"), ("Hobart", "TAS", "7000", "03"),
    ("Braddon", "ACT", "2612", "02"), ("Darwin City", "NT", "0800", "08"),
)  # fmt: skip
"""Suburb, state, postcode, telephone area code. Darwin's postcode begins with a zero."""

STATE_NAMES = {"New South Wales": "NSW", "Victoria": "VIC", "Queensland": "QLD"}
POSITIONS = ("Store Manager", "Carpenter", "Payroll Officer", "Apprentice Joiner",
             "Sales Assistant", "Workshop Foreman", "Warehouse Hand", "Estimator",
             "Receptionist")  # fmt: skip
EMPLOYMENT_TYPES = ("Permanent_FullTime", "Permanent_PartTime", "Casual", "FixedTerm_FullTime")
BASIS_OF_TYPE = {
    "Permanent_FullTime": "FULL_TIME",
    "Permanent_PartTime": "PART_TIME",
    "Casual": "CASUAL",
    "FixedTerm_FullTime": "FULL_TIME",
}
"""Employment basis is a tax field of its own; in the seeds the two agree."""
