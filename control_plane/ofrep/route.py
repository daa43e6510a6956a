"""Answers of OFREP's routes when something is wrong with us or with the request's frame.

The protocol has words of its own for what goes wrong (``errorCode``, ``errorDetails``); its
clients cannot read the problem documents of the rest of the API.
"""

from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from bentos.contract.errors import ContractError
from control_plane.errors import MalformedError, TooLargeError, UnavailableError
from control_plane.router import Route

log = structlog.get_logger(__name__)
ANYWHERE = {"Access-Control-Allow-Origin": "*"}
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class OfrepRoute(Route):
    """A route whose errors are OFREP's."""

    def get_route_handler(self) -> Handler:
        """The handler, with an answer for whatever it raises."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await handle(request)
            except (ContractError, MalformedError) as error:
                return _refused(request, "PARSE_ERROR", str(error))
            except RequestValidationError as error:
                found = error.errors()[0]
                details = f"{found['loc'][-1]}: {found['msg']}"
                return _refused(request, "PARSE_ERROR", details)
            except TooLargeError as error:
                return _refused(request, "INVALID_CONTEXT", error.detail)
            except UnavailableError as error:
                headers = {"Retry-After": str(error.retry_after_s), **ANYWHERE}
                return JSONResponse({"errorDetails": error.detail}, error.status, headers)
            except Exception:
                log.exception("an OFREP request failed", path=self.path)
                details = "the control plane failed; its log says why"
                return JSONResponse({"errorDetails": details}, 500, ANYWHERE)

        return handler


def _refused(request: Request, code: str, details: str) -> Response:
    key = request.path_params.get("key")
    named = {} if key is None else {"key": key}
    body = {**named, "errorCode": code, "errorDetails": details}
    return JSONResponse(body, 400, ANYWHERE)
