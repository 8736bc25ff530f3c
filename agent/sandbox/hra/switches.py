"""The undocumented behaviours that the HRA sandbox can play, each with its default.

The contract leaves these open; no live account has been seen. `plays` says which assumption the
value stands for, so that a test run names what it relied on.
"""

from agent.sandbox.controls import Switch

SWITCHES = {
    "payroll_moves_employee_updated": Switch(
        "no", ("no", "yes"),
        "a saved bank, super, tax or leave section moves the employee's own update time"),
    "sort_by_updated": Switch(
        "works", ("works", "ignored"),
        "the employee list can be sorted by update time; ignored: the order stays as it was"),
    "list_hides_terminated": Switch(
        "no", ("no", "yes"),
        "people whose employment ended are missing from the list, though still readable by id"),
    "masked_tfn_put": Switch(
        "refuse", ("refuse", "accept_and_store"),
        "a TFN that is not nine digits is refused; the danger case stores the mask over the TFN"),
    "tfn_mask_form": Switch(
        "stars", ("stars", "crosses", "bullets", "last_three", "absent"),
        "how a TFN looks to a client without read:clear-tax-details"),
    "tax_put_missing": Switch(
        "cleared", ("cleared", "kept"),
        "tax keys left out of a PUT become empty, as for the employee record"),
    "put_bank_ids": Switch(
        "kept", ("kept", "renewed"),
        "bank rows sent with their id keep it"),
    "one_remainder": Switch(
        "required", ("required", "not"),
        "exactly one bank row must take the remainder"),
    "duplicate_employee_number": Switch(
        "accepted", ("accepted", "refused"),
        "two records may carry one employee number"),
    "actions_take_polls": Switch(
        "2", ("#",),
        "polls that still find an action unfinished; one that nobody polls ends by itself"),
    "action_outcome": Switch(
        "Completed", ("Completed", "Failed", "never"),
        "how an action ends; never: it stays In_Progress and has no effect"),
    "time_form": Switch(
        "space", ("space", "letter_t"),
        "times as the contract describes them, or with a T as its examples show"),
}  # fmt: skip

MASKS = {
    "stars": "*** *** {}",
    "crosses": "XXX XXX {}",
    "bullets": "••• ••• {}",
    "last_three": "{}",
}
