"""What an app may change: assessments, prices, opt-outs."""

from typing import Any

from tests.stand_in.shopify.asking import Asking
from tests.stand_in.shopify.fields import plays
from tests.stand_in.shopify.records import Kind, Record
from tests.stand_in.shopify.rules import app, visible
from tests.stand_in.shopify.shop import Condition

MAX_FACTS = 20
ADVICE = {"HIGH": "CANCEL", "MEDIUM": "INVESTIGATE", "LOW": "ACCEPT"}
WORST = ("HIGH", "MEDIUM", "PENDING", "LOW", "NONE")


def user_error(field: list[str] | None, message: str, code: str | None = None) -> dict[str, Any]:
    """A business error: HTTP 200, no GraphQL error."""
    return {"field": field, "message": message, "code": code}


@plays("Mutation", "orderRiskAssessmentCreate")
def assess(asking: Asking, *_: Any, **said: Any) -> Any:
    """An app's assessment of an order; a second one of the same app replaces the first."""
    asked = said["orderRiskAssessmentInput"]
    order, facts = visible(asking, Kind.ORDER, asked["orderId"]), asked.get("facts") or []
    where = ["orderRiskAssessmentInput"]
    if order is None:
        error = user_error([*where, "orderId"], "The order could not be found.", "NOT_FOUND")
    elif len(facts) > MAX_FACTS:
        text = f"Too many facts were provided for the risk assessment. The limit is {MAX_FACTS}."
        error = user_error([*where, "facts"], text, "TOO_MANY_FACTS")
    elif order.body.get("displayFulfillmentStatus") == "FULFILLED":
        text = "The order is already marked as fulfilled."
        error = user_error([*where, "orderId"], text, "ORDER_ALREADY_FULFILLED")
    else:
        assessment = {"riskLevel": asked["riskLevel"], "provider": app(asking), "facts": facts}
        _note(asking, order, assessment)
        return {"orderRiskAssessment": assessment, "userErrors": []}
    return {"orderRiskAssessment": None, "userErrors": [error]}


def _note(asking: Asking, order: Record, assessment: dict[str, Any]) -> None:
    held = (order.body.get("risk") or {}).get("assessments") or []
    others = [each for each in held if (each["provider"] or {}).get("id") != app(asking)["id"]]
    all_of_them = [*others, assessment]
    worst = min((each["riskLevel"] for each in all_of_them), key=WORST.index)
    risk = {"recommendation": ADVICE.get(worst, "NONE"), "assessments": all_of_them}
    asking.place.shop.alter(Kind.ORDER, order.number, {"risk": risk})


@plays("Mutation", "productVariantsBulkUpdate")
def reprice(asking: Asking, *_: Any, **said: Any) -> Any:
    """Prices of one product's variants: all, or with allowPartialUpdates those that are there."""
    product = visible(asking, Kind.PRODUCT, said["productId"])
    if product is None:
        missing = user_error(["productId"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
        return {"product": None, "productVariants": None, "userErrors": [missing]}
    errors, wanted = [], []
    for place, asked in enumerate(said["variants"]):
        variant = visible(asking, Kind.VARIANT, asked.get("id") or "")
        if variant is None or variant.parent != product.number:
            field = ["variants", str(place), "id"]
            text, code = "Product variant does not exist", "PRODUCT_VARIANT_DOES_NOT_EXIST"
            errors.append(user_error(field, text, code))
        elif float(asked.get("price") or 0) < 0:
            text = "Price must be greater than or equal to 0"
            errors.append(
                user_error(["variants", str(place), "price"], text, "GREATER_THAN_OR_EQUAL_TO")
            )
        else:
            prices = {name: asked[name] for name in ("price", "compareAtPrice") if name in asked}
            wanted.append((variant.number, prices))
    if errors and not said.get("allowPartialUpdates"):
        return {"product": product, "productVariants": None, "userErrors": errors}
    changed = [asking.place.shop.alter(Kind.VARIANT, *each) for each in wanted]
    if changed:
        asking.place.shop.alter(Kind.PRODUCT, product.number, {})
    return {"product": product, "productVariants": changed, "userErrors": errors}


@plays("Mutation", "dataSaleOptOut")
def opt_out(asking: Asking, *_: Any, **said: Any) -> Any:
    """A customer's data may not be sold or shared."""
    where = Condition("lower(json_extract(body, '$.email')) = lower(?)", (said["email"],))
    found = asking.place.shop.page(Kind.CUSTOMER, where, limit=1)
    if found:
        customer = asking.place.shop.alter(Kind.CUSTOMER, found[0].number, {"dataSaleOptOut": True})
    else:
        body = {"email": said["email"], "dataSaleOptOut": True}
        customer = asking.place.shop.add(Kind.CUSTOMER, body)
    return {"customerId": customer.gid, "userErrors": []}
