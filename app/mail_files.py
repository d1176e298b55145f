"""Mailboxes in mbox format as ticket messages: one mail one message, replies in the thread they answer."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime
from html.parser import HTMLParser

_FROM = re.compile(rb"^From \S*.*\d{4}\s*$")
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)
_ID = re.compile(r"<[^<>\s]+>")
_UNSHOWN = {"script", "style", "head", "title"}
_BREAKS = {"p", "br", "div", "tr", "li", "h1", "h2", "h3", "table", "blockquote"}


class UnreadableError(ValueError):
    """What of a mail cannot be taken: the field, and why."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def mails(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each mail's first line, counted from one, and its bytes with the escaping of "From " taken back."""
    begun, lines, empty = 0, list[bytes](), True
    for number, line in enumerate(data.split(b"\n"), 1):
        if empty and _FROM.match(line.rstrip(b"\r")):
            if begun:
                yield begun, _ESCAPED.sub(rb"\1", b"\n".join(lines))
            begun, lines = number, []
        elif begun:
            lines.append(line)
        elif line.strip():
            raise UnreadableError("file", 'does not begin with a "From " line, as a mailbox does')
        empty = not line.strip()
    if begun:
        yield begun, _ESCAPED.sub(rb"\1", b"\n".join(lines))


def fields(raw: bytes, *, proven: bool) -> dict[str, str]:
    """A mail as a row of a ticket file. `proven`: the mail server checked who sent it, so that the address proves a
    customer; else an address in a mail is what anybody can write. Raises `UnreadableError`."""
    mail = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    author, address = parseaddr(_header(mail, "From"))
    own = _ID.search(_header(mail, "Message-ID"))
    if own is None:
        raise UnreadableError("Message-ID", "is missing")
    row = {
        "message_id": own[0],
        "thread": (_ID.findall(_header(mail, "References")) or _ID.findall(_header(mail, "In-Reply-To")) or [own[0]])[
            0
        ],
        "channel": "e-mail",
        "subject": _header(mail, "Subject"),
        "author": author or address,
        "sender": address if proven else "",
        "text": _text(mail),
        "at": _moment(_header(mail, "Date")),
    }
    return {name: value for name, value in row.items() if value}


def _header(mail: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(mail.get(name, "")).split())
    except Exception as error:  # the standard library raises whatever a broken header makes it stumble over
        raise UnreadableError(name, "cannot be read") from error


def _moment(date: str) -> str:
    if not date:
        return ""
    try:
        at: datetime = parsedate_to_datetime(date)
    except ValueError as error:
        raise UnreadableError("Date", "is no date of a mail") from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()


def _text(mail: EmailMessage) -> str:
    """The words of a mail: its plain text, else its HTML without the markup; attachments by their names only, unopened."""
    body = mail.get_body(preferencelist=("plain", "html"))
    parts = []
    if isinstance(body, EmailMessage):
        try:
            content = body.get_content()
        except (LookupError, ValueError, KeyError) as error:
            raise UnreadableError("text", f"is not written in {body.get_content_charset('ascii')}") from error
        parts.append(_words(content) if body.get_content_subtype() == "html" else content)
    names = [part.get_filename() or "without a name" for part in mail.iter_attachments()]
    parts += [f"[attachment: {name}]" for name in names]
    return "\n".join(part.strip() for part in parts if part.strip())


def _words(html: str) -> str:
    found = _Words()
    found.feed(html)
    found.close()
    return re.sub(r"[ \t]*\n\s*\n\s*", "\n\n", "".join(found.words)).strip()


class _Words(HTMLParser):
    """The words of an HTML text, with a line break where a block begins or ends."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _UNSHOWN
        if tag in _BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _UNSHOWN and self._hidden > 0
        if tag in _BREAKS:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)
