"""Errors in Shopify's words and shapes."""

from typing import Any

from graphql import GraphQLError

LIMITS = "https://shopify.dev/api/usage/rate-limits"
SCOPES = "https://shopify.dev/api/usage/access-scopes"
BAD_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"
OUTDATED_TOKEN = (
    "[API] Non-expiring access tokens are no longer accepted for the Admin API. Start using "
    "expiring offline tokens: https://shopify.dev/docs/apps/build/authentication-authorization/"
    "access-tokens/offline-access-tokens"
)
PARTNERS = "See https://partners.shopify.com/123/apps/456/customer_data for more details."
TOO_DEAR = """Query cost is {cost}, which exceeds the single query max cost limit ({limit}).

See https://shopify.dev/concepts/about-apis/rate-limits for more information on how the
cost of a query is calculated.

To query larger amounts of data with fewer limits, bulk operations should be used instead.
See https://shopify.dev/tutorials/perform-bulk-operations-with-admin-api for usage details.
"""


class Refusal(GraphQLError):
    """The whole request is refused: one error, no data."""


def throttled() -> dict[str, Any]:
    """The bucket holds too little."""
    return {
        "message": "Throttled",
        "extensions": {"code": "THROTTLED", "documentation": LIMITS},
    }


def too_expensive(cost: int, limit: int) -> dict[str, Any]:
    """No bucket would hold so much for one query."""
    return {
        "message": TOO_DEAR.format(cost=cost, limit=limit),
        "extensions": {
            "code": "MAX_COST_EXCEEDED",
            "cost": cost,
            "maxCost": limit,
            "documentation": "https://shopify.dev/api/usage/limits#rate-limits",
        },
    }


def access_denied(field: str, required: str) -> GraphQLError:
    """A scope is missing."""
    text = f"Access denied for {field} field. Required access: {required}"
    extensions = {"code": "ACCESS_DENIED", "documentation": SCOPES, "requiredAccess": required}
    return GraphQLError(text, extensions=extensions)


def unapproved_object(kind: str) -> GraphQLError:
    """The app has no approval for protected customer data at all."""
    return GraphQLError(f"This app is not approved to access the {kind} object. {PARTNERS}")


def unapproved_field(field: str) -> GraphQLError:
    """The app has no approval for this field."""
    return GraphQLError(f"This app is not approved to use the {field} field. {PARTNERS}")


def too_large(size: int, limit: int, path: list[str]) -> Refusal:
    """A list of an input, or a page, is too long."""
    return Refusal(
        f"The input array size of {size} is greater than the maximum allowed of {limit}.",
        path=list(path),
        extensions={"code": "MAX_INPUT_SIZE_EXCEEDED"},
    )


def bad_request(text: str) -> GraphQLError:
    """An argument that the schema lets pass and Shopify does not."""
    return GraphQLError(text, extensions={"code": "BAD_REQUEST"})


def not_found(gid: str) -> GraphQLError:
    """An id of another kind."""
    return GraphQLError(f"Invalid id: {gid}", extensions={"code": "RESOURCE_NOT_FOUND"})
