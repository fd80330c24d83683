"""Every method that is cited is known, and every one that is known has a page."""

import re
from pathlib import Path

from equipoise.evidence.methods import METHODS

ROOT = Path(__file__).parents[3]


def test_ids_are_slugs_and_unique():
    assert all(key == method.id for key, method in METHODS.items())
    assert all(re.fullmatch(r"[a-z0-9-]+", key) for key in METHODS)


def test_every_cited_id_is_known_and_every_known_id_is_used():
    source = "\n".join(
        p.read_text()
        for p in (ROOT / "src/equipoise/evidence").rglob("*.py")
        if "methods" not in p.parts
    )
    cited = set(re.findall(r'cite="([a-z0-9-]+)"', source))
    assert cited <= set(METHODS)
    assert all(f'"{key}"' in source for key in METHODS)


def test_every_method_is_on_a_page_with_its_doi():
    pages = "\n".join(p.read_text() for p in (ROOT / "docs/methods").glob("*.md"))
    missing = [m.id for m in METHODS.values() if f"`{m.id}`" not in pages]
    assert not missing
    assert not [m.id for m in METHODS.values() if m.doi and m.doi.lower() not in pages.lower()]
