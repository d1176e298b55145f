"""One ticket with everything on it: the trusted facts, what the customer wrote, the sources, both letters."""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from app.desk import facts, keys, letters
from app.desk.deciding import OpenCase
from app.desk.panes.hollow import Columns, Rows, Scroll
from app.desk.words import NOTHING, line, short, words
from store.contract import Review, now
from store.live import Looking

SOURCE_ROWS = {"-low": 1, "-tall": 2, "-wide": 6}
"""Sources that get a line each, by the room there is."""
LABELS = {"why": "WHY", "route": "ROUTE", "action": "ACTION", "who": "WHO", "sources": "SOURCES"}


class Drawn(Static):
    """A Static that repaints only when its content changes, and has the screen laid out only when it takes other room."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(NOTHING, id=id, classes=classes)
        self._drawn = NOTHING

    def draw(self, content: Content) -> None:
        """Show this, if it is not what is shown."""
        if not self._drawn.is_same(content):
            self._drawn = content
            self.update(content, layout=False)
            cells, rows = self.content_size
            if not cells or self.get_content_height(self.container_size, self.app.size, cells) != rows:
                self.refresh(layout=True)
            in_this_frame(self)


def in_this_frame(widget: Widget) -> None:
    """Have a change painted with all others of the same moment. By itself a widget tells the screen of it when its own
    turn comes: then a frame may show the words of one case under the title of another."""
    widget._check_refresh()


class TicketPane(Rows):
    """Draws an `OpenCase`; holds nothing but which source or view of the messages is shown, and who else reads it."""

    _beside: tuple[str, ...] = ()
    _fresh = NOTHING

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._titles: dict[tuple[str | None, bool], Content] = {}

    def compose(self) -> ComposeResult:
        yield Drawn(id="notice")
        with Rows(id="facts"):
            for name, label in LABELS.items():
                with Columns(classes="fact", id=f"fact-row-{name}"):
                    yield Static(Content(label), classes="label")
                    yield Drawn(id=f"fact-{name}", classes="value")
        with Rows(id="reading"):
            with Scroll(id="message", can_focus=False):
                yield Drawn(id="message-text")
            with Rows(id="letters"):
                with Scroll(id="reply", can_focus=False):
                    yield Drawn(id="reply-text")
                with Scroll(id="note", can_focus=False):
                    yield Drawn(id="note-text")
        yield Drawn(id="empty")
        yield Drawn(id="prompt")

    def on_mount(self) -> None:
        self.query_one("#reply").border_title = Content("to the customer")
        self.query_one("#note").border_title = Content("internal note")
        self.blank(NOTHING)

    def draw_case(
        self,
        case: OpenCase,
        source: int | None,
        every_message: bool,
        *,
        claim: int | None = None,
        stale: bool = False,
        called: str = "",
    ) -> None:
        """Show this case; `source` is the number of the one that is open, `claim` the place of the one sentence that is
        asked about, `called` stands before its title."""
        review = case.review
        cells = max(20, self.scrollable_content_region.width - 8)
        rows = max((rows for name, rows in SOURCE_ROWS.items() if self.screen.has_class(name)), default=3)
        self.remove_class("-blank")
        self._fresh = facts.freshness(review, stale, now())
        self._draw_subtitle()
        self._entitle(self, line((f"{called} " if called else "", "$quiet"), _title(review)))
        self._draw("fact-why", facts.why(review))
        self._draw("fact-route", facts.route(review))
        self._draw("fact-action", facts.actions(case))
        self._draw("fact-who", facts.who(review))
        self._draw("fact-sources", facts.sources(review, source, cells, rows))
        if self.query_one("#fact-row-sources").display:
            case.sources_listed = [each.id for each in review.proposal.evidence[: facts.SOURCES_SHOWN]]
        evidence = review.proposal.evidence
        chosen = evidence[source - 1] if source else None
        self._draw("reply-text", letters.reply(review.proposal, chosen.id if chosen else None, claim))
        self._draw("note-text", letters.note(review.proposal, "\n".join(each.text for each in review.gate.reasons)))
        scroll = self.query_one("#message")
        if chosen is not None and source is not None:
            self._draw("message-text", letters.source(chosen, source, review.proposal.claims))
            self._entitle(scroll, Content(f"source {source} of {len(evidence)}"))
        else:
            self._draw("message-text", letters.conversation(review.messages, every_message))
            self._entitle(scroll, _message_title(review, every_message))
        scroll.set_class(chosen is not None, "-source")

    def beside(self, shown: str | None, looking: Iterable[Looking]) -> None:
        """Who else has this case on screen now."""
        names = tuple(one.who for one in looking if shown is not None and one.review_id == shown)
        if names != self._beside:
            self._beside = names
            self._draw_subtitle()

    def _draw_subtitle(self) -> None:
        if self.has_class("-blank"):
            return
        also = f" ◉ {short(', '.join(self._beside), 40)} also reads this ·" if self._beside else ""
        self._entitle(self, line((also, "$warning"), self._fresh), below=True)

    def blank(self, content: Content) -> None:
        """Nothing to show but these words."""
        self.add_class("-blank")
        self._entitle(self, Content("Ticket"))
        self._entitle(self, NOTHING, below=True)
        self._draw("empty", content)

    def notice(self, content: Content) -> None:
        """A sentence above the facts: a conflict, a draft, who holds it. Nothing: none."""
        self._draw("notice", content)
        self.query_one("#notice").set_class(bool(content), "-shown")
        in_this_frame(self.query_one("#notice"))

    def prompt(self, rows: Iterable[Content]) -> None:
        """The question that is asked in place. No rows: none."""
        shown = list(rows)
        self._draw("prompt", Content("\n").join(shown))
        self.query_one("#prompt").set_class(bool(shown), "-shown")
        self.query_one("#message").set_class(bool(shown), "-away")
        for name in ("#prompt", "#message"):
            in_this_frame(self.query_one(name))

    def mine(self, held: bool) -> None:
        """Whether this case is claimed by who looks at it. No rule of what is in the pane hangs on it, so none is looked
        up anew: that takes longer than painting the case."""
        if held != self.has_class("-mine"):
            self.set_class(held, "-mine", update=False)
            self.app.stylesheet.update_nodes([self])
            in_this_frame(self)

    def scroll_message(self, pages: int) -> None:
        scroll = self.query_one("#message", VerticalScroll)
        scroll.scroll_relative(y=pages * max(1, scroll.size.height - 1), animate=False, immediate=True)
        for each in ("#reply", "#note"):
            letter = self.query_one(each, VerticalScroll)
            letter.scroll_relative(y=pages * max(1, letter.size.height - 1), animate=False, immediate=True)

    def to_top(self) -> None:
        for each in ("#message", "#reply", "#note"):
            self.query_one(each, VerticalScroll).scroll_home(animate=False)

    def _draw(self, name: str, content: Content) -> None:
        self.query_one(f"#{name}", Drawn).draw(content)

    def _entitle(self, widget: Widget, content: Content, *, below: bool = False) -> None:
        """The title above or below a widget; set only when it is another: all of the widget is painted for it."""
        shown = self._titles.get((widget.id, below))
        if shown is not None and shown.is_same(content):
            return
        self._titles[widget.id, below] = content
        if below:
            widget.border_subtitle = content
        else:
            widget.border_title = content
        in_this_frame(widget)


def _title(review: Review) -> Content:
    ticket = review.proposal.ticket
    badge = f"◌ {review.proposal.hidden} hidden characters " if review.proposal.hidden else ""
    return line((ticket.id, "bold $primary"), (" ", ""), (badge, "bold $warning"), (short(ticket.subject, 200), "bold"))


def _message_title(review: Review, every: bool) -> Content:
    newest = letters.latest(review.messages)
    if every or not newest:
        return Content(f"all {len(review.messages)} messages")
    total = len(review.messages)
    more = f" · 1 of {total}, {keys.shown('messages')} shows all" if total > 1 else ""
    return words(short(f"{letters.title(newest[0])}{more}", 70))
