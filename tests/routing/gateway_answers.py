"""One gateway as a process of its own: takes revision after revision of the routes document and
says, after each that is asked for, where every key goes.

    python -m tests.routing.gateway_answers HOME < {"keys": […], "countries": […], "steps":
        [{"buckets": …, "condition": …, "asked": true}, …]}
"""

import asyncio
import json
import sys
from pathlib import Path

from bentos.contract.documents import DocumentName
from gateway.app import App
from gateway.config import GatewayConfig
from tests.gateway.installation import Gateway, route
from tests.gateway.publisher import Publisher


async def answers(home: Path, asked) -> list[list[list]]:
    publisher = Publisher(home)
    app = App(GatewayConfig(home=home, control_plane_url="http://127.0.0.1:9"), "g.0", "boot")
    app._start()
    gateway = Gateway(app, publisher, None)
    gateway.publish_all({}, route())
    found = []
    for step in asked["steps"]:
        gateway.publish(DocumentName.ROUTES, route(step["buckets"], condition=step["condition"]))
        said = [
            _assign(gateway, *each) for each in zip(asked["keys"], asked["countries"], strict=True)
        ]
        if step["asked"]:
            found.append(said)
    await app._stop()
    return found


def _assign(gateway: Gateway, key: str, country: str) -> list:
    got = gateway.serving.snapshot.routes.assign("fraud", key, {"country": country}, None)
    return [got.version, got.variant, got.release_id, got.step, got.bucket]


if __name__ == "__main__":
    json.dump(asyncio.run(answers(Path(sys.argv[1]), json.load(sys.stdin))), sys.stdout)
