"""A receiver of the published specification accepts our signatures, and refuses old, changed and foreign ones."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from app.server.integrations.signing import BadSecret, headers, kept_secret, new_secret, verified

BODY = b'{"type":"review.decided"}'


def test_the_published_receiver_accepts_what_we_sign_and_refuses_what_was_changed() -> None:
    secret, at = new_secret(), int(datetime.now(UTC).timestamp())
    sent = headers(secret, "wh_1", at, BODY)
    assert Webhook(secret).verify(BODY, sent) == {"type": "review.decided"}
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" ", sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, sent)


def test_we_read_what_the_published_sender_signs_within_five_minutes() -> None:
    secret, at = new_secret(), datetime.now(UTC)
    signature = Webhook(secret).sign("wh_1", at, BODY.decode())
    sent = {
        "webhook-id": "wh_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": f"v1,x {signature}",
    }
    assert verified(secret, sent, BODY, int(at.timestamp()) + 299)
    assert not verified(secret, sent, BODY, int(at.timestamp()) + 301)
    assert not verified(secret, {**sent, "webhook-id": "wh_2"}, BODY, int(at.timestamp()))
    assert not verified(secret, {}, BODY, int(at.timestamp()))


def test_a_secret_that_is_none_is_refused_with_what_makes_one() -> None:
    for secret in ("whsec_***", "whsec_c2hvcnQ="):
        with pytest.raises(BadSecret, match="lastclick serve"):
            headers(secret, "wh_1", 1, BODY)


def test_the_secret_is_made_once_and_is_nobody_elses_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = kept_secret(tmp_path / "webhook.secret")
    assert kept_secret(tmp_path / "webhook.secret") == made
    assert (tmp_path / "webhook.secret").stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("LASTCLICK_WEBHOOK_SECRET", "whsec_other")
    assert kept_secret(tmp_path / "webhook.secret") == "whsec_other"
