"""Replies leave as e-mail files: once for each key, whole, threaded, and with no header that a text could add."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from app.connectors.outbox import Outbox
from store.contract import Action, Execution
from tests.connectors.conftest import execution


def reply(key: str = "k1", **args: Any) -> Execution:
    given = {
        "text": "Hi Zoë,\n\nwe refunded €120.00.\n",
        "to": "zoe.lambert@post.example",
        "name": "Zoë 🌿 Lambert",
        "subject": "Charged twice",
        "in_reply_to": "abc@post.example",
        "thread": "T-1",
    }
    return execution(Action(action_id="reply", kind="send_reply", args=given | args), key)


def mails(folder: Path) -> list[EmailMessage]:
    return [message_from_bytes(path.read_bytes(), policy=default) for path in sorted(folder.glob("*.eml"))]  # type: ignore[misc]


def test_a_reply_is_a_proper_mail_in_its_thread(tmp_path: Path) -> None:
    result = Outbox(tmp_path / "outbox").perform(reply())
    (mail,) = mails(tmp_path / "outbox")
    assert result.state == "done"
    assert result.external_id == mail["Message-ID"]
    assert mail["To"].addresses[0].addr_spec == "zoe.lambert@post.example"
    assert mail["Subject"] == "Re: Charged twice"
    assert mail["In-Reply-To"] == mail["References"] == "<abc@post.example>"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().splitlines() == ["Hi Zoë,", "", "we refunded €120.00."]


def test_one_key_one_file_and_other_bytes_never_overwrite_it(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    assert outbox.outcome(reply()).state == "missing"
    first = outbox.perform(reply())
    before = [path.read_bytes() for path in tmp_path.iterdir()]
    assert outbox.perform(reply()) == first == outbox.outcome(reply())
    assert outbox.perform(reply(text="something else")).state == "failed"
    assert [path.read_bytes() for path in tmp_path.iterdir()] == before


@pytest.mark.parametrize("field", ["subject", "name", "to", "in_reply_to", "thread"])
@pytest.mark.parametrize(
    "value",
    [
        "x\r\nBcc: thief@evil.example",
        "x\nBcc: thief@evil.example\n\nbody",
        "x\u2028Bcc: a@b.c",
        "x\x00\x1b[2J",
        "=?utf-8?q?x=0D=0ABcc:?=",
    ],
)
def test_no_value_can_add_a_header_or_a_body(tmp_path: Path, field: str, value: str) -> None:
    assert Outbox(tmp_path).perform(reply(**{field: value})).state == "done"
    (mail,) = mails(tmp_path)
    assert mail["Bcc"] is None
    assert set(mail.keys()) <= {
        "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "MIME-Version",
        "Content-Type", "Content-Transfer-Encoding", "X-Lastclick-Thread", "X-Lastclick-Ticket", "X-Lastclick-Digest",
    }  # fmt: skip
    assert mail.get_content().splitlines()[0] == "Hi Zoë,"
    raw = next(tmp_path.glob("*.eml")).read_bytes()
    assert b"\x1b" not in raw
    assert b"\x00" not in raw


@pytest.mark.parametrize("to", [None, "", "not an address", "a@b", "a@b.example, c@d.example", "<a@b.example>", 5])
def test_what_is_no_plain_address_gets_no_recipient(tmp_path: Path, to: object) -> None:
    assert Outbox(tmp_path).perform(reply(to=to)).state == "done"
    assert mails(tmp_path)[0]["To"] is None
    assert mails(tmp_path)[0]["X-Lastclick-Thread"] == "T-1"


def test_a_reply_without_text_is_refused(tmp_path: Path) -> None:
    assert Outbox(tmp_path).perform(reply(text="  ")).state == "failed"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_result_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    result = Outbox(tmp_path / "file").perform(reply())
    assert result.state in ("failed", "unknown")


def test_nothing_but_finished_mails_is_ever_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*where: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.link", full)
    result = Outbox(tmp_path).perform(reply())
    assert (result.state, result.code) == ("failed", "connector_unreachable")
    assert list(tmp_path.iterdir()) == []
