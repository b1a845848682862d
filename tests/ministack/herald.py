"""Sends the ends of deployments to a queue, as EventBridge does in AWS: ministack has SQS, and no events of ECS."""

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

from tests.ministack.cluster import Cluster

_ENDS = {"COMPLETED": "SERVICE_DEPLOYMENT_COMPLETED", "FAILED": "SERVICE_DEPLOYMENT_FAILED"}


@contextlib.contextmanager
def heralding(cluster: Cluster, *services: str, queue_name: str = "ecs-events") -> Iterator[str]:
    """Give the URL of a queue that hears of these services; it is made if it is not there."""
    queue = cluster.emulator.client("sqs")
    if not queue.list_queues(QueueNamePrefix=queue_name).get("QueueUrls"):
        queue.create_queue(QueueName=queue_name)
    url = str(queue.get_queue_url(QueueName=queue_name)["QueueUrl"])
    url = f"{cluster.emulator.url}/{url.split('/', 3)[3]}"  # it names a host of its own choice
    over = threading.Event()

    def watch() -> None:
        under_way: set[str] = set()
        while not over.wait(0.2):
            for found in map(cluster.service, services):
                say(found, under_way)

    def say(found: dict[str, Any], under_way: set[str]) -> None:
        for each in found["deployments"]:
            if each["rolloutState"] == "IN_PROGRESS":
                under_way.add(each["id"])
            elif each["id"] in under_way:
                under_way.discard(each["id"])
                detail = {"eventName": _ENDS[each["rolloutState"]], "deploymentId": each["id"]}
                event = {"source": "aws.ecs", "resources": [found["serviceArn"]], "detail": detail}
                queue.send_message(QueueUrl=url, MessageBody=json.dumps(event))

    thread = threading.Thread(target=watch, name="herald")
    thread.start()
    try:
        yield url
    finally:
        over.set()
        thread.join()
