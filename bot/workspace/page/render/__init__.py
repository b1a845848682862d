"""Block Kit drawn on the server: block JSON in, `markupsafe.Markup` out, no I/O.

One file per family of blocks; `blocks.py` is the table that names them all, `html.py` the only place where an
element or attribute is written, so nothing a message says can become one.
"""
