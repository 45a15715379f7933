"""The HTML report in a browser, from a file and without a network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fw_assets.report.rendering.html import render_html
from fw_assets_tests.report.samples import sample_report

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def report_page(page: Page, tmp_path: Path) -> Page:
    file = tmp_path / "final_report.html"
    file.write_text(render_html(sample_report(6)), "utf-8")
    page.goto(file.as_uri())
    return page


def test_a_click_on_a_square_shows_its_rows(report_page: Page) -> None:
    page, errors, asked = report_page, [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    grid = page.locator('.view[data-name="tuned"] .grid').first
    grid.scroll_into_view_if_needed()
    body = grid.locator(".body")
    box = body.bounding_box()
    assert box is not None
    body.click(position={"x": box["height"] / 12, "y": box["height"] / 12})
    opened = page.locator(".cell[open]")
    assert opened.count() == 1
    assert opened.get_attribute("id") == "cell-0-tuned-0-0"
    assert opened.locator("tbody tr").count() >= 1
    assert opened.locator("tbody tr").first.is_visible()
    assert (errors, asked) == ([], [])


def test_the_keyboard_shows_the_rows_of_a_square_in_the_view_that_is_chosen(report_page: Page) -> None:
    page = report_page
    page.locator('.views input[value="base"]').first.check(force=True)
    page.locator('.view[data-name="base"] .grid').first.focus()
    for key in ("ArrowDown", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.parentElement.id") == "cell-0-base-1-1"
    assert page.locator(".cell[open]").count() == 1
    assert page.locator('.behind[data-name="tuned"]').first.is_hidden()


def test_the_table_of_candidates_fits_with_levels_of_its_own(page: Page, tmp_path: Path) -> None:
    report = sample_report(6)
    first = report.candidates[0]
    assert first.comparison is not None
    figures = {"level": 0.0125, "difference": 0.518, "interval": (0.393, 0.625), "gained": 112, "lost": 13}
    first = first.model_copy(update={"comparison": first.comparison.model_copy(update=figures)})
    report = report.model_copy(update={"candidates": (first, *report.candidates[1:])})
    file = tmp_path / "final_report.html"
    file.write_text(render_html(report), "utf-8")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(file.as_uri())
    frame = page.get_by_role("region", name="Base against fine-tuned", exact=True)
    assert {"98.75%", "winner"} <= set(re.findall(r"98\.75%|winner", frame.inner_text()))
    assert frame.evaluate("element => element.scrollWidth <= element.clientWidth")


def test_a_matrix_of_many_labels_scrolls_in_its_frame_and_fits_the_width_on_demand(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "final_report.html"
    file.write_text(render_html(sample_report(150, 2_000)), "utf-8")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(file.as_uri())
    grid = page.locator('.view[data-name="tuned"] .grid').first
    grid.scroll_into_view_if_needed()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert grid.evaluate("element => element.scrollWidth > element.clientWidth")
    page.locator(".fit").first.check()
    assert grid.evaluate("element => element.scrollWidth <= element.clientWidth")


LONG_LABELS = tuple(f"balance_not_updated_after_cheque_or_cash_deposit_{number:02}" for number in range(12))


@pytest.mark.parametrize("width", [1280, 1920])
def test_no_table_is_cut_on_a_desk_however_long_its_labels_are(page: Page, tmp_path: Path, width: int) -> None:
    file = tmp_path / "final_report.html"
    file.write_text(render_html(sample_report(labels=LONG_LABELS)), "utf-8")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(file.as_uri())
    assert page.locator(".flips tbody tr").count() > 10
    assert cut(page, ".scroll") == []


def cut(page: Page, frames: str) -> list[str]:
    """The names of the frames whose content is wider than they are, with every fold open."""
    page.add_style_tag(content="section { content-visibility: visible !important; }")
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    names = page.locator(frames).evaluate_all(
        "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.ariaLabel || e.className)"
    )
    return sorted(set(names))


def test_a_phone_shows_the_bars_and_the_rows_that_changed_without_scrolling_aside(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "final_report.html"
    file.write_text(render_html(sample_report(labels=LONG_LABELS)), "utf-8")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(file.as_uri())
    assert page.locator(".narrow .plot").first.is_visible()
    assert page.locator(".wide .plot").first.is_hidden()
    named = {"", "Finalists", "Rows that changed", "Rows of one square"}
    assert not named & set(cut(page, "figure:has(.narrow), .scroll"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
