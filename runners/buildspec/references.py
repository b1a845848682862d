"""Values that a buildspec only names: parameters of Parameter Store, secrets of Secrets Manager."""

import json
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Protocol

from runners.buildspec.model import Buildspec, SecretReference

PARAMETERS = "Decrypted Variables Error"
SECRETS = "Secrets Manager Error Message"


class Unresolved(Exception):  # noqa: N818 - a fact about the file, or about the account
    """A value cannot be had; `code` is CodeBuild's for it."""

    def __init__(self, code: str, message: str) -> None:
        """Take the status code, and one line that names what is missing and what to do."""
        super().__init__(message)
        self.code = code
        self.message = message


class Values(Protocol):
    """Where the values are. Both may be slow, and are called in a thread."""

    def parameters(self, names: Sequence[str]) -> Mapping[str, str]:
        """Give the parameters of these names, decrypted. Raises `Unresolved` when one is missing or may not be read."""

    def secret(self, reference: SecretReference) -> str:
        """Give the whole text of a secret. Raises `Unresolved`."""


class Allowed:
    """Values, but only those whose names the catalog allows: a buildspec is the word of whoever may commit."""

    def __init__(self, values: Values, parameters: Sequence[str], secrets: Sequence[str]) -> None:
        """Take the patterns that a name has to match, with `*` for anything."""
        self._values = values
        self._parameters = parameters
        self._secrets = secrets

    def parameters(self, names: Sequence[str]) -> Mapping[str, str]:
        """Give parameters that are all allowed."""
        for name in names:
            if not any(fnmatchcase(name, pattern) for pattern in self._parameters):
                raise Unresolved(PARAMETERS, _denied("parameter", name, "parameter_store"))
        return self._values.parameters(names)

    def secret(self, reference: SecretReference) -> str:
        """Give a secret that is allowed."""
        if not any(fnmatchcase(reference.secret, pattern) for pattern in self._secrets):
            raise Unresolved(SECRETS, _denied("secret", reference.secret, "secrets_manager"))
        return self._values.secret(reference)


def resolve(spec: Buildspec, values: Values, overruled: Sequence[str]) -> dict[str, str]:
    """Get every value that the file names and the caller does not give itself. Raises `Unresolved`."""
    parameters = {variable: name for variable, name in spec.parameters.items() if variable not in overruled}
    found = values.parameters(sorted(set(parameters.values()))) if parameters else {}
    secrets = {variable: each for variable, each in spec.secrets.items() if variable not in overruled}
    return {
        **{variable: found[name] for variable, name in parameters.items()},
        **{variable: _part(reference, values.secret(reference)) for variable, reference in secrets.items()},
    }


def _part(reference: SecretReference, text: str) -> str:
    if not reference.key:
        return text
    try:
        found = json.loads(text)[reference.key]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise Unresolved(SECRETS, f"the secret {reference.secret} has no key {reference.key}") from error
    return found if isinstance(found, str) else json.dumps(found)


def _denied(kind: str, name: str, option: str) -> str:
    return (
        f"AccessDenied: the catalog does not let this build read the {kind} {name[:200]}; "
        f"name it in the action's option {option}"
    )
