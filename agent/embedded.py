"""The agent inside another server: `agent.create_app(config)`."""

import atexit
import os
from collections.abc import Mapping
from pathlib import Path

from agent.config import Settings, load
from agent.service import Service, Wsgi
from agent.wiring import real_times


def create_app(config: str | Path | Settings, environ: Mapping[str, str] = os.environ) -> Wsgi:
    """The WSGI application of an agent.ini (or of Settings), to be mounted under any prefix.

    Its worker and schedules run in this process, which holds the data directory until its end; more than one
    process of a server cannot. `public_url` in the settings includes the prefix. Raises Misconfigured,
    DataDirBusy, KeyMissing, StateDamaged.
    """
    settings = config if isinstance(config, Settings) else load(Path(config), environ)
    service = Service(settings, environ, real_times())
    service.start()
    atexit.register(service.stop)
    service.app.extensions["agent"] = service
    return service.app
