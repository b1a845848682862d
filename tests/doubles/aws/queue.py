"""SQS with the events of ECS: a queue that is asked by long polling, as EventBridge fills it."""

import asyncio
import itertools
import json
from typing import Any

from tests.doubles.aws.definitions import ECS
from tests.doubles.aws.server import ACCOUNT, REGION, Identity, Server
from tests.doubles.aws.tasks import Tasks
from tests.doubles.aws.wire import Asked, Refusal


class Queue:
    """At `url`. Deployments that end are said here once; `said` takes any other text."""

    def __init__(self, server: Server, tasks: Tasks) -> None:
        self._clock = server.clock
        self._tasks = tasks
        self._number = itertools.count(1)
        self.url = f"{server.url}/{ACCOUNT}/estiva-ecs"
        self._told: set[str] = {each.id for service in tasks.services.values() for each in service.deployments}
        self._waiting: dict[str, str] = {}
        self.without_receipts = False
        """Messages are given as no SQS gives them."""
        server.longer["sqs", "ReceiveMessage"] = self._receive
        server.handlers["sqs", "DeleteMessageBatch"] = self._delete

    def say(self, body: str) -> None:
        self._waiting[f"receipt-{next(self._number)}"] = body

    async def _receive(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        self._check(asked)
        wait = asked.given.get("WaitTimeSeconds", 0)
        if not 0 <= wait <= 20:
            raise Refusal("InvalidParameterValue", "WaitTimeSeconds must be between 0 and 20.")
        until = asyncio.get_running_loop().time() + wait / self._clock.speed
        while not self._waiting and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.005)
            self._hear()
        given = [*self._waiting.items()][: asked.given.get("MaxNumberOfMessages", 1)]
        messages = [{"MessageId": receipt, "ReceiptHandle": receipt, "Body": body} for receipt, body in given]
        for message in messages if self.without_receipts else ():
            del message["ReceiptHandle"]
        return {"Messages": messages} if messages else {}

    def _delete(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        self._check(asked)
        for each in asked.given["Entries"]:
            self._waiting.pop(each["ReceiptHandle"], None)
        return {"Successful": [{"Id": each["Id"]} for each in asked.given["Entries"]], "Failed": []}

    def _check(self, asked: Asked) -> None:
        if asked.given["QueueUrl"] != self.url:
            raise Refusal("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")

    def _hear(self) -> None:
        """Say of each deployment once that it is over, and of each pause that it waits, as the rule lets through."""
        for service in self._tasks.services.values():
            self._tasks.move(service)
            for each in service.deployments:
                for hook in each.staged.hooks if each.staged else ():
                    if hook["status"] == "AWAITING_ACTION":
                        detail = {"eventName": "HOOK_AWAITING_ACTION", "hookId": hook["hookId"]}
                        self._event(hook["hookId"], "ECS Hook State Change", each.arn, detail)
                if each.rollout != "IN_PROGRESS":
                    detail = {"eventName": f"SERVICE_DEPLOYMENT_{each.rollout}", "deploymentId": each.id}
                    arn = f"{ECS}:service/{service.cluster}/{service.name}"
                    self._event(each.id, "ECS Deployment State Change", arn, detail)

    def _event(self, what: str, kind: str, arn: str, detail: dict[str, str]) -> None:
        if what in self._told:
            return
        self._told.add(what)
        event = {"source": "aws.ecs", "detail-type": kind, "account": ACCOUNT, "region": REGION}
        self.say(json.dumps({**event, "resources": [arn], "detail": detail}))
