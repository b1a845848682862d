"""Parameter Store and Secrets Manager: what a build may name."""

import json
from typing import Any

from tests.doubles.aws.server import ACCOUNT, REGION, Identity, Server
from tests.doubles.aws.wire import Asked, Refusal


class Kept:
    """`parameters` by name; `secrets` by name, each by version stage or version id."""

    def __init__(self, server: Server) -> None:
        self.parameters: dict[str, str] = {}
        self.secrets: dict[str, dict[str, str]] = {}
        server.handlers |= {
            ("ssm", "GetParameters"): self._parameters,
            ("secretsmanager", "GetSecretValue"): self._secret,
        }

    def keep(self, name: str, value: str | dict[str, Any], version: str = "AWSCURRENT") -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        self.secrets.setdefault(name, {})[version] = text

    def _parameters(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        assert asked.given["WithDecryption"] is True
        names = asked.given["Names"]
        found = [name for name in names if name in self.parameters]
        missing = [name for name in names if name not in found]
        return {
            "Parameters": [
                {"Name": name, "Type": "SecureString", "Value": self.parameters[name], "Version": 1} for name in found
            ],
            **({"InvalidParameters": missing} if missing else {}),
        }

    def _secret(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        given = asked.given["SecretId"]
        name = given.split(":")[6].rpartition("-")[0] if given.startswith("arn:") else given
        version = asked.given.get("VersionStage") or asked.given.get("VersionId") or "AWSCURRENT"
        if version not in self.secrets.get(name, {}):
            raise Refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        return {
            "ARN": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-a1b2c3",
            "Name": name,
            "SecretString": self.secrets[name][version],
        }
