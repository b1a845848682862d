"""Parameters and secrets with their values, each in every version that there ever was."""

import uuid
from typing import Any

from tests.doubles.aws.rest import Rest
from tests.doubles.aws.server import ACCOUNT, REGION, Identity, Server
from tests.doubles.aws.wire import Asked, Refusal


class Vault(Rest):
    """What `Rest` knows to be there, and gives to nobody."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.values: dict[tuple[str, str], str] = {}
        """(name, version) -> value."""
        server.handlers |= {
            ("ssm", "GetParameter"): self._parameter,
            ("secretsmanager", "GetSecretValue"): self._value,
        }

    def put_parameter(self, name: str, value: str) -> None:
        """Make it, or its next version."""
        self.versions[name] = self.versions.get(name, 0) + 1
        self.values[name, str(self.versions[name])] = value

    def put_secret(self, name: str, value: str) -> None:
        """Make it, or its next version."""
        self.kept[name] = uuid.uuid4().hex
        self.values[name, self.kept[name]] = value

    def _parameter(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        name, _, version = asked.given["Name"].partition(":")
        if name not in self.versions:
            raise Refusal("ParameterNotFound", "")
        version = version or str(self.versions[name])
        if (name, version) not in self.values:
            raise Refusal("ParameterVersionNotFound", f"Systems Manager could not find version {version} of {name}.")
        value = self.values[name, version] if asked.given.get("WithDecryption") else "AQICAHencrypted"
        known = {"Name": name, "Type": "SecureString", "Value": value, "Version": int(version)}
        return {"Parameter": known}

    def _value(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        name = asked.given["SecretId"]
        version = asked.given.get("VersionId") or self.kept.get(name, "")
        if (name, version) not in self.values:
            raise Refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"
        return {"ARN": arn, "Name": name, "VersionId": version, "SecretString": self.values[name, version]}
