"""Images and files: the `image` block, the files of a message with size, preview and download."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from markupsafe import Markup

from bot.workspace.page.render.html import Json, join, own_or_safe, tag
from bot.workspace.page.render.icons import icon
from bot.workspace.page.render.names import Names
from bot.workspace.page.render.plain import plain
from bot.workspace.page.render.text import image
from bot.workspace.page.render.unknown import unknown
from commands.texts import several

UNITS = ("bytes", "KB", "MB", "GB")
THOUSAND = 1000


def image_block(block: Json, _names: Names) -> Markup:
    """An image with its title."""
    title = tag("figcaption", plain(block["title"])) if block.get("title") else None
    return tag("figure", title, image(block, "picture"), class_="image")


def file_block(block: Json, _names: Names) -> Markup:
    """A `file` block names a remote file this workspace does not keep."""
    return unknown(block, "A file kept elsewhere")


def files(given: Sequence[Json], names: Names) -> Markup:
    """The files of a message."""
    return join(file_card(each, names) for each in given)


def file_card(file: Json, names: Names) -> Markup:
    """One file: name, size, a look inside, a way to save it."""
    name = str(file.get("title") or file.get("name") or file.get("id") or "file")
    download = local(file.get("url_private_download") or file.get("url_private"))
    return tag(
        "figure",
        tag(
            "figcaption",
            icon("file"),
            tag("span", tag("strong", name), tag("span", _measure(file, names), class_="quiet"), class_="file-name"),
            _open(file, name, names),
            _download(download, name, names) if download else None,
        ),
        _preview(file, names),
        class_="file",
        data_file=str(file.get("id", "")),
    )


def size(amount: object) -> str:
    """Bytes in words: `812 bytes`, `14.2 KB`; empty when it is no number."""
    if not isinstance(amount, int) or isinstance(amount, bool):
        return ""
    value = float(amount)
    for unit in UNITS:
        if value < THOUSAND or unit == UNITS[-1]:
            return f"{value:.0f} {unit}" if unit == UNITS[0] else f"{value:.1f} {unit}"
        value /= THOUSAND
    return ""


def local(url: object) -> str | None:
    """An address of this workspace's own files as a path, so that it works under any name the page was opened with."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme in ("", "http", "https") and parts.path.startswith("/files/"):
        return own_or_safe(f"{parts.path}?{parts.query}" if parts.query else parts.path)
    return own_or_safe(url)


def _measure(file: Json, names: Names) -> str:
    lines = file.get("lines")
    parts = [
        size(file.get("size")),
        names.say(several("{count} line", "{count} lines"), count=lines) if isinstance(lines, int) else "",
        str(file.get("filetype") or ""),
    ]
    return " · ".join(part for part in parts if part)


def _link(sign: str, word: str, address: str, **more: str | bool) -> Markup:
    return tag("a", icon(sign), word, class_="button small", href=address, **more)


def _download(address: str, name: str, names: Names) -> Markup:
    label = names.say("Download {name}", name=name)
    return _link("download", names.say("Download"), address, download=True, aria_label=label)


def _open(file: Json, name: str, names: Names) -> Markup | None:
    address = local(file.get("url_private"))
    if address is None:
        return None
    label = names.say("Open {name} in a new tab", name=name)
    return _link("eye", names.say("Open"), address, target="_blank", rel="noopener", aria_label=label)


def _preview(file: Json, names: Names) -> Markup | None:
    inside = file.get("preview")
    address = local(file.get("url_private"))
    if str(file.get("mimetype", "")).startswith("image/") and address and address.startswith("/"):
        return tag("img", src=address, alt=str(file.get("title") or ""), loading="lazy", class_="picture")
    if not isinstance(inside, str) or not inside:
        return None
    return tag(
        "details",
        tag("summary", names.say("Preview")),
        tag("pre", tag("code", inside), tabindex=0),
        class_="preview",
        data_key="preview",
    )
