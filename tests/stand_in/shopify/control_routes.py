"""``/_stand_in/…``: what tests ask of the stand-in itself; Shopify has none of it."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.stand_in.shopify.faults import Fault
from tests.stand_in.shopify.place import Place
from tests.stand_in.shopify.records import Kind, Record, timestamp


class ControlRoutes:
    """The routes, over one place."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def routes(self) -> list[Route]:
        """For the application."""
        one = "/_stand_in/shop/{kind}/{number:int}"
        return [
            Route("/_stand_in/clock", self.clock),
            Route("/_stand_in/bucket", self.bucket),
            Route("/_stand_in/bucket", self.forget_bucket, methods=["DELETE"]),
            Route("/_stand_in/calls", self.calls),
            Route("/_stand_in/calls", self.forget_calls, methods=["DELETE"]),
            Route("/_stand_in/faults", self.expect_fault, methods=["POST"]),
            Route("/_stand_in/faults", self.clear_faults, methods=["DELETE"]),
            Route("/_stand_in/faults/bulk", self.spoil_bulk, methods=["POST"]),
            Route("/_stand_in/bulk/{number:int}/expire", self.expire_bulk, methods=["POST"]),
            Route("/_stand_in/tokens", self.mint, methods=["POST"]),
            Route("/_stand_in/tokens/{token}", self.revoke, methods=["DELETE"]),
            Route("/_stand_in/shop", self.counts),
            Route("/_stand_in/shop/{kind}", self.list, methods=["GET"]),
            Route("/_stand_in/shop/{kind}", self.add, methods=["POST"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.alter, methods=["PATCH"]),
            Route(one, self.delete, methods=["DELETE"]),
        ]

    async def clock(self, request: Request) -> Response:
        """What another process needs to make an equal clock."""
        return JSONResponse(self._place.clock.to_json())

    async def bucket(self, request: Request) -> Response:
        """The bucket's history."""
        return JSONResponse(self._place.bucket.history(self._place.clock.monotonic()))

    async def forget_bucket(self, request: Request) -> Response:
        """Begin the bucket's history anew."""
        self._place.bucket.forget(self._place.clock.monotonic())
        return Response(status_code=204)

    async def calls(self, request: Request) -> Response:
        """The last calls: path, status, operation, cost."""
        return JSONResponse(list(self._place.calls))

    async def forget_calls(self, request: Request) -> Response:
        """Begin the list of calls anew."""
        self._place.calls.clear()
        return Response(status_code=204)

    async def expect_fault(self, request: Request) -> Response:
        """``{"kind": 429 | "slow" …, "times", "seconds", "path"}``."""
        said = await request.json()
        fault = Fault(said["kind"], said.get("seconds", 0))
        self._place.faults.expect(fault, said.get("times", 1), said.get("path", "/admin/"))
        return Response(status_code=204)

    async def clear_faults(self, request: Request) -> Response:
        """Nothing more goes wrong."""
        self._place.faults.clear()
        return Response(status_code=204)

    async def spoil_bulk(self, request: Request) -> Response:
        """Settings of ``bulk_faults.BulkFaults``."""
        self._place.bulk.faults.change(await request.json())
        return Response(status_code=204)

    async def expire_bulk(self, request: Request) -> Response:
        """A result is gone before its week is over."""
        operation = self._place.bulk.get(request.path_params["number"])
        if operation is None:
            return Response(status_code=404)
        operation.expired = True
        return Response(status_code=204)

    async def mint(self, request: Request) -> Response:
        """A token: ``{"seconds", "scopes", "level", "outdated"}``, all may be left out."""
        said = await request.json()
        token = self._place.app.mint(
            said.get("seconds"),
            scopes=said.get("scopes"),
            level=said.get("level"),
            outdated=said.get("outdated", False),
        )
        return JSONResponse({"token": token.text}, 201)

    async def revoke(self, request: Request) -> Response:
        """A token is worthless from now on."""
        found = self._place.app.revoke(request.path_params["token"])
        return Response(status_code=204 if found else 404)

    async def counts(self, request: Request) -> Response:
        """How many records of each kind."""
        return JSONResponse({kind.value: self._place.shop.count(kind) for kind in Kind})

    async def list(self, request: Request) -> Response:
        """Records by number, after ``?after=NUMBER``, at most ``?limit=``."""
        asked = request.query_params
        page = self._place.shop.page(
            Kind(request.path_params["kind"]),
            after=(int(asked["after"]),) * 2 if "after" in asked else None,  # type: ignore[arg-type]
            limit=min(1000, int(asked.get("limit", 250))),
        )
        return JSONResponse([as_json(record) for record in page])

    async def get(self, request: Request) -> Response:
        """One record."""
        kind, number = _named(request)
        record = self._place.shop.get(kind, number)
        return JSONResponse(as_json(record)) if record else Response(status_code=404)

    async def add(self, request: Request) -> Response:
        """``{"body", "number", "parent", "created_at", "updated_at", "processed_at"}``."""
        said, kind = await request.json(), Kind(request.path_params["kind"])
        body = said.pop("body")
        return JSONResponse(as_json(await self._do(self._place.shop.add, kind, body, **said)), 201)

    async def alter(self, request: Request) -> Response:
        """The fields that change."""
        kind, number = _named(request)
        changes = await request.json()
        return JSONResponse(as_json(await self._do(self._place.shop.alter, kind, number, changes)))

    async def delete(self, request: Request) -> Response:
        """Remove a record and what belongs to it."""
        kind, number = _named(request)
        return JSONResponse(as_json(await self._do(self._place.shop.delete, kind, number)))

    async def _do(self, change: Any, *arguments: Any, **named: Any) -> Record:
        # Listeners may take their time.
        return await asyncio.to_thread(change, *arguments, **named)


def _named(request: Request) -> tuple[Kind, int]:
    return Kind(request.path_params["kind"]), request.path_params["number"]


def as_json(record: Record) -> dict[str, Any]:
    """A record with its times as Shopify writes them."""
    return {
        "id": record.gid,
        "kind": record.kind,
        "number": record.number,
        "parent": record.parent,
        "createdAt": timestamp(record.created_at),
        "updatedAt": timestamp(record.updated_at),
        "processedAt": timestamp(record.processed_at),
        "body": record.body,
    }
