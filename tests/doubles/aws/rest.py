"""Secrets, parameters and subnets: whether they are there."""

from typing import Any

from tests.doubles.aws.server import ACCOUNT, REGION, Identity, Server
from tests.doubles.aws.wire import Asked, Refusal


class Rest:
    """`secrets` (ARNs), `parameters` (names), `subnets` (ids); `versions` of parameters, `kept` secrets (names)."""

    def __init__(self, server: Server) -> None:
        self.secrets: set[str] = set()
        self.parameters: set[str] = set()
        self.subnets: set[str] = set()
        self.security_groups: set[str] = set()
        self.versions: dict[str, int] = {}
        self.kept: dict[str, str] = {}
        """Secret by name -> id of its current version."""
        server.handlers |= {
            ("secretsmanager", "DescribeSecret"): self._secret,
            ("ssm", "DescribeParameters"): self._parameters,
            ("ec2", "DescribeSubnets"): self._subnets,
            ("ec2", "DescribeSecurityGroups"): self._security_groups,
        }

    def _secret(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        arn = asked.given["SecretId"]
        if arn in self.kept:
            full = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{arn}-AbCdEf"
            stages = {"0" * 32: ["AWSPREVIOUS"], self.kept[arn]: ["AWSCURRENT"]}
            return {"ARN": full, "Name": arn, "VersionIdsToStages": stages}
        if arn not in self.secrets | {
            f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{k}-AbCdEf" for k in self.kept
        }:
            raise Refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        return {"ARN": arn, "Name": arn.rpartition(":")[2]}

    def _parameters(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        """Give one to a page, after an empty one, as AWS may."""
        (wanted,) = asked.given["ParameterFilters"]
        if not 1 <= len(wanted["Values"]) <= 50:
            raise Refusal("ValidationException", "Member must have length less than or equal to 50")
        known = sorted(set(wanted["Values"]) & (self.parameters | set(self.versions)))
        at = int(asked.given.get("NextToken", "-1"))
        page = known[at : at + 1] if at >= 0 else []
        more = {"NextToken": str(at + 1)} if at + 1 < len(known) else {}
        return {"Parameters": [{"Name": name, "Version": self.versions.get(name, 1)} for name in page], **more}

    def _subnets(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        for subnet in asked.given["SubnetIds"]:
            if subnet not in self.subnets:
                raise Refusal("InvalidSubnetID.NotFound", f"The subnet ID '{subnet}' does not exist")
        return {"Subnets": [{"SubnetId": subnet} for subnet in asked.given["SubnetIds"]]}

    def _security_groups(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        for group in asked.given["GroupIds"]:
            if group not in self.security_groups:
                raise Refusal("InvalidGroup.NotFound", f"The security group '{group}' does not exist")
        return {"SecurityGroups": [{"GroupId": group} for group in asked.given["GroupIds"]]}
