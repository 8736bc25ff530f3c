"""The eSS portal: a list of people to "sign in" as, and each one's own form.

Stands for the employees' self-service page. Each page shows one employee's own values only. A save
is checked, stored, answered with a redirect (so that reloading does not save twice) and told to the
agent by a hook, which it never waits for.
"""

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from agent.sandbox.hra import essform
from agent.sandbox.hra.access import store
from agent.sandbox.hra.api import save_details
from agent.sandbox.hra.hooks import Delivery, Hooks
from agent.sandbox.hra.payroll import save_banks, save_supers, save_tax
from agent.sandbox.hra.store import Json, Record

TOO_LARGE = 64 * 1024
SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
HOOK_SECONDS = 1.0
RELOAD_SECONDS = 2
NO_HOOK = "Saved. No address is set to tell the agent, so it will see this on its next run."
UNCHANGED = "Nothing was changed."


def portal() -> Blueprint:
    """`GET /ess`, `GET` and `POST /ess/<id>`, and the style sheet."""
    desk = Blueprint(
        "ess", __name__, url_prefix="/ess", template_folder="templates",
        static_folder="static", static_url_path="/static",
    )  # fmt: skip
    desk.add_url_rule("", "people", show_people)
    desk.add_url_rule("/<key>", "form", show_form)
    desk.add_url_rule("/<key>", "save", save, methods=["POST"])
    desk.after_request(_secured)
    return desk


def show_people() -> ResponseReturnValue:
    """Everybody who is Current, by last name."""
    held = store()
    with held.lock:
        held.settle()
        present = [r for r in held.employees.values() if held.status(r) == "Current"]
        rows = sorted(present, key=lambda r: (r.details["surname"].casefold(), r.id))
        return render_template("ess_people.html", people=[_named(row) for row in rows])


def show_form(key: str) -> ResponseReturnValue:
    """One employee's form, with what became of the last save."""
    # The save is long done; most hooks are taken by now, and then the page needs no reload.
    _hooks().wait(request.args.get("saved", ""), HOOK_SECONDS)
    with store().lock:
        record = _present(key)
        return _page(record, essform.as_values(record), {}, _notice(key))


def save(key: str) -> ResponseReturnValue:
    """Stores what changed; a form with faults comes back with sentences and stores nothing."""
    with store().lock:
        record = _present(key)
        changes = essform.read(request.form, record)
        if changes.wrong:
            typed = essform.as_values(record) | dict(request.form) | {"tfn": ""}
            return _page(record, typed, changes.wrong, None), 422
        _store(record, changes)
    if not changes.sections:
        return redirect(url_for("ess.form", key=key, saved="unchanged"), 303)
    delivery = _hooks().fire(key, changes.sections)
    saved = "yes" if delivery is None else delivery.id
    return redirect(url_for("ess.form", key=key, saved=saved), 303)


def _store(record: Record, changes: essform.Changes) -> None:
    if changes.details is not None:
        save_details(record, changes.details)
    if changes.banks is not None:
        save_banks(record, changes.banks)
    if changes.supers is not None:
        save_supers(record, changes.supers)
    if changes.tax is not None:
        save_tax(record, changes.tax)


def _page(
    record: Record, values: dict[str, str], wrong: dict[str, str], notice: Json | None
) -> str:
    return render_template(
        "ess_form.html",
        who=_named(record),
        values=values,
        wrong=wrong,
        notice=notice,
        home=essform.HOME,
        bank_places=range(essform.BANK_PLACES),
        super_places=range(essform.SUPER_PLACES),
        funds=essform.fund_choices(record),
        own_funds=[row["name"] for row in record.supers if row["type"] == "SMSF"],
        tfn=_masked(record),
        reload=RELOAD_SECONDS if notice and notice["open"] else None,
    )


def _masked(record: Record) -> str:
    tax = record.tax or {}
    if "tfn" in tax:
        return f"••• ••• {tax['tfn'][-3:]}"
    return str(tax.get("exemptType", "")).capitalize()


def _named(record: Record) -> Json:
    details = record.details
    return {
        "id": record.id,
        "name": f"{details.get('preferredName') or details['firstName']} {details['surname']}",
        "position": details.get("positionTitle", ""),
        "number": details.get("employeeNumber", ""),
        "branch": store().branches[record.branch].name,
    }


def _notice(key: str) -> Json | None:
    saved = request.args.get("saved")
    if saved is None:
        return None
    if saved in ("yes", "unchanged"):
        sentence = NO_HOOK if saved == "yes" else UNCHANGED
        return {"text": sentence, "tone": "soft", "open": False}
    delivery = _hooks().find(saved)
    if delivery is None or delivery.employee != key:
        return None
    return {"text": _told(delivery), "tone": _tone(delivery), "open": delivery.open}


def _told(delivery: Delivery) -> str:
    reason = "no answer" if delivery.status is None else str(delivery.status)
    return {
        "sending": "Saved. Telling the agent …",
        "waiting": f"Saved. The agent could not take it yet ({reason}); trying again …",
        "taken": f"Saved, and the agent took it: {delivery.status}.",
        "failed": f"Saved, but the agent could not be told ({reason}). It will see the change on "
        "its next run.",
    }[delivery.state]


def _tone(delivery: Delivery) -> str:
    return {"taken": "good", "failed": "bad"}.get(delivery.state, "soft")


def _present(key: str) -> Record:
    held = store()
    held.settle()
    record = held.employees.get(key)
    if record is None or held.status(record) != "Current":
        abort(404)
    return record


def _hooks() -> Hooks:
    hooks = current_app.config["HOOKS"]
    assert isinstance(hooks, Hooks)
    return hooks


def _secured(answer: Response) -> Response:
    answer.headers.update(SECURITY)
    return answer
