"""An answer is described and never changed."""

import asyncio
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI

from control_plane.answer import Answer, Shown, repeated
from control_plane.router import Router


class NameOut(Answer):
    """A name."""

    name: str
    """As it is written."""
    again: str | None = None


Name = Annotated[dict[str, Any], Shown(NameOut)]
router = Router(prefix="/names")


@router.get("")
def get_names() -> list[Name]:
    """All of them."""
    return [{"name": 7, "more": True}]


@router.post("", status_code=201, responses=repeated(Name))
def post_name() -> Name:
    """One more."""
    return {"name": "kim"}


def make_app():
    app = FastAPI()
    app.include_router(router)
    return app


def ask(path):
    async def get():
        transport = httpx.ASGITransport(make_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://plane") as client:
            return await client.get(path)

    return asyncio.run(get())


@pytest.fixture(scope="module")
def document():
    return make_app().openapi()


def schema_of(document, method, status):
    answer = document["paths"]["/names"][method]["responses"][status]
    return answer["content"]["application/json"]["schema"]


def test_it_is_described_by_its_model(document):
    described = document["components"]["schemas"]["NameOut"]
    assert described["properties"]["name"]["description"] == "As it is written."
    assert described["required"] == ["name"]
    assert described["additionalProperties"] is False
    reference = {"$ref": "#/components/schemas/NameOut"}
    assert schema_of(document, "get", "200")["items"] == reference
    assert schema_of(document, "post", "201") == reference


def test_what_was_there_already_is_described_too(document):
    assert schema_of(document, "post", "200") == {"$ref": "#/components/schemas/NameOut"}


def test_what_does_not_fit_is_answered_as_it_is():
    answer = ask("/names")
    assert answer.status_code == 200
    assert answer.json() == [{"name": 7, "more": True}]
