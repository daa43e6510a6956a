"""A shop in memory that answers as the Admin client does: for faults at an exact moment.

``tests/integration/test_fake_shop.py`` holds it against the stand-in.
"""

import json

from bentos.shopify_admin import document
from bentos.shopify_admin.errors import Refused, ResultExpired, Unavailable
from tests.training.fake_records import FakeRecords, gid, stamp

ROOTS = {
    "bulk_orders": "Order",
    "bulk_customers": "Customer",
    "bulk_products": "Product",
    "bulk_inventory": "InventoryItem",
}
SWEEPS = {
    "BulkOrderIds": "Order",
    "BulkCustomerIds": "Customer",
    "BulkProductIds": "Product",
    "BulkInventoryIds": "InventoryItem",
}


class FakeShop(FakeRecords):
    """``faults``: names of what goes wrong next, taken one by one by whoever looks for theirs.
    ``denied``: part of the bulk queries that the app has no scope for."""

    def __init__(self, seed=1, scopes=("read_orders",)):
        super().__init__(seed)
        self.scopes = scopes
        self.operations = {}
        self.faults = []
        self.denied = "none"
        self.calls = []
        self.shuffled = True

    def execute(self, name, variables=None):
        self.calls.append(name)
        document.load(name)
        if self._fault("kill:" + name):
            raise KeyboardInterrupt
        return getattr(self, "_" + name)(variables or {})

    def download(self, url, offset=0, size=None):
        self.calls.append("download")
        content = self.operations[url]["content"]
        if self._fault("expired-url"):
            raise ResultExpired("gone")
        end = len(content)
        short = self._fault("short")
        if short:
            end = self.chance.randrange(offset, max(offset + 1, end))
        while offset < end:
            step = self.chance.randrange(1, 900)
            yield content[offset : min(end, offset + step)]
            offset += step
        if short:
            raise Unavailable("cut")

    def _fault(self, name):
        if name in self.faults:
            self.faults.remove(name)
            return True
        return False

    def _access_scopes(self, _):
        scopes = [{"handle": scope} for scope in self.scopes]
        return {"currentAppInstallation": {"accessScopes": scopes}}

    def _bulk_start(self, variables):
        if self._fault("broken-before-start"):
            raise Unavailable("broke off", maybe_done=True)
        if self._fault("busy"):
            raise Refused("busy", ["OPERATION_IN_PROGRESS"])
        number = len(self.operations) + 1
        operation = gid("BulkOperation", number)
        self.operations[operation] = {
            "id": operation,
            "status": "CREATED",
            "createdAt": stamp(self.clock.now()),
            "query": variables["query"],
            "content": self.result(variables["query"]),
        }
        if self._fault("kill-after-start"):
            raise KeyboardInterrupt
        if self._fault("broken-after-start"):
            raise Unavailable("broke off", maybe_done=True)
        shown = {k: self.operations[operation][k] for k in ("id", "status", "createdAt")}
        return {"bulkOperationRunQuery": {"bulkOperation": shown, "userErrors": []}}

    def _bulk_running(self, _):
        shown = [
            {k: v for k, v in each.items() if k != "content"} for each in self.operations.values()
        ]
        return {"bulkOperations": {"nodes": shown[::-1]}}

    def _bulk_status(self, variables):
        operation = self.operations[variables["id"]]
        if self._fault("lost"):
            return {"bulkOperation": None}
        shown = {k: operation[k] for k in ("id", "createdAt")}
        for status in ("RUNNING", "CANCELED", "EXPIRED"):
            if self._fault(status):
                return {"bulkOperation": {**shown, "status": status}}
        if self.denied in operation["query"]:
            failed = {"status": "FAILED", "errorCode": "ACCESS_DENIED", "partialDataUrl": None}
            return {"bulkOperation": {**shown, **failed}}
        if self._fault("FAILED"):
            operation["content"] = operation["content"][: len(operation["content"]) // 2]
            failed = {"status": "FAILED", "errorCode": "TIMEOUT", "partialDataUrl": operation["id"]}
            return {"bulkOperation": {**shown, **failed}}
        content = operation["content"]
        done = {
            "status": "COMPLETED",
            "fileSize": str(len(content)) if content else None,
            "url": operation["id"] if content else None,
        }
        return {"bulkOperation": {**shown, **done}}

    def _refund_pages(self, variables):
        found = [
            self.nodes[order] | {"refunds": refunds}
            for order, refunds in self.refunds.items()
            if order in self.nodes
        ]
        found = [node for node in found if within(node, variables["changed"])]
        found.sort(key=lambda node: node["updatedAt"])
        at = int(variables["after"] or 0)
        page = {"hasNextPage": at + 2 < len(found), "endCursor": str(at + 2)}
        return {"orders": {"nodes": found[at : at + 2], "pageInfo": page}}

    def _dispute_pages(self, _):
        page = {"hasNextPage": False, "endCursor": None}
        return {"disputes": {"nodes": self.disputes, "pageInfo": page}}

    def result(self, text):
        """What a bulk operation finds, in any order."""
        kind = next((kind for name, kind in SWEEPS.items() if name in text), None)
        if kind is not None:
            shown = [
                {"id": node["id"], "updatedAt": node["updatedAt"]}
                for node in self.nodes.values()
                if node["id"].startswith(f"gid://shopify/{kind}/")
            ]
        else:
            name = next(n for n in ROOTS if document.load(n).operation in text)
            roots = {
                gid
                for gid, node in self.nodes.items()
                if gid.startswith(f"gid://shopify/{ROOTS[name]}/") and within(node, text)
            }
            shown = [
                node
                for gid, node in self.nodes.items()
                if gid in roots or node.get("__parentId") in roots
            ]
        if self.shuffled:
            self.chance.shuffle(shown)
        return "".join(json.dumps(node) + "\n" for node in shown).encode()


def within(node, text):
    begin = text.partition("updated_at:>='")[2][:20]
    end = text.partition("updated_at:<'")[2][:20]
    return node["updatedAt"] >= begin and (not end or node["updatedAt"] < end)
