"""Parameter Store and Secrets Manager of AWS: in the account of an environment, or as whoever is there."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from runners.aws.errors import AwsRefused, told
from runners.aws.session import Clouds, Visitor
from runners.buildspec.model import SecretReference
from runners.buildspec.references import PARAMETERS, SECRETS, Unresolved
from runners.contract import ActionFailed
from storage.model.cloud import Aws

_AT_ONCE = 10
"""Parameters of one question: the limit of GetParameters."""
_ENDPOINTS = {"ssm": "AWS_ENDPOINT_URL_SSM", "secretsmanager": "AWS_ENDPOINT_URL_SECRETS_MANAGER"}


class Asking(Protocol):
    """How AWS is asked, in a thread where it may take its time."""

    def __call__(self, service: str, operation: str, **given: Any) -> Mapping[str, Any]:
        """Ask one thing. Raises `ActionFailed`."""


class AwsValues:
    """The values that AWS keeps."""

    def __init__(self, asked: Asking) -> None:
        """Take how it is asked."""
        self._asked = asked

    def parameters(self, names: Sequence[str]) -> dict[str, str]:
        """Give the parameters, decrypted. Raises `Unresolved`."""
        found: dict[str, str] = {}
        for first in range(0, len(names), _AT_ONCE):
            wanted = list(names[first : first + _AT_ONCE])
            answer = self._ask(PARAMETERS, "ssm", "get_parameters", Names=wanted, WithDecryption=True)
            if missing := answer.get("InvalidParameters"):
                raise Unresolved(PARAMETERS, f"Parameter does not exist: {', '.join(missing)}")
            # a name with a version or label is answered by the bare one, and the rest apart
            by_name = {each["Name"] + each.get("Selector", ""): each["Value"] for each in answer["Parameters"]}
            found |= {name: by_name[name] for name in wanted}
        return found

    def secret(self, reference: SecretReference) -> str:
        """Give the whole text of a secret. Raises `Unresolved`."""
        which = {"VersionStage": reference.stage, "VersionId": reference.version}
        named = {name: value for name, value in which.items() if value}
        answer = self._ask(SECRETS, "secretsmanager", "get_secret_value", SecretId=reference.secret, **named)
        if "SecretString" not in answer:
            raise Unresolved(SECRETS, f"the secret {reference.secret} is no text")
        return str(answer["SecretString"])

    def _ask(self, code: str, service: str, operation: str, **given: Any) -> Mapping[str, Any]:
        try:
            return self._asked(service, operation, **given)
        except AwsRefused as error:
            known = {"ResourceNotFoundException": f"ResourceNotFoundException: {given.get('SecretId')}"}
            raise Unresolved(code, known.get(error.code, error.reason)) from error
        except ActionFailed as error:
            raise Unresolved(code, f"{error.reason}; {error.hint}") from error


def of_account(clouds: Clouds, place: Aws, visitor: Visitor, loop: asyncio.AbstractEventLoop) -> Asking:
    """Ask in an account of the catalog, which is entered when something is asked for the first time."""

    def asked(service: str, operation: str, **given: Any) -> Mapping[str, Any]:
        account = asyncio.run_coroutine_threadsafe(clouds.enter(place, visitor), loop).result()
        return account.asked(service, operation, **given)

    return asked


def of_environment(environ: Mapping[str, str]) -> Asking:
    """Ask with the standard chain of credentials. `AWS_ENDPOINT_URL_SSM` and the like name another place to ask."""
    making = threading.Lock()
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""

    def asked(service: str, operation: str, **given: Any) -> Mapping[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            with making:
                client = _client(environ, service, region)
            return dict(getattr(client, operation)(**given))
        except (ClientError, BotoCoreError, ValueError) as error:
            what = "".join(part.capitalize() for part in operation.split("_"))
            place = Aws(account="of these credentials", region=region or "no region (set AWS_REGION)")
            raise told(error, f"{service}:{what}", place) from error

    return asked


def _client(environ: Mapping[str, str], service: str, region: str) -> Any:
    import boto3
    from botocore.config import Config

    session = boto3.session.Session(
        aws_access_key_id=environ.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=environ.get("AWS_SECRET_ACCESS_KEY"),
        aws_session_token=environ.get("AWS_SESSION_TOKEN"),
        region_name=region or None,
        profile_name=environ.get("AWS_PROFILE"),
    )
    return session.client(
        service,
        endpoint_url=environ.get(_ENDPOINTS[service]) or environ.get("AWS_ENDPOINT_URL"),
        config=Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4}),
    )
