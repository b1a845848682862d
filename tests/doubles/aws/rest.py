"""Secrets, parameters and subnets: whether they are there."""

from typing import Any

from tests.doubles.aws.server import Identity, Server
from tests.doubles.aws.wire import Asked, Refusal


class Rest:
    """`secrets` (ARNs), `parameters` (names), `subnets` (ids)."""

    def __init__(self, server: Server) -> None:
        self.secrets: set[str] = set()
        self.parameters: set[str] = set()
        self.subnets: set[str] = set()
        server.handlers |= {
            ("secretsmanager", "DescribeSecret"): self._secret,
            ("ssm", "DescribeParameters"): self._parameters,
            ("ec2", "DescribeSubnets"): self._subnets,
        }

    def _secret(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        arn = asked.given["SecretId"]
        if arn not in self.secrets:
            raise Refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        return {"ARN": arn, "Name": arn.rpartition(":")[2]}

    def _parameters(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        (wanted,) = asked.given["ParameterFilters"]
        return {"Parameters": [{"Name": name} for name in wanted["Values"] if name in self.parameters]}

    def _subnets(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        for subnet in asked.given["SubnetIds"]:
            if subnet not in self.subnets:
                raise Refusal("InvalidSubnetID.NotFound", f"The subnet ID '{subnet}' does not exist")
        return {"Subnets": [{"SubnetId": subnet} for subnet in asked.given["SubnetIds"]]}
