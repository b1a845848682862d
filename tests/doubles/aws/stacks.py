"""CloudFormation: change sets that are computed, stacks that move through time, and failures as AWS tells them.

Templates are JSON: `Parameters` and `Resources`, whose properties are resolved as `tests.doubles.aws.properties` says.
What becomes of a service of ECS, and of its task definition, happens in the double of ECS, where there is one.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.doubles.aws.objects import Objects
from tests.doubles.aws.properties import resolved
from tests.doubles.aws.server import ACCOUNT, REGION, Identity, Server
from tests.doubles.aws.tasks import Tasks
from tests.doubles.aws.wire import Asked, Refusal

NOTHING = "The submitted information didn't contain changes. Submit different information to create a change set."
_STACK, _SERVICE, _DEFINITION = "AWS::CloudFormation::Stack", "AWS::ECS::Service", "AWS::ECS::TaskDefinition"
_IN_A_CALL, _IN_S3 = 51_200, 1_000_000


@dataclass
class ChangeSet:
    name: str
    id: str
    token: str
    kind: str
    body: dict[str, Any]
    parameters: dict[str, str]
    changes: list[dict[str, Any]]
    made_at: datetime
    ready_at: datetime
    execution: str = "AVAILABLE"


@dataclass
class Stack:
    name: str
    id: str
    made_at: datetime
    body: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    change_set: str = ""
    sets: dict[str, ChangeSet] = field(default_factory=dict)
    line: list[tuple[datetime, str, dict[str, Any]]] = field(default_factory=list)
    """What happens when: a status of the stack (empty: as before), and an event."""
    before: tuple[dict[str, Any], dict[str, str], dict[str, str]] = field(default_factory=lambda: ({}, {}, {}))
    physical: dict[str, str] = field(default_factory=dict)
    """Logical name of a task definition -> the revision that is the stack's."""
    effects: list[tuple[datetime, Callable[[], None]]] = field(default_factory=list)
    """What happens in ECS, and when."""


class Stacks:
    """`takes` seconds per resource, `computes` per change set; `failing`: logical name -> why.

    `replacing`: what needs a new resource.
    """

    def __init__(self, server: Server, objects: Objects | None = None) -> None:
        self._clock = server.clock
        self.objects = objects
        """Where larger templates are."""
        self.known: dict[str, Stack] = {}
        self.takes = 4.0
        self.computes = 5.0
        self.late = 0.0
        """Seconds after which an event shows itself."""
        self.page = 100
        """Events in one answer."""
        self.failing: dict[str, str] = {}
        self.replacing: set[str] = {"RepositoryName"}
        self.stuck = False
        self.refusing = ""
        self.executed: list[str] = []
        self.tasks: Tasks | None = None
        """The ECS in which task definitions are registered and services updated; none: nothing of it happens."""
        self.once_ready: list[Callable[[], None]] = []
        """What happens as soon as somebody has seen that a change set is computed."""
        self.server = server
        server.handlers |= {
            ("cloudformation", name): handler
            for name, handler in {
                "GetTemplateSummary": self._summary,
                "CreateChangeSet": self._create,
                "DescribeChangeSet": self._describe_set,
                "ListChangeSets": self._list_sets,
                "DeleteChangeSet": self._delete_set,
                "ExecuteChangeSet": self._execute,
                "DescribeStacks": self._describe,
                "DescribeStackEvents": self._events,
                "CancelUpdateStack": self._cancel,
                "DeleteStack": self._delete,
            }.items()
        }

    def status(self, name: str) -> str:
        stack = self.known[name]
        now = self._clock.now()
        statuses = [status for at, status, _ in stack.line if status and at <= now]
        return statuses[-1] if statuses else "REVIEW_IN_PROGRESS"

    def resources(self, name: str) -> dict[str, Any]:
        return dict(self.known[name].body.get("Resources", {}))

    def _summary(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        body = _template(self._text(asked))
        declared = body.get("Parameters", {})
        named = [r for r in body["Resources"].values() if r["Type"].startswith("AWS::IAM::")]
        needs = {
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "CapabilitiesReason": "The following resource(s) require capabilities: [AWS::IAM::Role]",
        }
        return {
            "Parameters": [{"ParameterKey": n, "ParameterType": each["Type"]} for n, each in declared.items()],
            **(needs if named else {}),
        }

    def _text(self, asked: Asked) -> str:
        """Give the template: of the call, or from S3."""
        if "TemplateBody" in asked.given:
            return _limited(asked.given["TemplateBody"], "templateBody", _IN_A_CALL)
        path = asked.given["TemplateURL"].removeprefix(f"{self.server.url}/")
        bucket, _, key = path.partition("/")
        content = self.objects.kept.get(bucket, {}).get(key) if self.objects else None
        if content is None:
            raise Refusal("ValidationError", "S3 error: The specified key does not exist.")
        return _limited(content.decode(), "templateURL", _IN_S3)

    def _create(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        given, kind = asked.given, asked.given["ChangeSetType"]
        stack = self.known.get(given["StackName"])
        fresh = stack is None or self.status(stack.name) == "REVIEW_IN_PROGRESS"
        if kind == "UPDATE" and fresh:
            raise Refusal("ValidationError", f"Stack [{given['StackName']}] does not exist")
        if kind == "CREATE" and not fresh:
            raise Refusal("ValidationError", f"Stack [{given['StackName']}] already exists and cannot be created again")
        if stack is None:
            arn = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{given['StackName']}/{uuid.uuid4()}"
            stack = self.known[given["StackName"]] = Stack(given["StackName"], arn, self._clock.now())
        if given["ChangeSetName"] in stack.sets:
            there = stack.sets[given["ChangeSetName"]]
            if there.token != given["ClientToken"]:
                raise Refusal("AlreadyExistsException", f"ChangeSet {given['ChangeSetName']} already exists")
            return {"Id": there.id, "StackId": stack.id}
        body = _template(self._text(asked))
        values = _values(body, given.get("Parameters", []), stack.parameters)
        made = ChangeSet(
            name=given["ChangeSetName"],
            id=f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/{given['ChangeSetName']}/{uuid.uuid4()}",
            token=given["ClientToken"],
            kind=kind,
            body=body,
            parameters=values,
            changes=self._difference(stack, body, values),
            made_at=self._clock.now(),
            ready_at=self._clock.now() + timedelta(seconds=self.computes),
        )
        stack.sets[made.name] = made
        return {"Id": made.id, "StackId": stack.id}

    def _difference(self, stack: Stack, body: Mapping[str, Any], values: Mapping[str, str]) -> list[dict[str, Any]]:
        old, new = self._resolved(stack, stack.body, stack.parameters), self._resolved(stack, body, values)
        changed = {name for name in new if old.get(name) != new[name]}
        new = self._resolved(stack, body, values, changed)  # what refers to one of them changes too
        changes = []
        for name in sorted({*old, *new}):
            kind = (new.get(name) or old[name])["Type"]
            change: dict[str, Any] = {"LogicalResourceId": name, "ResourceType": kind}
            if name not in old:
                changes.append({**change, "Action": "Add"})
            elif name not in new:
                changes.append({**change, "Action": "Remove", "PolicyAction": "Delete"})
            elif old[name] != new[name]:
                changes.append({**change, **self._modified(old[name], new[name])})
        return changes

    def _resolved(
        self, stack: Stack, body: Mapping[str, Any], values: Mapping[str, str], changing: set[str] | None = None
    ) -> dict[str, dict[str, Any]]:
        """Give the resources; what is `changing` is not known by the name that it has now."""
        known = {name: each for name, each in stack.physical.items() if name not in (changing or ())}
        return {
            name: {**each, "Properties": resolved(each.get("Properties", {}), body, {**known, **values})}
            for name, each in body.get("Resources", {}).items()
        }

    def _modified(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
        before, after = old.get("Properties", {}), new.get("Properties", {})
        names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
        details = [
            {
                "Target": {
                    "Attribute": "Properties",
                    "Name": name,
                    "RequiresRecreation": "Always" if name in self.replacing else "Never",
                    "BeforeValue": str(before.get(name)),
                    "AfterValue": str(after.get(name)),
                },
                "Evaluation": "Static",
                "ChangeSource": "DirectModification",
            }
            for name in names
        ]
        replaced = "True" if self.replacing & set(names) else "False"
        return {"Action": "Modify", "Replacement": replaced, "Scope": ["Properties"], "Details": details}

    def _describe_set(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        stack, found = self._set(asked)
        ready = self._clock.now() >= found.ready_at
        reason = self.refusing or ("" if found.changes else NOTHING)
        while ready and self.once_ready:
            self.once_ready.pop()()
        first = asked.given.get("NextToken") is None
        pages = {"NextToken": "2"} if first and len(found.changes) > 2 else {}
        changes = (
            found.changes
            if not ready or len(found.changes) <= 2
            else (found.changes[:2] if first else found.changes[2:])
        )
        return {
            "ChangeSetName": found.name,
            "ChangeSetId": found.id,
            "StackId": stack.id,
            "StackName": stack.name,
            "CreationTime": found.made_at,
            "Status": ("FAILED" if reason else "CREATE_COMPLETE") if ready else "CREATE_IN_PROGRESS",
            "ExecutionStatus": found.execution if ready and not reason else "UNAVAILABLE",
            **({"StatusReason": reason} if ready and reason else {}),
            "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in sorted(found.parameters.items())],
            "Changes": [{"Type": "Resource", "ResourceChange": each} for each in changes] if ready else [],
            **(pages if ready else {}),
        }

    def _list_sets(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        """Give one to a page: AWS gives a hundred."""
        stack, at = self._stack(asked), int(asked.given.get("NextToken", "0"))
        summaries = [
            {
                "StackName": stack.name,
                "ChangeSetId": each.id,
                "ChangeSetName": each.name,
                "Status": "CREATE_COMPLETE",
            }
            for each in stack.sets.values()
        ]
        more = {"NextToken": str(at + 1)} if at + 1 < len(summaries) else {}
        return {"Summaries": summaries[at : at + 1], **more}

    def _delete_set(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        stack, found = self._set(asked)
        del stack.sets[found.name]
        return {}

    def _execute(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        stack, found = self._set(asked)
        if found.execution != "AVAILABLE" or not found.changes:
            raise Refusal("InvalidChangeSetStatus", f"ChangeSet [{found.id}] cannot be executed in its current status")
        self.execute(stack, found, asked.given["ClientRequestToken"])
        return {}

    def execute(self, stack: Stack, found: ChangeSet, token: str) -> None:
        """Execute a change set, as anybody may."""
        self.executed.append(found.id)
        stack.before = (stack.body, stack.parameters, dict(stack.physical))
        stack.body, stack.parameters, stack.change_set = found.body, found.parameters, found.id
        stack.sets = {found.name: found}
        found.execution = "EXECUTE_COMPLETE"
        self._schedule(stack, found, token)

    def _schedule(self, stack: Stack, found: ChangeSet, token: str) -> None:
        verb = found.kind
        at = self._clock.now()
        self._event(stack, at, f"{verb}_IN_PROGRESS", stack.name, _STACK, "User Initiated", token, of_stack=True)
        for change in found.changes:
            name, kind = change["LogicalResourceId"], change["ResourceType"]
            doing = {"Add": "CREATE", "Remove": "DELETE"}.get(change["Action"], "UPDATE")
            self._event(stack, at, f"{doing}_IN_PROGRESS", name, kind, "", token)
            self._does(stack, name, kind, at)
            at += timedelta(seconds=self.takes)
            if name in self.failing:
                self._event(stack, at, f"{doing}_FAILED", name, kind, self.failing[name], token)
                for other in found.changes[found.changes.index(change) + 1 :]:
                    self._event(
                        stack,
                        at,
                        f"{doing}_FAILED",
                        other["LogicalResourceId"],
                        other["ResourceType"],
                        "Resource creation cancelled",
                        token,
                    )
                self._back(stack, at, verb, token)
                return
            self._event(stack, at, f"{doing}_COMPLETE", name, kind, "", token)
        self._event(stack, at, f"{verb}_COMPLETE", stack.name, _STACK, "", token, of_stack=True)

    def _back(self, stack: Stack, at: datetime, verb: str, token: str) -> None:
        prefix = "UPDATE_ROLLBACK" if verb == "UPDATE" else "ROLLBACK"
        self._event(
            stack,
            at,
            f"{prefix}_IN_PROGRESS",
            stack.name,
            _STACK,
            "The following resource(s) failed",
            token,
            of_stack=True,
        )
        end = "FAILED" if self.stuck else "COMPLETE"
        later = at + timedelta(seconds=self.takes)
        told = [event for _, _, event in stack.line]
        begun = max(n for n, each in enumerate(told) if each.get("ResourceStatusReason") == "User Initiated")
        touched = {event["LogicalResourceId"] for event in told[begun:]}
        stack.body, stack.parameters, stack.physical = stack.before
        stack.effects = [each for each in stack.effects if each[0] <= at]
        for name, each in stack.body.get("Resources", {}).items():
            if each["Type"] == _SERVICE and name in touched:
                self._event(stack, at, "UPDATE_IN_PROGRESS", name, _SERVICE, "", token)
                self._does(stack, name, _SERVICE, at)
        self._event(stack, later, f"{prefix}_{end}", stack.name, _STACK, "", token, of_stack=True)

    def _event(
        self,
        stack: Stack,
        at: datetime,
        status: str,
        name: str,
        kind: str,
        reason: str,
        token: str,
        *,
        of_stack: bool = False,
    ) -> None:
        event: dict[str, Any] = {
            "StackId": stack.id,
            "EventId": str(uuid.uuid4()),
            "StackName": stack.name,
            "LogicalResourceId": name,
            "ResourceType": kind,
            "Timestamp": at,
            "ResourceStatus": status,
            "ClientRequestToken": token,
            **({"ResourceStatusReason": reason} if reason else {}),
            **({"PhysicalResourceId": stack.physical[name]} if name in stack.physical else {}),
        }
        stack.line.append((at, status if of_stack else "", event))

    def _does(self, stack: Stack, name: str, kind: str, at: datetime) -> None:
        """Have done what a change of a resource does in ECS; a service is updated when its turn comes."""
        if self.tasks is None or kind not in (_SERVICE, _DEFINITION) or name not in stack.body["Resources"]:
            return
        properties = self._resolved(stack, stack.body, stack.parameters)[name]["Properties"]
        if kind == _DEFINITION:
            containers = [{"name": c["Name"], "image": c["Image"]} for c in properties["ContainerDefinitions"]]
            stack.physical[name] = self.tasks.define(properties["Family"], containers, cpu=properties["Cpu"])
            return
        tasks = self.tasks
        stack.effects.append(
            (at, lambda: tasks.updated("web", properties["ServiceName"], properties["TaskDefinition"]))
        )

    def _describe(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        stack = self._stack(asked)
        declared = stack.body.get("Outputs", {})
        return {
            "Stacks": [
                {
                    "StackId": stack.id,
                    "StackName": stack.name,
                    "CreationTime": stack.made_at,
                    "StackStatus": self.status(stack.name),
                    "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in stack.parameters.items()],
                    "Outputs": [{"OutputKey": k, "OutputValue": each["Value"]} for k, each in declared.items()],
                    **({"ChangeSetId": stack.change_set} if stack.change_set else {}),
                }
            ]
        }

    def _events(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        stack, now = self._stack(asked), self._clock.now() - timedelta(seconds=self.late)
        known = [event for at, _, event in reversed(stack.line) if at <= now]
        begin = int(asked.given.get("NextToken", "0"))
        end = begin + self.page
        return {"StackEvents": known[begin:end], **({"NextToken": str(end)} if end < len(known) else {})}

    def _cancel(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        stack, now = self._stack(asked), self._clock.now()
        if self.status(stack.name) != "UPDATE_IN_PROGRESS":
            raise Refusal(
                "ValidationError",
                f"CancelUpdateStack cannot be called from current stack status {self.status(stack.name)}",
            )
        stack.line = [entry for entry in stack.line if entry[0] <= now]
        self._back(stack, now, "UPDATE", asked.given["ClientRequestToken"])
        return {}

    def _delete(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        named = asked.given["StackName"]
        self.known = {name: each for name, each in self.known.items() if named not in (name, each.id)}
        return {}

    def _stack(self, asked: Asked) -> Stack:
        named = asked.given["StackName"]
        for stack in self.known.values():
            if named in (stack.name, stack.id):
                while stack.effects and stack.effects[0][0] <= self._clock.now():
                    stack.effects.pop(0)[1]()
                return stack
        raise Refusal("ValidationError", f"Stack with id {named} does not exist")

    def _set(self, asked: Asked) -> tuple[Stack, ChangeSet]:
        stack, named = self._stack(asked), asked.given["ChangeSetName"]
        for found in stack.sets.values():
            over = found.execution == "EXECUTE_COMPLETE" and not self.status(stack.name).endswith("_IN_PROGRESS")
            if named in (found.name, found.id) and not over:
                return stack, found
        raise Refusal("ChangeSetNotFound", f"ChangeSet [{named}] does not exist", 404)


def _limited(text: str, name: str, most: int) -> str:
    if len(text.encode()) > most:
        why = f"failed to satisfy constraint: Member must have length less than or equal to {most}"
        raise Refusal("ValidationError", f"1 validation error detected: Value at '{name}' {why}")
    return text


def _template(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise Refusal("ValidationError", f"Template format error: JSON not well-formed. {error}") from error
    if "Resources" not in body:
        raise Refusal("ValidationError", "Template format error: At least one Resources member must be defined.")
    return dict(body)


def _values(body: Mapping[str, Any], given: list[dict[str, Any]], before: Mapping[str, str]) -> dict[str, str]:
    said = {
        each["ParameterKey"]: before[each["ParameterKey"]] if each.get("UsePreviousValue") else each["ParameterValue"]
        for each in given
    }
    values = {}
    for name, each in body.get("Parameters", {}).items():
        if name not in said and "Default" not in each:
            raise Refusal("ValidationError", f"Parameters: [{name}] must have values")
        values[name] = said.get(name, each.get("Default", ""))
    return values
