"""What persons answer to the agent, in the agent and in the oracle: choices, approvals, plans."""

from collections.abc import Callable, Mapping
from random import Random

from agent.errors import Braked, NotPossible
from agent.records import Attention
from agent.records import Choice as Said
from tests.history.oracle import NAMES, OTHER, TAX, UNMAPPED, Choice, Exactly
from tests.history.world import PEOPLE, TARGETS, USED, World

PAGE_USERS = ("page:anna", "page:ben")
Goes = Mapping[str, Choice]
Pair = tuple[Choice, Choice]
Moves = Callable[[], None]


def rows_of(world: World, person: str, *buttons: str) -> list[Attention]:
    """The person's rows that have one of these buttons."""
    scope = f"link:{world.link(person).id}"
    rows = [row for row in world.store.attention() if row.scope == scope]
    return [row for row in rows if {*buttons} & {*row.buttons}]


def check_asked(world: World) -> None:
    """Whatever waits for a person's choice, or for a second person, has a row to answer (D1, S2)."""
    for person in PEOPLE:
        told = {name for row in rows_of(world, person, *USED, "approve") for name in row.fields}
        waits = {name for who, name in world.oracle.shown if who == person}
        assert waits <= told, (person, waits, told)
    world.met["waits for a choice"] += len(world.oracle.shown)


def resolve(world: World, random: Random, person: str, moves: Moves) -> None:
    """A person chooses which of two values stands, sometimes after one of them moved."""
    rows = rows_of(world, person, *USED)
    if not rows:
        return
    row = random.choice(rows)
    use = random.choice([button for button in row.buttons if button in USED])[len("use_") :]
    assert all((person, name) in world.oracle.shown for name in row.fields), row
    moves()
    names = together(row)
    shown = {name: world.oracle.shown.get((person, name)) for name in names}
    now = {name: world.oracle.pair((person, name)) for name in names}
    moved = any(news(shown[name], now[name]) for name in names)
    actor = random.choice(PAGE_USERS)
    said = Said("resolve", row.id, actor, use=use)
    if moved:
        _refused(world, said)
        world.oracle.look(person)
        world.met["choice moved"] += 1
    else:
        _chosen(world, person, row, said)
    world.check()


def together(row: Attention) -> tuple[str, ...]:
    """What is chosen or approved together: a tax declaration is one."""
    return (
        *row.fields,
        *(name for name in TAX if {*row.fields} & {*TAX} and name not in row.fields),
    )


def news(shown: Pair | None, now: Pair) -> bool:
    """Whether a choice is not about this any more: another pair, or a part of the declaration that was not shown and
    differs by now. An Employee Group that no map knows is no news, for nothing can be chosen about it.
    """
    if UNMAPPED in now:
        return False
    return now != shown if shown else now[0] != now[1]


def _chosen(world: World, person: str, row: Attention, said: Said) -> None:
    oracle, target = world.oracle, OTHER[said.use]
    names = together(row)
    oracle.chosen = {(person, name): said.use for name in names}
    oracle.actor = said.actor
    oracle.look(person, True)
    goes = {n: v for n, v in oracle.goes(person, target, True).items() if n in names}
    world.sync.answer(said)
    oracle.written(person, target, goes)
    oracle.chosen, oracle.actor = {}, ""
    oracle.look(person, True)
    world.met["choice" if goes else "choice that waits"] += 1


def judge(world: World, random: Random, person: str, moves: Moves) -> None:
    """A second person approves or rejects, sometimes one who may not, sometimes a value that moved."""
    rows = rows_of(world, person, "approve", "reject")
    if not rows:
        return
    row = random.choice(rows)
    oracle, keys = world.oracle, [(person, name) for name in together(row)]
    assert all((person, name) in oracle.shown for name in row.fields), row
    before = [oracle.shown.get(key) for key in keys]
    moves()
    verb, actor = random.choice(["approve", "approve", "reject"]), random.choice(PAGE_USERS)
    own = world.link(person).hra_id if random.random() < 0.15 else ""
    said = Said(verb, row.id, actor, own=own)
    if verb == "approve":  # a no writes nothing, so nothing is read for it
        oracle.look(person)
    names = [name for name in row.fields if (person, name) in oracle.asked]
    asked_by = {oracle.asked[person, name].by for name in names}
    if not names or before != [oracle.shown.get(key) for key in keys]:
        _refused(world, said)
        world.met["approval of a moved value"] += 1
    elif own or actor in asked_by:
        _refused(world, said)
        world.met["own request" if actor in asked_by else "own record"] += 1
    else:
        _judged(world, person, row, names, said)
    world.check()


def _judged(world: World, person: str, row: Attention, names: list[str], said: Said) -> None:
    oracle = world.oracle
    target = oracle.asked[person, names[0]].target
    if said.verb == "reject":  # which reads nothing
        oracle.judge(person, names, "rejected")
        world.sync.answer(said)
        world.met["rejected"] += 1
        return
    oracle.judge(person, names, "approved")
    oracle.look(person)
    planned = oracle.goes(person, target, False)
    goes = {name: value for name, value in planned.items() if name in row.fields}
    world.sync.answer(said)
    oracle.written(person, target, goes)
    oracle.look(person)
    world.met["approved" if goes else "approval that waits"] += 1


def retry(world: World, random: Random, person: str) -> None:
    """A person has it tried again."""
    rows = rows_of(world, person, "retry")
    if not rows:
        return
    row, oracle = random.choice(rows), world.oracle
    names, keys = row.fields or NAMES, [(person, name) for name in row.fields]
    oracle.look(person, True)
    again = [key for key in keys if oracle.kept.get(key) == oracle.pair(key)]
    oracle.chosen = {key: OTHER[oracle.kept_by[key]] for key in again}
    oracle.actor = "page:anna"
    for target in ("hra", "xero"):
        oracle.look(person, True)
        goes = oracle.goes(person, target, True)
        oracle.written(person, target, {n: v for n, v in goes.items() if n in names})
    oracle.chosen, oracle.actor = {}, ""
    oracle.look(person, True)
    world.sync.answer(Said("retry", row.id, "page:anna"))
    world.met["retry"] += 1
    world.check()


def planned(world: World, kind: str, moves: Moves) -> None:
    """A saved plan is applied exactly, and to nobody who moved since (R3)."""
    plan = world.dry_run(kind)
    target = TARGETS[kind]
    foreseen = {person: world.oracle.exactly(person, target, True) for person in PEOPLE}
    moves()
    assert plan is not None
    _apply(world, kind, foreseen, True, lambda: world.sync.apply(plan, "command"))


def braked(world: World, random: Random, kind: str, moves: Moves) -> None:
    """A stopped run waits on the page; exactly it is let through, or it is rejected (S1)."""
    rows = [row for row in world.store.attention() if row.scope == f"run:{kind}" and row.plan]
    if not rows:
        return
    row, by_person = rows[0], world.stopped_by[kind] != "schedule"
    if random.random() < 0.4:
        world.sync.answer(Said("reject", row.id, "page:anna"))
        world.met["braked and rejected"] += 1
        return
    foreseen = world.stopped[kind]
    moves()
    answer = Said("approve", row.id, "page:anna")
    _apply(world, kind, foreseen, by_person, lambda: world.sync.answer(answer))
    world.met["let through"] += 1


def _apply(
    world: World,
    kind: str,
    foreseen: Mapping[str, Exactly],
    by_person: bool,
    act: Callable[[], object],
) -> None:
    oracle, target = world.oracle, TARGETS[kind]
    expected: dict[str, Goes] = {}
    for person, before in foreseen.items():
        if not before[0]:
            continue
        oracle.look(person, by_person)
        if oracle.exactly(person, target, by_person) == before:
            expected[person] = before[0]
        else:
            world.met["plan moved"] += 1
    act()
    for person, goes in expected.items():
        oracle.written(person, target, goes)
        oracle.look(person, by_person)
        world.met["as planned"] += 1
    world.check()


def _refused(world: World, said: Said) -> None:
    before = len(world.writes())
    try:
        world.sync.answer(said)
    except (NotPossible, Braked):
        assert len(world.writes()) == before
    else:
        raise AssertionError(f"nobody may {said.verb} this")
