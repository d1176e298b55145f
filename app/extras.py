"""What is only there when an extra of the package was installed with it."""

from __future__ import annotations

from store.queue import QueueError


class NotInstalled(QueueError):
    """What was asked for needs an extra; the sentence says which."""
