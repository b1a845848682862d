"""A template of CloudFormation as it is when made: its references resolved, as far as the shipped ones use them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import TaggedScalar

from tests.doubles.aws.server import ACCOUNT, REGION

_PSEUDO = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}
_ARNS = {
    "AWS::Logs::LogGroup": (f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:", "LogGroupName", ":*"),
    "AWS::IAM::Role": (f"arn:aws:iam::{ACCOUNT}:role/", "RoleName", ""),
    "AWS::SQS::Queue": (f"arn:aws:sqs:{REGION}:{ACCOUNT}:", "QueueName", ""),
    "AWS::Events::Rule": (f"arn:aws:events:{REGION}:{ACCOUNT}:rule/", "Name", ""),
}
"""Type -> how the ARN of such a resource is made of its name."""


class Template:
    """One file, made with these parameters; those that are not given have their defaults."""

    def __init__(self, path: Path, **parameters: Any) -> None:
        self._raw: Mapping[str, Any] = YAML(typ="rt").load(path.read_text())
        known = {name: each.get("Default") for name, each in self._raw["Parameters"].items()}
        assert set(parameters) <= set(known)
        self._values = {**known, **parameters, **_PSEUDO}

    def of_type(self, kind: str) -> dict[str, Any]:
        """Logical name -> properties, resolved."""
        resources = self._raw["Resources"]
        return {
            name: self.resolved(each.get("Properties", {})) for name, each in resources.items() if each["Type"] == kind
        }

    def resolved(self, value: Any) -> Any:
        """Give a value with everything in it resolved."""
        if isinstance(value, TaggedScalar):
            return self._tagged(str(value.tag), str(value.value))
        if isinstance(value, Mapping):
            return {str(key): self.resolved(each) for key, each in value.items()}
        if isinstance(value, list):
            flat = [self.resolved(each) for each in value]
            return [one for each in flat for one in (each if isinstance(each, list) else [each])]
        return value

    def _tagged(self, tag: str, text: str) -> Any:
        if tag == "!Sub":
            return re.sub(r"\$\{([\w:.]+)\}", lambda found: str(self._named(found[1])), text)
        assert tag in ("!Ref", "!GetAtt"), tag
        return self._named(text)

    def _named(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        logical, _, attribute = name.partition(".")
        resource = self._raw["Resources"][logical]
        if resource["Type"] == "AWS::SecretsManager::Secret":
            return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{logical}-AbCdEf"
        if attribute != "Arn":
            return f"<{name}>"
        head, named, tail = _ARNS[resource["Type"]]
        return f"{head}{self.resolved(resource['Properties'].get(named, logical))}{tail}"
