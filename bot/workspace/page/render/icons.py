"""The few drawings the page needs, as inline SVG in the text's own colour."""

from markupsafe import Markup

from bot.workspace.page.render.html import join, tag

PATHS = {
    "complete": ["M5 12.5l4.5 4.5L19 7.5"],
    "error": ["M7 7l10 10", "M17 7L7 17"],
    "pending": [],
    "in_progress": [],
    "file": ["M7 3h7l4 4v14H7z", "M14 3v5h4", "M10 13h5", "M10 17h5"],
    "hash": ["M9 4L7 20", "M17 4l-2 16", "M4 9h16", "M3 15h16"],
    "reply": ["M4 5h16v11H10l-5 4v-4H4z"],
    "link": ["M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-6-6l-1 1", "M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 6 6l1-1"],
    "more": ["M5 12h.01", "M12 12h.01", "M19 12h.01"],
    "close": ["M6 6l12 12", "M18 6L6 18"],
    "menu": ["M4 7h16", "M4 12h16", "M4 17h16"],
    "send": ["M4 12L20 4l-5 16-4-7z"],
    "down": ["M12 5v14", "M6 13l6 6 6-6"],
    "theme": ["M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z"],
    "download": ["M12 4v11", "M7 11l5 5 5-5", "M5 20h14"],
    "eye": ["M3 12s3.5-6 9-6 9 6 9 6-3.5 6-9 6-9-6-9-6z", "M12 12h.01"],
    "home": ["M4 11l8-7 8 7", "M6 10v10h12V10"],
    "keys": ["M3 7h18v11H3z", "M7 11h.01", "M12 11h.01", "M17 11h.01", "M8 15h8"],
    "smile": ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M9 10h.01", "M15 10h.01", "M8.5 14.5c2 2.4 5 2.4 7 0"],
}


def icon(name: str) -> Markup:
    """One drawing, silent to screen readers: a word always stands beside it."""
    return tag(
        "svg",
        join(tag("path", d=path) for path in PATHS[name]),
        class_=f"icon icon-{name}",
        viewBox="0 0 24 24",
        aria_hidden="true",
    )
