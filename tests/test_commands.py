"""The commands on a real queue in a folder of their own: what they print, what they refuse, what they leave as it was."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def lastclick(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app.cli", words[0], "--home", str(home), *words[1:]]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, stdin=subprocess.DEVNULL)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def tickets(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")
    return path


def test_a_file_with_a_bad_line_is_filed_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tickets(tmp_path / "day.jsonl", {"message_id": "m1", "text": "Where is it?"}, {"message_id": "m2"}, "{")
    refused = lastclick(tmp_path, "import", str(file))
    assert refused.returncode == 1
    assert "line 2: text" in refused.stderr
    assert "line 3" in refused.stderr
    assert "Nothing was filed" in refused.stderr
    assert "Nothing waits" in lastclick(tmp_path, "show").stdout
    taken = lastclick(tmp_path, "import", str(file), "--skip-bad")
    assert taken.returncode == 0
    assert "1 message is in the queue" in taken.stdout


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    refused = lastclick(tmp_path, "import", str(tmp_path / "no.jsonl"))
    assert refused.returncode == 1
    assert "no.jsonl: cannot be read: No such file or directory. Give the path of a file" in refused.stderr


def test_a_field_that_nothing_reads_and_a_file_without_a_message_are_said(tmp_path: Path) -> None:
    row = {"message_id": "m1", "text": "Where is it?", "subjct": "parcel"}
    taken = lastclick(tmp_path, "import", str(tickets(tmp_path / "day.jsonl", row)))
    assert taken.returncode == 0
    assert "day.jsonl: nothing reads the field subjct (did you mean subject?)" in taken.stderr
    nothing = lastclick(tmp_path, "import", str(tickets(tmp_path / "none.csv", "message_id,text")))
    assert nothing.returncode == 1
    assert "none.csv: holds no message" in nothing.stderr


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    file = tickets(tmp_path / "day.jsonl", {"message_id": "m1", "thread": "t1", "text": "Where is it?"})
    lastclick(tmp_path, "import", str(file))
    before = lastclick(tmp_path, "journal", "verify").stdout
    assert lastclick(tmp_path, "import", str(file)).returncode == 0
    assert lastclick(tmp_path, "journal", "verify").stdout == before
    assert before.startswith("1 entries stand")


def test_a_message_known_with_other_words_is_named(tmp_path: Path) -> None:
    lastclick(tmp_path, "import", str(tickets(tmp_path / "a.jsonl", {"message_id": "m1", "text": "one"})))
    again = lastclick(tmp_path, "import", str(tickets(tmp_path / "b.jsonl", {"message_id": "m1", "text": "two"})))
    assert again.returncode == 1
    assert "m1 is known with other contents" in again.stderr


def test_a_ticket_is_shown_in_plain_text(tmp_path: Path) -> None:
    hostile = "Hello \x1b]52;c;aGk=\x07 there"
    lastclick(
        tmp_path, "import", str(tickets(tmp_path / "a.jsonl", {"message_id": "m1", "thread": "t1", "text": hostile}))
    )
    shown = lastclick(tmp_path, "show", "t1")
    assert "Hello ␛]52;c;aGk=␇ there" in shown.stdout
    assert "\x1b" not in shown.stdout
    assert json.loads(lastclick(tmp_path, "show", "t1", "--json").stdout)["ticket"]["id"] == "t1"


def test_a_ticket_that_is_not_there_is_said(tmp_path: Path) -> None:
    missing = lastclick(tmp_path, "show", "nowhere")
    assert missing.returncode == 1
    assert "nowhere" in missing.stderr


def test_a_forged_journal_is_found(tmp_path: Path) -> None:
    import sqlite3

    lastclick(tmp_path, "import", str(tickets(tmp_path / "a.jsonl", {"message_id": "m1", "text": "one"})))
    with sqlite3.connect(tmp_path / "queue.sqlite") as forger:
        guards = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'journal'"
        for (trigger,) in forger.execute(guards).fetchall():
            forger.execute(f"DROP TRIGGER {trigger}")
        forger.execute("UPDATE journal SET actor = 'nobody' WHERE seq = 1")
    found = lastclick(tmp_path, "journal", "verify")
    assert found.returncode == 1
    assert "Entry 1 does not stand" in found.stderr


def test_verifying_nothing_says_so_and_makes_nothing(tmp_path: Path) -> None:
    done = lastclick(tmp_path / "new", "journal", "verify")
    assert done.returncode == 1
    assert "nothing to verify" in done.stderr
    assert not (tmp_path / "new").exists()


def test_rules_copied_are_fine_and_load_the_shop(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    assert lastclick(tmp_path, "rules", "copy", str(rules)).returncode == 0
    assert lastclick(tmp_path, "rules", "check", str(rules)).returncode == 0
    loaded = lastclick(tmp_path, "shop", "load", "--rules", str(rules))
    assert loaded.returncode == 0
    assert re.search(r"\d{3} order records", loaded.stdout)
    assert lastclick(tmp_path, "rules", "copy", str(rules)).returncode == 1


def test_a_typo_in_the_rules_is_named_with_file_line_and_nearest_name(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    lastclick(tmp_path, "rules", "copy", str(rules))
    routes = rules / "routes.toml"
    right = re.compile(r'^(route\s*=\s*)"messy"', re.MULTILINE)
    written, changed = right.subn(r'\1"mesy"', routes.read_text(), count=1)
    assert changed == 1
    routes.write_text(written)
    done = lastclick(tmp_path, "rules", "check", str(rules))
    assert done.returncode == 1
    assert "routes.toml:" in done.stdout
    assert "messy" in done.stdout


def test_a_broken_rules_file_stops_a_command_with_a_sentence(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "review.toml").write_text("[[review]\n")
    done = lastclick(tmp_path, "show", "--rules", str(rules))
    assert done.returncode == 1
    assert "review.toml:1" in done.stderr


@pytest.mark.parametrize("words", [("test", "nothing.jsonl"), ("test", "bad.jsonl")])
def test_intents_test_names_what_is_wrong_with_its_file(tmp_path: Path, words: tuple[str, str]) -> None:
    tickets(tmp_path / "bad.jsonl", {"text": "where is it", "intent": "order_statsu"}, "[]")
    done = lastclick(tmp_path, "intents", words[0], str(tmp_path / words[1]))
    assert done.returncode == 1
    assert words[1] in done.stderr
    if words[1] == "bad.jsonl":
        assert "did you mean 'order_status'" in done.stderr


def test_the_doctor_says_where_things_are(tmp_path: Path) -> None:
    done = lastclick(tmp_path, "doctor")
    assert done.returncode == 0
    assert str(tmp_path / "queue.sqlite") in done.stdout
    lastclick(tmp_path, "import", str(tickets(tmp_path / "a.jsonl", {"message_id": "m1", "text": "one"})))
    assert "none runs" in lastclick(tmp_path, "doctor").stdout


def test_the_doctor_names_a_file_that_is_no_queue(tmp_path: Path) -> None:
    (tmp_path / "queue.sqlite").write_text("this is no database, only a few words\n" * 100)
    done = lastclick(tmp_path, "doctor")
    assert done.returncode == 1
    assert "! " in done.stdout


def test_a_journal_rewritten_whole_is_found_by_a_checkpoint(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    lastclick(first, "import", str(tickets(tmp_path / "a.jsonl", {"message_id": "m1", "text": "one"})))
    lastclick(second, "import", str(tickets(tmp_path / "b.jsonl", {"message_id": "m1", "text": "two"})))
    exported = lastclick(first, "journal", "export")
    assert exported.returncode == 0
    (tmp_path / "kept.txt").write_text(exported.stdout)
    assert lastclick(first, "journal", "verify", "--against", str(tmp_path / "kept.txt")).returncode == 0
    # The second journal verifies by itself, but it is not the one that was exported.
    assert lastclick(second, "journal", "verify").returncode == 0
    assert lastclick(second, "journal", "verify", "--against", str(tmp_path / "kept.txt")).returncode == 1
    (tmp_path / "kept.txt").write_text("one deadbeef\n")
    unreadable = lastclick(first, "journal", "verify", "--against", str(tmp_path / "kept.txt"))
    assert unreadable.returncode == 1
    assert "line 1" in unreadable.stderr or "1:" in unreadable.stderr


MAILBOX = b"""From mia@example.com Mon Jun 15 09:00:00 2026
From: =?utf-8?q?Mia_Garc=C3=ADa?= <mia@example.com>
Message-ID: <one@example.com>
Subject: =?utf-8?q?Gr=C3=B6=C3=9Fe?=
Date: Mon, 15 Jun 2026 09:00:00 +0200
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Wo ist meine Gr=F6=DFe?
>From here on it is quoted.

From mia@example.com Mon Jun 15 10:00:00 2026
From: mia@example.com
Message-ID: <two@example.com>
References: <one@example.com> <x@shop.example>
Content-Type: text/html; charset=utf-8

<style>p {color: red}</style><p>Still <b>nothing</b>.</p><p>Mia</p>

"""


def test_a_mailbox_is_filed_with_its_threads_and_nobody_is_proved_by_a_written_address(tmp_path: Path) -> None:
    file = tmp_path / "box.mbox"
    file.write_bytes(MAILBOX)
    assert "2 messages are in the queue" in lastclick(tmp_path, "import", str(file)).stdout
    shown = json.loads(lastclick(tmp_path, "show", "<one@example.com>", "--json").stdout)
    assert shown["ticket"]["subject"] == "Größe"
    assert [each["text"] for each in shown["messages"]] == [
        "Wo ist meine Größe?\nFrom here on it is quoted.",
        "Still nothing.\n\nMia",
    ]
    assert [each["sender"] for each in shown["messages"]] == [None, None]
    assert shown["messages"][0]["author"] == "Mia García"


def test_a_mailbox_with_a_bad_mail_is_filed_whole_or_not_at_all(tmp_path: Path) -> None:
    bad = b"From x Mon Jun 15 11:00:00 2026\nFrom: x@example.com\n\nno id\n\n"
    odd = b"From x Mon Jun 15 11:00:00 2026\nMessage-ID: <3@x>\nContent-Type: text/plain; charset=klingon\n\nqo\n"
    file = tmp_path / "box.mbox"
    file.write_bytes(MAILBOX + bad + odd)
    refused = lastclick(tmp_path, "import", str(file))
    assert refused.returncode == 1
    assert "line 20: Message-ID: is missing" in refused.stderr
    assert "line 25: text: is not written in klingon" in refused.stderr
    assert "2 messages are in the queue" in lastclick(tmp_path, "import", str(file), "--skip-bad").stdout


GREETING = '{"message_id": "m1", "text": "Hello"}'


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("bomb.jsonl.gz", b"\x1f\x8b\x08", "is compressed: unpack it first"),
        ("day.xlsx", b"PK", "only .jsonl, .csv and .mbox files are read"),
        ("zipped.jsonl", b"PK\x03\x04\x14\x00\x80\x81", "is compressed, whatever its name says: unpack it first"),
        ("wide.jsonl", GREETING.encode("utf-16"), "is not UTF-8 (line 1, byte 0): save it as UTF-8"),
        ("day.jsonl", b'{"message_id": "m1", "text": "a"}\n\xff\xfe', "is not UTF-8 (line 2, byte 34)"),
        ("day.csv", b"message_id,text\nm1,a,b\n", "line 2: line: has more cells than the header"),
        ("box.mbox", b"Subject: no box\n", 'does not begin with a "From " line'),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_nothing_is_filed(
    tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(data)
    refused = lastclick(tmp_path, "import", str(tmp_path / name))
    assert refused.returncode == 1
    assert said in refused.stderr
    assert "Nothing waits" in lastclick(tmp_path, "show").stdout
