"""Parameter Store and Secrets Manager, asked through boto3 with the credentials of its standard chain."""

from collections.abc import Mapping, Sequence
from typing import Any

from runners.buildspec.model import SecretReference
from runners.buildspec.references import PARAMETERS, SECRETS, Unresolved

_AT_ONCE = 10
"""Parameters of one question: the limit of GetParameters."""


class AwsValues:
    """Asks AWS, or what stands in for it: `AWS_ENDPOINT_URL_SSM`, `AWS_ENDPOINT_URL_SECRETS_MANAGER`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Take the variables that name region, credentials and endpoints."""
        self._environ = environ

    def parameters(self, names: Sequence[str]) -> dict[str, str]:
        """Give the parameters, decrypted. Raises `Unresolved`."""
        found: dict[str, str] = {}
        client = self._client("ssm", PARAMETERS)
        for first in range(0, len(names), _AT_ONCE):
            asked = list(names[first : first + _AT_ONCE])
            answer = _ask(PARAMETERS, lambda asked=asked: client.get_parameters(Names=asked, WithDecryption=True))
            if missing := answer.get("InvalidParameters"):
                raise Unresolved(PARAMETERS, f"Parameter does not exist: {', '.join(missing)}")
            # AWS answers to a name with a version or label with the bare one
            by_name = {each["Name"] + each.get("Selector", ""): each["Value"] for each in answer["Parameters"]}
            found |= {name: by_name[name] for name in asked}
        return found

    def secret(self, reference: SecretReference) -> str:
        """Give the whole text of a secret. Raises `Unresolved`."""
        client = self._client("secretsmanager", SECRETS)
        which = {"VersionStage": reference.stage, "VersionId": reference.version}
        named = {name: value for name, value in which.items() if value}
        answer = _ask(SECRETS, lambda: client.get_secret_value(SecretId=reference.secret, **named))
        if "SecretString" not in answer:
            raise Unresolved(SECRETS, f"the secret {reference.secret} is no text")
        return str(answer["SecretString"])

    def _client(self, service: str, code: str) -> Any:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        told = self._environ.get
        name = {"ssm": "SSM", "secretsmanager": "SECRETS_MANAGER"}[service]
        try:
            session = boto3.session.Session(
                aws_access_key_id=told("AWS_ACCESS_KEY_ID"),
                aws_secret_access_key=told("AWS_SECRET_ACCESS_KEY"),
                aws_session_token=told("AWS_SESSION_TOKEN"),
                region_name=told("AWS_REGION") or told("AWS_DEFAULT_REGION"),
                profile_name=told("AWS_PROFILE"),
            )
            return session.client(
                service,
                endpoint_url=told(f"AWS_ENDPOINT_URL_{name}") or told("AWS_ENDPOINT_URL"),
                config=Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 4}),
            )
        except (BotoCoreError, ValueError) as error:
            raise Unresolved(code, _away(error)) from error


def _ask(code: str, question: Any) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return question()
    except ClientError as error:
        said = error.response["Error"]
        raise Unresolved(code, f"{said.get('Code', 'error')}: {' '.join(said.get('Message', '').split())}") from error
    except BotoCoreError as error:
        raise Unresolved(code, _away(error)) from error


def _away(error: Exception) -> str:
    said = " ".join(str(error).split())
    return f"AWS cannot be asked: {said}; set AWS_REGION and credentials as for the AWS CLI"
