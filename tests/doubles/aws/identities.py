"""STS and IAM: who one is, whom one may become, and what a role may do."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.doubles.aws import policies
from tests.doubles.aws.server import ACCOUNT, Identity, Server
from tests.doubles.aws.wire import Asked, Refusal


class Identities:
    """Roles that may be assumed: ARN -> the external id that its trust policy asks for, if any."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.trusted: dict[str, str | None] = {}
        self.roles: set[str] = {"estiva-tasks", "estiva-execution"}
        self.policies: dict[str, list[policies.Document]] = {}
        """ARN of a role -> the policies that it has, where a test says them."""
        self.account_of_sts = ACCOUNT
        self.lifetime = timedelta(hours=1)
        server.handlers |= {
            ("sts", "GetCallerIdentity"): self._who,
            ("sts", "AssumeRole"): self._assume,
            ("iam", "GetRole"): self._role,
            ("iam", "SimulatePrincipalPolicy"): self._simulate,
        }

    def _who(self, _asked: Asked, who: Identity) -> dict[str, Any]:
        return {"UserId": "AIDA", "Account": who.account, "Arn": who.arn}

    def _assume(self, asked: Asked, who: Identity) -> dict[str, Any]:
        arn, name = asked.given["RoleArn"], asked.given["RoleSessionName"]
        if arn not in self.trusted or self.trusted[arn] != asked.given.get("ExternalId"):
            text = f"User: {who.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
            raise Refusal("AccessDenied", text, 403)
        key = f"ASIA{len(self._server.keys):016d}"
        account, role = arn.split(":")[4], arn.rpartition("/")[2]
        session = f"arn:aws:sts::{account}:assumed-role/{role}/{name}"
        tags = {tag["Key"]: tag["Value"] for tag in asked.given.get("Tags", [])}
        self._server.keys[key] = Identity(session, account, tags)
        return {
            "Credentials": {
                "AccessKeyId": key,
                "SecretAccessKey": "s" * 40,
                "SessionToken": "t" * 16,
                "Expiration": datetime.now(UTC) + self.lifetime,
            },
            "AssumedRoleUser": {"AssumedRoleId": "AROA:" + name, "Arn": session},
        }

    def _role(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        name = asked.given["RoleName"]
        if name not in self.roles:
            raise Refusal("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
        return {
            "Role": {
                "Path": "/",
                "RoleName": name,
                "RoleId": "AROA0123456789ABCDEF",
                "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
                "CreateDate": self._server.clock.now(),
            }
        }

    def _simulate(self, asked: Asked, who: Identity) -> dict[str, Any]:
        """Answer as IAM does: each action on each resource, `*` where none is named.

        An identity without policies may do everything that is not `denied`.
        """
        source = asked.given["PolicySourceArn"]
        self._may_ask(who, source)
        context = {each["ContextKeyName"]: each["ContextKeyValues"] for each in asked.given.get("ContextEntries", [])}
        resources = asked.given.get("ResourceArns", ["*"])
        return {
            "EvaluationResults": [
                self._evaluated(source, action, resources, context) for action in asked.given["ActionNames"]
            ],
            "IsTruncated": False,
        }

    def _may_ask(self, who: Identity, source: str) -> None:
        name = "iam:SimulatePrincipalPolicy"
        role = f"arn:aws:iam::{who.account}:role/{who.arn.split('/')[1]}" if ":assumed-role/" in who.arn else who.arn
        if role in self.policies and policies.decide(self.policies[role], name, source, {}) != "allowed":
            text = f"User: {who.arn} is not authorized to perform: {name} on resource: {source}"
            raise Refusal("AccessDenied", text, 403)

    def _evaluated(
        self, source: str, action: str, resources: list[str], context: dict[str, list[str]]
    ) -> dict[str, Any]:
        decisions = {each: self._decided(source, action, each, context) for each in resources}
        worst = next((each for each in decisions.values() if each != "allowed"), "allowed")
        specific = [{"EvalResourceName": name, "EvalResourceDecision": each} for name, each in decisions.items()]
        return {
            "EvalActionName": action,
            "EvalResourceName": "*",
            "EvalDecision": worst,
            **({} if resources == ["*"] else {"ResourceSpecificResults": specific}),
        }

    def _decided(self, source: str, action: str, resource: str, context: dict[str, list[str]]) -> str:
        if action in self._server.denied:
            return "implicitDeny"
        known = self.policies.get(source)
        return "allowed" if known is None else policies.decide(known, action, resource, context)
