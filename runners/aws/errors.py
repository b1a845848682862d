"""What AWS refuses, and why it could not be asked: told apart, each with what to do next."""

import re
from collections.abc import Mapping
from typing import Any

from runners.contract import ActionFailed
from storage.model.cloud import Aws
from storage.model.worded import worded

ERRORS = {
    "aws_no_credentials": "no credentials for AWS are found where Estiva runs",
    "aws_expired": "the credentials for AWS have expired",
    "aws_bad_credentials": "AWS does not know the credentials, or they were signed wrongly",
    "aws_denied": "a permission is missing in AWS",
    "aws_throttled": "AWS asks for fewer calls, also after several tries",
    "aws_unavailable": "AWS does not answer, or says that it is out of order",
    "aws_wrong_account": "the credentials are of another account than the catalog says",
    "aws_wrong_region": "there is no such region",
    "aws_refused": "AWS refuses what it is asked",
}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_BAD = {
    *("InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidSignatureException"),
    *("AuthFailure", "IncompleteSignature", "MissingAuthenticationToken", "InvalidAccessKeyId"),
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "Client.AccessDenied"}
_THROTTLED = {
    *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException"),
    *("TooManyRequestsException", "RequestLimitExceeded", "BandwidthLimitExceeded", "SlowDown"),
}
_PERMISSION = re.compile(
    r"(?:User: (?P<who>\S+) )?is not authorized to perform: (?P<action>[\w-]+:\w+)(?: on resource: (?P<resource>\S+))?"
)
_TO_BECOME = {"sts:AssumeRole", "sts:TagSession"}
"""What becoming a role asks for: of whoever becomes it, and of the role's own trust policy."""


class AwsRefused(ActionFailed):
    """AWS was asked and said no; `code` is AWS's own word for it."""

    code: str = ""


def told(error: Exception, asked: str, place: Aws) -> ActionFailed:
    """Say what kept AWS from doing what was asked (`ecs:UpdateService`)."""
    from botocore import exceptions

    where = worded("{account} in {region}", account=place.account, region=place.region)
    if isinstance(error, exceptions.ClientError):
        return _refusal(error.response, asked, where, place)
    if isinstance(
        error,
        exceptions.NoCredentialsError
        | exceptions.PartialCredentialsError
        | exceptions.CredentialRetrievalError
        | exceptions.ProfileNotFound
        | exceptions.ConfigNotFound,
    ):
        return ActionFailed(
            worded("no credentials for AWS ({error})", error=_one_line(error)),
            hint=worded(
                "give Estiva's process a role, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; see docs/aws.md"
            ),
            error="aws_no_credentials",
        )
    if isinstance(error, exceptions.TokenRetrievalError | exceptions.UnauthorizedSSOTokenError):
        return _expired(_one_line(error))
    if isinstance(error, exceptions.ParamValidationError | exceptions.InvalidRegionError):
        return ActionFailed(
            worded("{asked} cannot be asked: {error}", asked=asked, error=_one_line(error)),
            hint=worded("see the environment's aws and options in the catalog"),
            error="aws_refused",
        )
    return ActionFailed(
        worded(
            "AWS does not answer to {asked}, account {where} ({error})",
            asked=asked,
            where=where,
            error=_one_line(error),
        ),
        hint=worded(
            "see that this machine reaches AWS (and aws.endpoints in the catalog, if there are any), then retry"
        ),
        error="aws_unavailable",
        retryable=True,
    )


def _refusal(response: Mapping[str, Any], asked: str, where: str, place: Aws) -> ActionFailed:
    code = str(response.get("Error", {}).get("Code", ""))
    said = " ".join(str(response.get("Error", {}).get("Message", "")).split())[:500]
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _EXPIRED:
        return _expired(said)
    if code in _BAD:
        return AwsRefused(
            worded(
                "AWS does not know these credentials ({code} at {asked}): {said}", code=code, asked=asked, said=said
            ),
            hint=worded("see that the key is active and the clock of this machine is right"),
            error="aws_bad_credentials",
        )
    if code in _DENIED or _PERMISSION.search(said):
        return _denied(said, asked, where, place)
    if code in _THROTTLED:
        return AwsRefused(
            worded("AWS asks for fewer calls ({code} at {asked})", code=code, asked=asked),
            hint=worded("retry in a minute; if it goes on, ask AWS for a higher quota"),
            error="aws_throttled",
            retryable=True,
        )
    if status >= 500:  # noqa: PLR2004
        return AwsRefused(
            worded("AWS is out of order ({code} at {asked}): {said}", code=code or status, asked=asked, said=said),
            hint=worded("see https://health.aws.amazon.com, then retry"),
            error="aws_unavailable",
            retryable=True,
        )
    refused = AwsRefused(
        worded("AWS refuses {asked}, account {where}: {code}: {said}", asked=asked, where=where, code=code, said=said),
        hint=worded("see the environment's aws and options in the catalog"),
        error="aws_refused",
    )
    refused.code = code
    return refused


def _denied(said: str, asked: str, where: str, place: Aws) -> ActionFailed:
    found = _PERMISSION.search(said)
    action = found["action"] if found else asked
    denied = AwsRefused(
        worded("{action} is denied, account {where}: {said}", action=action, where=where, said=said),
        hint=_to_be_allowed(action, found, place),
        error="aws_denied",
    )
    denied.code = "AccessDenied"
    return denied


def _to_be_allowed(action: str, found: re.Match[str] | None, place: Aws) -> str:
    whoever = worded("the identity that Estiva runs as")
    if action in _TO_BECOME and place.role:
        return worded(
            "allow {action} on {role} to {who}, and let the trust policy of that role trust it, with the external_id "
            "that the catalog says, if any; examples/aws has both policies",
            action=action,
            role=place.role,
            who=found["who"] if found and found["who"] else whoever,
        )
    return worded(
        "allow {action} on {resource} to {who}; examples/aws has the whole policy",
        action=action,
        resource=found["resource"] if found and found["resource"] else worded("what it needs"),
        who=place.role or whoever,
    )


def _expired(said: str) -> ActionFailed:
    return AwsRefused(
        worded("the credentials for AWS have expired: {said}", said=said),
        hint=worded("renew them where Estiva runs (a role renews itself), then retry"),
        error="aws_expired",
    )


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
