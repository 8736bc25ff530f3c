"""BranchMap: which HRA branch belongs to which Employee Group of Xero, as the user set it (B1, B2).

Pure. Group names are compared exactly, case and spaces included. Nothing is guessed: what the map
does not say is None, and the record is held.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class BranchMap:
    """`match`: Employee Groups are matched at all. `default`: the branch of people without an
    Employee Group.

    `groups`: Employee Group name -> HRA branch id, several groups may share a branch. With `match`
    off nobody's branch is compared, and `default` is only where a new HRA employee goes.
    """

    match: bool = False
    default: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)

    def branch_of(self, group: str | None) -> str | None:
        """The branch of an Employee Group; None where the map has none. No group at all is the
        default branch.
        """
        if group is None:
            return self.default
        return self.groups.get(group)

    def group_of(self, branch: str, present: str | None) -> str | None:
        """The Employee Group to write for a branch; `present` (Xero's own) stays where it is among
        them.

        None where the map has no group for the branch, or several and none of them is present.
        """
        choices = self.choices(branch)
        if present in choices:
            return present
        return choices[0] if len(choices) == 1 else None

    def choices(self, branch: str) -> tuple[str, ...]:
        """Every Employee Group that the map has for a branch, in the order of the map."""
        return tuple(group for group, target in self.groups.items() if target == branch)

    def branch_for_new(self, group: str | None) -> str | None:
        """Where a new HRA employee goes: the default branch while matching is off, else the group's
        branch.
        """
        return self.branch_of(group) if self.match else self.default
