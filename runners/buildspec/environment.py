"""What the commands of a build find in their environment, CodeBuild's own variables first of all."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runners.buildspec.model import Buildspec
from runners.buildspec.text import STATE

_NO_ACCOUNT = "000000000000"
_PASSED_ON = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Which build this is, of what, and why."""

    project: str
    number: str
    """Of this project, never used again."""
    suffix: str
    """What tells this build from all others of the project, where AWS has a UUID."""
    image: str
    initiator: str
    repository: str = ""
    asked: str = ""
    """The branch, tag or commit that somebody named."""
    commit: str = ""
    batch: str = ""
    """Which build of its batch it is."""
    region: str = ""
    account: str = _NO_ACCOUNT
    """Of AWS, as it stands in ARNs; zeros where there is none, as with AWS's own local agent."""
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """`project:suffix`, as everything calls it."""
        return f"{self.project}:{self.suffix}"


def given(about: About, source: Path) -> dict[str, str]:
    """Give what is the same for every command, and what neither the file nor the caller overrules."""
    arn = f"arn:aws:codebuild:{about.region or 'local'}:{about.account}"
    return {
        "CI": "true",
        "HOME": "/root",
        "DOCKER_CONFIG": f"{STATE}/docker",
        "CODEBUILD_BUILD_ARN": f"{arn}:build/{about.id}",
        "CODEBUILD_BUILD_ID": about.id,
        "CODEBUILD_BUILD_IMAGE": about.image,
        "CODEBUILD_BUILD_NUMBER": about.number,
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_BUILD_URL": "",
        "CODEBUILD_CI": "true",
        "CODEBUILD_CONTAINER_NAME": "default",
        "CODEBUILD_INITIATOR": about.initiator,
        "CODEBUILD_KMS_KEY_ID": "",
        "CODEBUILD_LOCAL_BUILD": "true",
        "CODEBUILD_LOG_PATH": about.suffix,
        "CODEBUILD_PROJECT_ARN": f"{arn}:project/{about.project}",
        "CODEBUILD_PROJECT_UUID": about.project,
        "CODEBUILD_RESOLVED_SOURCE_VERSION": about.commit,
        "CODEBUILD_SOURCE_REPO_URL": about.repository,
        "CODEBUILD_SOURCE_VERSION": about.asked or about.commit,
        "CODEBUILD_SRC_DIR": str(source),
        "CODEBUILD_START_TIME": str(int(time.time() * 1000)),
        **({"CODEBUILD_BATCH_BUILD_IDENTIFIER": about.batch} if about.batch else {}),
        **(dict.fromkeys(_PASSED_ON, about.region) if about.region else {}),
        # the source belongs to whoever Estiva runs as, the build is root
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        **about.extra,
    }


def chosen(
    spec: Buildspec, fixed: Mapping[str, str], overrides: Mapping[str, str], secret: Mapping[str, str]
) -> dict[str, str]:
    """Give what the buildspec says and nobody overrules, then what the caller says."""
    own = {name: value for name, value in spec.variables.items() if name not in overrides and name not in secret}
    return {name: value for name, value in {**own, **overrides}.items() if name not in fixed}
