"""Every page, opened from disk in a real browser: silent, still, and no wider than the screen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from equipoise.dossier import publish
from equipoise.findings.model import Findings

CHROMIUM = Path(os.environ.get("EQUIPOISE_CHROMIUM", "/usr/bin/chromium"))
REQUIRED = os.environ.get("CI", "").lower() in {"1", "true"}
WAYS = [
    ("desktop", {"viewport": {"width": 1200, "height": 900}}),
    ("phone", {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}),
]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    missing = None
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing = "playwright is not installed"
    if missing is None and not CHROMIUM.exists():
        missing = f"there is no Chromium at {CHROMIUM}; EQUIPOISE_CHROMIUM may name another place"
    if missing is not None:
        if REQUIRED:
            pytest.fail(f"{missing}, and this run must not go without it")
        pytest.skip(missing)
    with sync_playwright() as p:
        running = p.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--no-first-run",
            ],
        )
        yield running
        running.close()


@pytest.fixture(scope="module")
def dossiers(
    tmp_path_factory: pytest.TempPathFactory, complete: Findings, minimal: Findings
) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("dossiers")
    return publish(complete, folder / "complete"), publish(minimal, folder / "minimal")


@pytest.mark.parametrize(("way", "options"), WAYS, ids=[w for w, _ in WAYS])
def test_every_page(
    browser: Any, dossiers: tuple[Path, Path], way: str, options: dict[str, Any]
) -> None:
    context = browser.new_context(**options)
    page = context.new_page()
    trouble: list[str] = []
    here = ""
    page.on("console", lambda m: trouble.append(f"{here}: {m.type}: {m.text}"))
    page.on("pageerror", lambda e: trouble.append(f"{here}: {e}"))

    def failed(request: Any) -> None:
        # Going on to the next page cuts off the icon of this one; that is no failure of the page.
        if not (request.failure == "net::ERR_ABORTED" and request.url.endswith("favicon.svg")):
            trouble.append(f"{here}: could not load {request.url}: {request.failure}")

    page.on("requestfailed", failed)
    page.on(
        "request",
        lambda r: None if r.url.startswith("file://") else trouble.append(f"{here}: asks {r.url}"),
    )
    for dossier in dossiers:
        paths = sorted(dossier.rglob("*.html"))
        assert paths
        for path in paths:
            here = f"{way}, {path.relative_to(dossier)}"
            page.goto(path.as_uri())
            state = page.evaluate(
                """() => ({
                    page: document.documentElement.scrollWidth,
                    screen: innerWidth,
                    styled: getComputedStyle(document.body).fontVariantNumeric,
                    paper: getComputedStyle(document.documentElement).backgroundColor,
                })"""
            )
            assert state["page"] <= state["screen"], f"{here} is wider than the screen"
            assert state["styled"] == "tabular-nums", f"{here} lost its stylesheet"
            dark = options.get("color_scheme") == "dark"
            assert state["paper"] == ("rgb(20, 24, 27)" if dark else "rgb(251, 250, 246)")
    context.close()
    assert trouble == []


def test_a_number_leads_to_its_derivation(browser: Any, dossiers: tuple[Path, Path]) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto((dossiers[0] / "index.html").as_uri())
    page.locator(".card a.n").first.click()
    assert "/trace/" in page.url
    assert page.locator("article.number:target").count() == 1
    context.close()


def test_the_keyboard_reaches_the_content_first(browser: Any, dossiers: tuple[Path, Path]) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto((dossiers[0] / "index.html").as_uri())
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.textContent")
    assert focused == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    context.close()


def test_it_can_be_read_without_scripts(browser: Any, dossiers: tuple[Path, Path]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((dossiers[0] / "safety.html").as_uri())
    assert page.locator("h1").inner_text()
    context.close()


def test_nothing_is_cut_off_in_print(browser: Any, dossiers: tuple[Path, Path]) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto((dossiers[0] / "conditions" / "fibromyalgia.html").as_uri())
    page.emulate_media(media="print")
    assert page.locator(".scroll").first.evaluate("e => getComputedStyle(e).overflowX") == "visible"
    assert not page.locator(".top nav").is_visible()
    context.close()
