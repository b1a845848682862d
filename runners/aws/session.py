"""Accounts of AWS: entered as the catalog says, checked before anything is asked there, asked from threads of ours.

The SDK is synchronous, and making its sessions and clients is not thread-safe: both are made one at a time. It is
imported when it is first needed: most commands never ask AWS, and it takes its time to load. Each run
enters with a session of its own, so that AWS's own trail (CloudTrail) names the run behind every call.
"""

import asyncio
import functools
import re
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from runners.aws.errors import told
from runners.aws.unmodelled import watch
from runners.contract import ActionFailed, Work
from storage.model.catalog import Environment
from storage.model.cloud import Aws
from storage.model.worded import worded

T = TypeVar("T")
NOWHERE = {"no_environment": "the stage says no environment, or the environment no account"}
"""What else may be wrong for whoever enters the account of an environment."""
_THREADS = 16
_REMEMBERED = 64
"""Entered accounts that are kept; one that is needed again is entered again."""
_OF_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
_NO_NAME = re.compile(r"[^\w+=,.@-]", re.ASCII)
_LONGEST_NAME = 64
_ASKING: Mapping[str, Any] = {
    "connect_timeout": 5,
    "read_timeout": 30,
    "max_pool_connections": _THREADS,
    "retries": {"mode": "standard", "total_max_attempts": 5},
    "user_agent_appid": "estiva",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """On whose behalf an account is entered: the name of the session, and its tags."""

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, work: Work) -> "Visitor":
        """Enter as the run that the work belongs to."""
        environment = {"estiva:environment": work.environment.name} if work.environment else {}
        return cls(name=work.run, tags={"estiva:run": work.run, "estiva:service": work.service.name, **environment})

    @property
    def session_name(self) -> str:
        """The name as AWS takes it."""
        return f"{_NO_NAME.sub('-', self.name)[-_LONGEST_NAME:]:-<2}"


class Clouds:
    """Every account that this process works in."""

    def __init__(self) -> None:
        """Nothing is asked until somebody enters."""
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="aws")
        self._loader: Any = None
        self._making = threading.Lock()
        self._entered: OrderedDict[str, Account] = OrderedDict()

    async def enter(self, place: Aws, visitor: Visitor) -> "Account":
        """Give an account, after a look at whose credentials these are.

        Raises `ActionFailed`: no credentials, expired, denied, another account, no such region, no answer.
        """
        key = f"{place!r} {visitor!r}"
        known = self._entered.get(key)
        if known is None:
            known = await self.ask(functools.partial(self._checked, place, visitor))
            self._entered[key] = known
            while len(self._entered) > _REMEMBERED:
                self._entered.popitem(last=False)
        return known

    async def within(self, environment: Environment | None, visitor: Visitor) -> "tuple[Account, Environment]":
        """Give the account of an environment, and the environment.

        Raises `ActionFailed` as `enter` does, and when there is none.
        """
        if environment is None or environment.aws is None:
            raise ActionFailed(
                worded("the stage has no environment with an account in the catalog"),
                hint=worded("set the stage's environment in the catalog, and aws in that environment"),
                error="no_environment",
            )
        return await self.enter(environment.aws, visitor), environment

    async def ask(self, question: Callable[[], T]) -> T:
        """Ask in a thread of ours.

        On cancellation waits for the answer first, so that whoever cleans up afterwards sees everything that was made.
        """
        future = asyncio.get_running_loop().run_in_executor(self._pool, question)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait({future})
            if not future.cancelled():
                future.exception()  # was asked for by nobody any more
            raise

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _checked(self, place: Aws, visitor: Visitor) -> "Account":
        account = Account(self, place, self._session(place, visitor))
        who = account.asked("sts", "get_caller_identity")
        if who["Account"] != place.account:
            raise ActionFailed(
                worded(
                    "the credentials are of the account {account} ({arn}), the catalog says {wanted}",
                    account=who["Account"],
                    arn=who["Arn"],
                    wanted=place.account,
                ),
                hint=worded(
                    "nothing was changed: name the right account or role in the catalog, or give other credentials"
                ),
                error="aws_wrong_account",
            )
        account.identity = str(who["Arn"])
        return account

    def _session(self, place: Aws, visitor: Visitor) -> Any:
        from boto3 import Session
        from botocore.credentials import RefreshableCredentials

        with self._making:
            own = self._bare()
            if _is_of_aws(place) and place.region not in _regions(own):
                raise ActionFailed(
                    worded("AWS has no region {region}, as far as the installed SDK knows", region=place.region),
                    hint=worded("write it as AWS does, for example us-east-1 or sa-east-1"),
                    error="aws_wrong_region",
                )
            if place.role is None:
                return Session(botocore_session=own, region_name=place.region)
            assumed = self._bare()
        outer = Account(self, place, Session(botocore_session=own, region_name=place.region))
        renew = functools.partial(_assumed, outer, place, visitor)
        # no public way to give a session credentials that renew themselves; AWS's own tools do it like this
        assumed._credentials = RefreshableCredentials.create_from_metadata(  # noqa: SLF001
            metadata=renew(), refresh_using=renew, method="sts-assume-role"
        )
        with self._making:
            return Session(botocore_session=assumed, region_name=place.region)

    def _bare(self) -> Any:
        from botocore.loaders import Loader
        from botocore.session import Session

        self._loader = self._loader or Loader()
        session = Session()
        session.register_component("data_loader", self._loader)  # the models are read once, not once per run
        return session

    def client(self, session: Any, service: str, place: Aws) -> Any:
        """Make a client; one at a time."""
        from botocore.config import Config

        with self._making:
            made = session.client(
                service, place.region, config=Config(**_ASKING), endpoint_url=place.endpoints.get(service)
            )
            watch(made, service)
            return made


class Account:
    """An account that was entered, and turned out to be the right one."""

    def __init__(self, clouds: Clouds, place: Aws, session: Any) -> None:
        """Take how it is reached."""
        self.place = place
        self.identity = ""
        """ARN of whom AWS sees."""
        self._clouds = clouds
        self._session = session
        self._clients: dict[str, Any] = {}
        self._elsewhere: dict[str, Account] = {}

    async def call(self, service: str, operation: str, /, **given: Any) -> dict[str, Any]:
        """Ask one thing: `call("ecs", "describe_services", cluster=..., services=[...])`.

        Raises `AwsRefused` for what AWS refuses, `ActionFailed` when it cannot be asked.
        """
        return await self._clouds.ask(functools.partial(self.asked, service, operation, **given))

    def asked(self, service: str, operation: str, /, **given: Any) -> dict[str, Any]:
        """Do the same where it may block."""
        with self._asking(service, operation):
            return dict(getattr(self._client(service), operation)(**given))

    async def pages(self, service: str, operation: str, /, **given: Any) -> AsyncIterator[dict[str, Any]]:
        """Ask for a list page by page, as the SDK itself turns them; what is not iterated over is not asked for."""
        turning: Iterator[dict[str, Any]] | None = None

        def following() -> dict[str, Any] | None:
            nonlocal turning
            with self._asking(service, operation):
                turning = turning or iter(self._client(service).get_paginator(operation).paginate(**given))
                return next(turning, None)

        while (page := await self._clouds.ask(following)) is not None:
            yield page

    async def download(self, service: str, operation: str, member: str, most: int, /, **given: Any) -> bytes:
        """Ask for what comes as a stream in one member of the answer; gives its first `most` bytes."""

        def read() -> bytes:
            body, content = self.asked(service, operation, **given)[member], bytearray()
            with self._asking(service, operation):
                # read on until nothing comes: only then the SDK sees that a connection was lost before the end
                while len(content) < most and (piece := body.read(most - len(content))):
                    content += piece
            return bytes(content)

        return await self._clouds.ask(read)

    async def credentials(self) -> dict[str, str]:
        """Give, as variables, what another program needs to work there as Estiva would; of a role for an hour."""

        def frozen() -> dict[str, str]:
            found = self._session.get_credentials().get_frozen_credentials()
            given = {"AWS_ACCESS_KEY_ID": found.access_key, "AWS_SECRET_ACCESS_KEY": found.secret_key}
            token = {"AWS_SESSION_TOKEN": found.token} if found.token else {}
            return {**given, **token, "AWS_REGION": self.place.region, "AWS_DEFAULT_REGION": self.place.region}

        return await self._clouds.ask(frozen)

    async def endpoint(self, service: str) -> str:
        """Give the URL at which a service answers."""
        return await self._clouds.ask(lambda: str(self._client(service).meta.endpoint_url))

    def at(self, region: str | None) -> "Account":
        """Give the same account in another region, entered as this one was: for logs that are kept there."""
        if not region or region == self.place.region:
            return self
        if region not in self._elsewhere:
            self._elsewhere[region] = Account(self._clouds, replace(self.place, region=region), self._session)
        return self._elsewhere[region]

    async def model(self, service: str, operation: str) -> Any:
        """Give what the installed SDK knows of an operation (`DescribeServices`)."""
        return await self._clouds.ask(lambda: self._client(service).meta.service_model.operation_model(operation))

    @contextmanager
    def _asking(self, service: str, operation: str) -> Iterator[None]:
        """Say in our words what keeps AWS from answering."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise told(error, f"{service}:{_camel(operation)}", self.place) from error

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._clouds.client(self._session, service, self.place)
        return self._clients[service]


def _assumed(outer: Account, place: Aws, visitor: Visitor) -> dict[str, str]:
    given: dict[str, Any] = {"RoleArn": place.role, "RoleSessionName": visitor.session_name}
    if place.external_id:
        given["ExternalId"] = place.external_id
    if visitor.tags:
        given["Tags"] = [{"Key": key, "Value": value} for key, value in visitor.tags.items()]
    made = outer.asked("sts", "assume_role", **given)["Credentials"]
    return {
        "access_key": made["AccessKeyId"],
        "secret_key": made["SecretAccessKey"],
        "token": made["SessionToken"],
        "expiry_time": made["Expiration"].isoformat(),
    }


def _is_of_aws(place: Aws) -> bool:
    """Tell whether AWS itself says whose the account is: only elsewhere there may be regions that it has not."""
    host = urlsplit(place.endpoints.get("sts", "")).hostname or ""
    return not host or host.endswith(_OF_AWS)


def _regions(session: Any) -> set[str]:
    partitions = session.get_available_partitions()
    return {region for name in partitions for region in session.get_available_regions("ecs", name)}


def _camel(operation: str) -> str:
    return "".join(part.capitalize() for part in operation.split("_"))
