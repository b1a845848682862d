"""Uploaded files: what is known of them, and where their bytes are."""

import mimetypes
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from bot.workspace.wire import BOT_USER, Json

_PREVIEW = 2000


@dataclass(slots=True, kw_only=True)
class File:
    """One file. `content` is in memory unless the workspace has a folder; then `path` holds the bytes."""

    id: str
    name: str
    title: str
    size: int
    created: int
    content: bytes = b""
    path: str = ""
    user: str = BOT_USER
    ticket: str = ""
    """What the address for its bytes ends with."""
    stored: bool = False
    complete: bool = False

    def store(self, content: bytes, folder: Path | None) -> None:
        """Keep the bytes, in `folder` when there is one."""
        self.stored = True
        if folder is None:
            self.content = content
            return
        folder.mkdir(parents=True, exist_ok=True)
        place = folder / self.id
        place.write_bytes(content)
        self.path = str(place)

    def read(self) -> bytes:
        """Return the bytes."""
        return Path(self.path).read_bytes() if self.path else self.content

    def record(self) -> Json:
        """Return what the history keeps: everything but the bytes."""
        return {name: value for name, value in asdict(self).items() if name != "content"}

    @property
    def mimetype(self) -> str:
        """Return the type, guessed from the name."""
        return mimetypes.guess_type(self.name)[0] or "text/plain"

    def shared(self, url: str) -> Json:
        """Return the file as Slack shows it in messages and in `files.info`."""
        text = self.read().decode(errors="replace") if self.mimetype.startswith("text/") else ""
        described: Json = {
            "id": self.id,
            "name": self.name,
            "title": self.title or self.name,
            "mimetype": self.mimetype,
            "filetype": Path(self.name).suffix.removeprefix(".") or "text",
            "size": self.size,
            "user": self.user,
            "created": self.created,
            "timestamp": self.created,
            "mode": "snippet" if text else "hosted",
            "is_external": False,
            "is_public": True,
            "preview": text[:_PREVIEW],
            "lines": text.count("\n") + (not text.endswith("\n")) if text else 0,
        }
        return located(described, url)


def located(file: Json, url: str) -> Json:
    """Return a shared file with its addresses: a workspace may come back on another port."""
    private = f"{url}/files/{file['id']}/{quote(file['name'], safe='')}"
    return file | {"url_private": private, "url_private_download": f"{private}?download=1", "permalink": private}
