"""Who is inside: lets a view be seen by a signed-in person only, and names that person to the agent."""

from collections.abc import Callable
from functools import wraps

from flask import g, redirect, session, url_for
from flask.typing import ResponseReturnValue

from agent.page.auth import Sessions

View = Callable[..., ResponseReturnValue]


def signed_in(sessions: Sessions) -> Callable[[View], View]:
    """The guard of a view: anyone who is not signed in is sent to the sign-in."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(**given: str) -> ResponseReturnValue:
            user = sessions.user(session)
            if user is None:
                return redirect(url_for("page.sign_in"), 303)
            g.user = user
            return view(**given)

        return guarded

    return guard


def name() -> str:
    """The name under which this request's person is signed in."""
    return str(g.user)


def actor() -> str:
    """The same person as the agent's records name them."""
    return f"page:{name()}"
