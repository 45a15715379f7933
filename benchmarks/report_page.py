"""final_report.html at 150 labels in headless Chromium: time to interactive, console errors, requests, screenshots.

    python -m benchmarks.report_page [FOLDER]

Needs playwright (not a dependency of the project) and a chromium on the path.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from benchmarks.arguments import positional
from fw_assets.report.rendering.html import render_html
from fw_assets_tests.report.diagnostics_samples import with_diagnostics
from fw_assets_tests.report.samples import sample_report

SECTIONS = ("answer", "candidates", "confusion", "confidence", "flips", "choices")


def main(folder: Path) -> None:
    """Open the page in light, dark and print, and print what was seen."""
    from playwright.sync_api import sync_playwright  # type: ignore[import-not-found,unused-ignore]

    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    page_file = folder / "final_report.html"
    page_file.write_text(render_html(with_diagnostics(sample_report(150, 6_000))), "utf-8")
    print(f"{page_file}: {page_file.stat().st_size / 1e6:.1f} MB")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium") or shutil.which("google-chrome"))
        for scheme in ("light", "dark"):
            _look(browser, page_file, scheme, folder)
        page = browser.new_page()
        page.goto(page_file.as_uri())
        page.emulate_media(media="print", color_scheme="light")
        page.pdf(path=folder / "print.pdf")
        browser.close()
    print(f"screenshots and print.pdf in {folder}")


def _look(browser: Any, page_file: Path, scheme: str, folder: Path) -> None:
    page = browser.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    started = time.perf_counter()
    page.goto(page_file.as_uri())
    loaded = page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive") / 1000
    page.click("#theme")
    page.click("#theme")
    ready = time.perf_counter() - started
    print(f"{scheme}: DOM interactive {loaded:.2f} s, two clicks answered {ready:.2f} s after opening")
    others = [url for url in asked if url != page_file.as_uri()]
    print(f"  console: {said or 'nothing'}; requests besides the file: {others or 'none'}")
    page.add_style_tag(content=".bar{position:static!important}")
    for section in SECTIONS:
        found = page.query_selector(f"#{section}")
        if found:
            found.scroll_into_view_if_needed()
            found.screenshot(path=folder / f"{scheme}-{section}.png")


if __name__ == "__main__":
    main(*positional(__doc__, folder=Path("report-page")))
