"""The remote queue as an application: the routes of every resource over one queue, each error a problem with a sentence."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from app.server import (
    counters,
    decisions,
    events,
    figures,
    greeting,
    planted,
    presence,
    proposals,
    reviews,
    rights,
    switches,
    tickets,
    users,
)
from app.server.asking import House, asking
from app.server.bounds import Bounds, Limits
from app.server.hub import Hub
from app.server.integrations import routes as integrations
from app.server.integrations.posting import Posting
from app.server.integrations.signing import new_secret
from app.server.lookers import Presence
from store import plain
from store.people import People
from store.problems import MEDIA, Problem, plain_problem, problem
from store.queue import Queue, QueueError

_THREADS = 4
_HOURLY = 3600.0
_OFTEN = 0.5
_STATUSES = (400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 423, 500, 503)
RESOURCES = (
    greeting,
    reviews,
    tickets,
    proposals,
    integrations,
    decisions,
    switches,
    counters,
    figures,
    planted,
    events,
    presence,
    users,
)


@dataclass(frozen=True)
class Options:
    """What is off unless it is switched on."""

    docs: bool = False
    metrics: bool = False
    webhook_secret: str = field(default_factory=new_secret, repr=False)
    webhook_private: bool = False
    """Whether decisions may go back to hosts inside the network."""
    limits: Limits = field(default_factory=Limits)


def application(queue: Queue, people: People, options: Options | None = None) -> FastAPI:
    """The server over this queue. Closing it does not close the queue."""
    chosen = options or Options()
    threads = ThreadPoolExecutor(_THREADS, "people")
    posting = Posting(people.database, chosen.webhook_secret, private=chosen.webhook_private)
    house = House(queue, people, Hub(queue), Presence(), threads, posting)
    app = FastAPI(
        title="Lastclick",
        version="1",
        description="The queue of AI-handled support tickets that wait for a person.",
        lifespan=_alive,
        docs_url=None,
        openapi_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.house = house
    for resource in RESOURCES:
        app.include_router(resource.router, dependencies=[Depends(asking)])
    _refuse_without_rights()
    app.add_exception_handler(QueueError, _refused)
    app.add_exception_handler(RequestValidationError, _misfit)
    app.add_exception_handler(HTTPException, _http)
    if chosen.docs:
        _show_docs(app)
    if chosen.metrics:
        from app.server.metrics import metrics

        app.add_route("/metrics", metrics)
    app.add_middleware(Bounds, limits=chosen.limits)
    return app


@contextlib.asynccontextmanager
async def _alive(app: FastAPI) -> AsyncIterator[None]:
    house: House = app.state.house
    tasks = [asyncio.create_task(each) for each in (house.hub.run(), house.hub.beat(), _tidy(house), _return(house))]
    try:
        yield
    finally:
        house.hub.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        house.threads.shutdown(wait=False)


async def _tidy(house: House) -> None:
    while True:
        with contextlib.suppress(QueueError):
            await house.ask(house.people.forget_old_answers)
        await asyncio.sleep(_HOURLY)


async def _return(house: House) -> None:
    """Decisions go back to who filed. A receiver that is slow holds up nothing but this."""
    while True:
        sent = 0
        with contextlib.suppress(QueueError):
            sent = await asyncio.to_thread(house.posting.once)
        await asyncio.sleep(0 if sent else _OFTEN)


def contract(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI contract: every route may answer with a problem, and what takes no token says so. Problems are written
    here once, since FastAPI would build their shape five hundred times at each start."""
    told = copy.deepcopy(app.openapi())
    shapes = told["components"]["schemas"]
    shape = Problem.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    for name, inner in shape.pop("$defs").items():
        shapes.setdefault(name, inner)
    shapes["Problem"] = shape
    answer = {
        "description": "A problem, with a sentence for a person",
        "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            operation["responses"] |= {str(status): answer for status in _STATUSES}
            if rights.RIGHTS.get((method.upper(), path)) == rights.ANYONE:
                operation["security"] = []
    return told


def _show_docs(app: FastAPI) -> None:
    async def openapi(_: Request) -> Response:
        return JSONResponse(contract(app))

    async def docs(_: Request) -> Response:
        return get_swagger_ui_html(openapi_url="/openapi.json", title="Lastclick")

    app.add_route("/openapi.json", openapi)
    app.add_route("/docs", docs)


def _refuse_without_rights() -> None:
    """Deny by default: a route that the table of rights does not know ends the start."""
    if wrong := rights.missing(routes()):
        raise RuntimeError(f"routes and rights differ: {', '.join(wrong)}")


def routes() -> list[tuple[str, str]]:
    """Method and path of every route."""
    return [
        (method, route.path_format)
        for resource in RESOURCES
        for route in resource.router.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]


# ── errors ───────────────────────────────────────────────────────────────────


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, QueueError)
    return _sent(problem(error))


async def _misfit(_: Request, error: Exception) -> Response:
    """Which field does not fit and why, without what was sent."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    told = plain.line(f"{place}: {first['msg']}")[:500]
    return _sent(Problem(type="urn:lastclick:problem:invalid", title="The request is wrong", status=422, detail=told))


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = {404: "There is no such address here.", 405: "This address does not take this method."}
    return _sent(plain_problem(error.status_code, str(error.detail), words.get(error.status_code, str(error.detail))))


def _sent(told: Problem) -> Response:
    headers = {401: {"www-authenticate": "Bearer"}, 503: {"retry-after": "2"}}.get(told.status)
    return Response(told.model_dump_json(exclude_none=True), told.status, headers, media_type=MEDIA)
