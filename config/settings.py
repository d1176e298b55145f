"""Where things are: the queue, the engine's file, the shop's records, the outbox, the rules; from the command line, the
environment (`LASTCLICK_HOME`, `LASTCLICK_DATABASE`, `LASTCLICK_RULES`, `LASTCLICK_QUEUE`, `LASTCLICK_KEYMAP`,
`LASTCLICK_ACTOR`, `LASTCLICK_MODELS`, `LASTCLICK_SLOTS`) or the platform's folders."""

from __future__ import annotations

import getpass
import os
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """All paths of one installation."""

    home: Path
    queue: str
    """A file, or the URL of a PostgreSQL database; the latter may hold a password, so what is shown is `place`."""
    rules_folder: Path
    keymap: Path
    actor: str
    models: Path
    """Fitted models: a cache, each file named by what it was fitted to, so that any number of queues may share it."""
    server: str = ""
    """The address of a remote queue; empty: the queue is `queue`, here."""

    slots: int = 0
    """Tickets and actions a worker has in hand at a time; 0: as many as suit its models."""

    @property
    def rules(self) -> tuple[Path, ...]:
        """The folders laid over the default rules: the team's own, when it is there."""
        return (self.rules_folder,) if self.rules_folder.is_dir() else ()

    @property
    def is_file(self) -> bool:
        """Whether the queue is a file of this machine rather than a database that others reach too."""
        return "://" not in self.queue or self.queue.startswith("sqlite:")

    @property
    def place(self) -> str:
        """The queue as it may be shown."""
        return re.sub(r"//([^:/@]*):[^/]*@", r"//\1:***@", self.queue)

    @property
    def engine(self) -> Path | str:
        """Where the durable engine keeps its checkpoints: a file of its own, or a schema of its own in the database."""
        return self.home / "engine.sqlite" if self.is_file else self.queue

    @property
    def shop(self) -> Path:
        """The shop's records, as last loaded."""
        return self.home / "shop.sqlite"

    @property
    def outbox(self) -> Path:
        """Replies, one .eml file each."""
        return self.home / "outbox"

    @property
    def session(self) -> Path:
        """Where the desk left off: ticket, filter, layout, half-written edits. Each server has its own."""
        host = re.sub(r"[^A-Za-z0-9.-]+", "-", self.server.partition("://")[2]).strip("-")
        return self.home / (f"session-{host}.json" if host else "session.json")

    @property
    def login(self) -> Path:
        """Where this person is signed in, and under which name: never the token."""
        return self.home / "login.json"

    @property
    def views(self) -> Path:
        """The parts of the queue that the agent saved by name."""
        return self.keymap.with_name("views.toml")

    @property
    def crashes(self) -> Path:
        """Reports of defects, without a customer's words."""
        return self.home / "crashes"

    @property
    def logs(self) -> Path:
        """What the worker says."""
        return self.home / "logs"


def settings(
    home: Path | None = None, queue: str | None = None, rules: Path | None = None, actor: str | None = None
) -> Settings:
    """Resolve where things are; nothing is created. An argument wins over the environment, that over the platform."""
    if home is None and (named := os.environ.get("LASTCLICK_HOME")):
        home = Path(named).expanduser()
    models = _path_from("LASTCLICK_MODELS") or (home / "models" if home else None)
    rules_folder = rules or _path_from("LASTCLICK_RULES")
    own = home
    if home is None:
        import platformdirs

        home = platformdirs.user_data_path("lastclick", appauthor=False)
        own = platformdirs.user_config_path("lastclick", appauthor=False)
        models = models or platformdirs.user_cache_path("lastclick", appauthor=False) / "models"
    own = own or home
    return Settings(
        home=home,
        queue=queue
        or os.environ.get("LASTCLICK_DATABASE")
        or os.environ.get("LASTCLICK_QUEUE")
        or str(home / "queue.sqlite"),
        rules_folder=rules_folder or own / "rules",
        keymap=_path_from("LASTCLICK_KEYMAP") or own / "keymap.toml",
        actor=actor or os.environ.get("LASTCLICK_ACTOR") or _login_name(),
        models=models or home / "models",
        slots=int(slots) if (slots := os.environ.get("LASTCLICK_SLOTS", "")).isdecimal() else 0,
    )


def _path_from(variable: str) -> Path | None:
    named = os.environ.get(variable)
    return Path(named).expanduser() if named else None


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container user without a passwd entry
        return "agent"
