"""Findings → a web site that opens from disk. Door: `publish`, `render_site`.

A renderer computes nothing. It arranges what Findings hold, draws it, and links every number to its
derivation; whatever text it was given is treated as hostile.
"""

from equipoise.dossier.publishing import MARKER
from equipoise.dossier.site import publish, render_site
from equipoise.dossier.trace import TraceIndex

__all__ = ["MARKER", "TraceIndex", "publish", "render_site"]
