"""Who may sign in to the page: admin by the password of agent.ini, others by that of `users add`."""

from werkzeug.security import check_password_hash

from agent.store import Store

ADMIN = "admin"
# A hash that nobody's password fits: a name that nobody has takes as long as one that somebody has.
NOBODY = "scrypt:32768:8:1$bm9ib2R5bm9ib2R5$" + "0" * 128


def password_fits(store: Store, admins_hash: str, user: str, password: str) -> bool:
    """Whether this is the password of this person. `admins_hash` "" means that admin has none and is nobody."""
    if user == ADMIN:
        stored = admins_hash
    else:
        known = store.user(user)
        stored = known.password_hash if known else ""
    fits = check_password_hash(stored or NOBODY, password)
    return fits and bool(stored)
