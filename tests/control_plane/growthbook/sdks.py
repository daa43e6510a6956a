"""GrowthBook's own SDKs as followers of a running control plane, over its stream."""

import asyncio
import json
import subprocess
import time

from growthbook.common_types import FeatureRefreshStrategy, Options, UserContext
from growthbook.growthbook_client import GrowthBookClient

from bentos.contract.route import feature_key
from tests.routing import javascript_sdk


class PythonSdk:
    """``GrowthBookClient`` on server-sent events, in a loop of its own."""

    def __init__(self, url, key, model, users):
        self.feature, self.users = feature_key(model), users
        self.runner = asyncio.Runner()
        options = Options(
            api_host=url,
            client_key=key,
            refresh_strategy=FeatureRefreshStrategy.SERVER_SENT_EVENTS,
        )
        self.client = GrowthBookClient(options)
        assert self.runner.run(self.client.initialize())

    async def _answer(self, user):
        result = await self.client.eval_feature(self.feature, UserContext(attributes=user))
        experiment = result.experimentResult
        return [result.value["serve"], experiment.name if experiment else None]

    async def _answers(self, step):
        end = time.monotonic() + 20
        while await self._answer(step["user"]) != [step["serve"], step["name"]]:
            assert time.monotonic() < end, f"never served {step}"
            await asyncio.sleep(0.01)
        return [await self._answer(user) for user in self.users]

    def answers(self, step):
        return self.runner.run(self._answers(step))

    def close(self):
        # Its own way waits ten seconds for an answer of a loop that has ended.
        self.client._features_repository.stopAutoRefresh(timeout=0.2)
        self.runner.run(self.client.close())
        self.runner.close()


class JavascriptSdk:
    """``GrowthBookClient`` of @growthbook/growthbook under Node, streaming."""

    def __init__(self, url, key, model, users):
        self.process = subprocess.Popen(
            [javascript_sdk.node(), "follow.mjs"],
            cwd=javascript_sdk.FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._say({"url": url, "key": key, "feature": feature_key(model), "users": users})

    def _say(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def answers(self, step):
        self._say(step)
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait(60) == 0
