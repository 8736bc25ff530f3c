"""The running agent: what serves the page and the hooks, runs the schedules and drains the inbox."""

from agent.service.passwords import ADMIN, password_fits
from agent.service.running import Service
from agent.service.server import Server, Wsgi
from agent.service.shown import status_of

__all__ = ["ADMIN", "Server", "Service", "Wsgi", "password_fits", "status_of"]
