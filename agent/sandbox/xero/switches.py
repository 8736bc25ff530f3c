"""The undocumented behaviours of Xero Payroll that the sandbox plays either way, with the default and why it is that.

One table; a name that is not in it is refused (see `agent.sandbox.controls`). "A" stands for the assumption played:
what nobody outside the vendor knows until it has been tried on a demo organisation.
"""

from agent.sandbox.controls import Switch

SWITCHES: dict[str, Switch] = {
    "posted_bank_accounts": Switch(
        "replace",
        ("replace", "merge"),
        "A: a posted list replaces; accounts carry no id to merge by",
    ),
    "posted_super_memberships": Switch(
        "replace", ("replace", "merge"), "A: a posted list replaces; a merge goes by membership id"
    ),
    "home_address": Switch(
        "replace", ("replace", "merge"), "A: a posted address is the whole address"
    ),
    "tax_declaration": Switch(
        "merge", ("merge", "replace"), "A: keys left out of a posted declaration keep their values"
    ),
    "omitted_tfn": Switch(
        "stays", ("stays", "goes"), "A: a declaration posted without the TFN leaves the TFN alone"
    ),
    "tfn_mask": Switch(
        "hashes",
        ("hashes", "stars", "absent"),
        "A: a TFN reads as ###-###-123, ***-***-123, or not",
    ),
    "bare_list_shows_terminated": Switch(
        "no", ("no", "yes"), "A: a list without a Status filter holds active employees only"
    ),
    "payroll_sections_move_updated": Switch(
        "yes", ("yes", "no"), "A: writing bank, super or tax moves the employee's UpdatedDateUTC"
    ),
    "post_answer": Switch(
        "summary",
        ("summary", "full"),
        "A: a post answers without bank, super and tax, as the examples",
    ),
    "unknown_group": Switch(
        "refuse", ("refuse", "accept"), "A: a group name that is no option of the category is a 400"
    ),
    "empty_string": Switch(
        "clears", ("clears", "ignored"), "A: an empty string clears, as documented for the ABN"
    ),
    "names_kept": Switch(
        "as_sent", ("as_sent", "trimmed_title_case"), "A: names are kept letter by letter"
    ),
    "mixed_batch": Switch(
        "atomic", ("atomic", "partial"), "A: one bad employee in a posted list spoils the list"
    ),
    "one_remainder": Switch(
        "required", ("required", "not"), "A: of several bank accounts exactly one takes the rest"
    ),
    "create_with_bank_and_super": Switch(
        "works",
        ("works", "fails"),
        "A: creating with bank and super at once works (one report of a 500)",
    ),
    "validation_shape": Switch(
        "both-by-kind",
        ("both-by-kind", "envelope", "exception"),
        "A: a bad employee answers in the envelope, a bad request as an exception",
    ),
}
