"""STS and IAM: who one is, whom one may become, and what a role may do."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.doubles.aws.server import ACCOUNT, Identity, Server
from tests.doubles.aws.wire import Asked, Refusal


class Identities:
    """Roles that may be assumed: ARN -> the external id that its trust policy asks for, if any."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.trusted: dict[str, str | None] = {}
        self.roles: set[str] = {"estiva-tasks", "estiva-execution"}
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

    def _simulate(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        return {
            "EvaluationResults": [
                {
                    "EvalActionName": action,
                    "EvalDecision": "implicitDeny" if action in self._server.denied else "allowed",
                }
                for action in asked.given["ActionNames"]
            ]
        }
