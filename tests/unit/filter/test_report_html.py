# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that makes a page of the drift report; how a browser shows it is tested in tests/browser."""

from __future__ import annotations

import base64
import copy
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from markupsafe import Markup

from ansible_collections.medstack.control.plugins.filter.report_html import FilterModule
from ansible_collections.medstack.control.plugins.plugin_utils._fleet_report import STATES
from ansible_collections.medstack.control.plugins.plugin_utils._report_html import FOLDER, SHADES
from tests.browser import samples

report_html = FilterModule().filters()["report_html"]

EMPTY = {"meta", "link"}  # HTML elements without an end


class Page(HTMLParser):
    """The elements of a page, each with its attributes and text; fails on one that is not closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[tuple[str, list[str]]] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        texts: list[str] = []
        self.elements.append((tag, dict(attrs), texts))
        if tag not in EMPTY:
            self._open.append((tag, texts))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for dummy, texts in self._open:
            texts.append(data)

    def texts(self, *tags: str) -> list[str]:
        return [" ".join("".join(texts).split()) for tag, dummy, texts in self.elements if tag in tags]

    def of_class(self, name: str) -> list[str]:
        return [" ".join("".join(texts).split()) for dummy, attributes, texts in self.elements if attributes.get("class") == name]


@pytest.fixture(scope="module")
def every_state() -> str:
    return report_html(samples.every_state())


def page_of(*entries: dict[str, Any]) -> Page:
    return Page(report_html(samples.report(entries)))


def text_of(page: Page) -> str:
    return page.texts("body")[0]


@pytest.mark.parametrize("report", [samples.fleet(), samples.every_state(), samples.hostile(), samples.report([])])
def test_a_page_is_whole_and_plain_text(report):
    html = report_html(report)
    assert not isinstance(html, Markup)
    assert html.encode("utf-8").startswith(b"<!DOCTYPE html>\n<html lang=")
    Page(html)


def test_it_names_each_cluster_with_its_state_and_the_worst_come_first(every_state):
    page = Page(every_state)
    headings = page.texts("h2")
    assert [re.sub(r" \d+\Z", "", heading[2:]) for heading in headings] == [word.capitalize() for word in STATES.values()]
    assert page.texts("h3") == [cluster["label"] or cluster["name"] for cluster in samples.every_state()["clusters"]]
    assert {sign.split()[0] for sign in page.of_class("state")} == {heading[0] for heading in headings}


def test_what_there_is_to_say_of_a_cluster_stands_in_its_card(every_state):
    page = Page(every_state)
    cards = dict(zip(page.texts("h3"), page.texts("article")))
    report = {cluster["label"]: cluster for cluster in samples.every_state()["clusters"]}

    failed = cards["e-referral production"]
    said = report["e-referral production"]
    assert "Declared 3 Medium There 3 Medium" in failed
    for text in (said["id"], said["message"], *said["troubles"], *said["findings"], said["plan"]["id"]):
        assert text in failed
    (step,) = said["plan"]["operations"]
    assert f"Create Medium {step['why']} {step['impact']}" in failed
    assert "error since 2026-11-23 20:15 UTC" in failed
    assert "The plan would be refused" in failed

    extra = cards["intake-forms staging"]
    left = report["intake-forms staging"]["extra"]
    assert f"Beyond the declaration, and left alone {left[0]} (Large), {left[1]} (Small)" in extra
    # The inventory's name is told where it is more than the label in other characters.
    assert "in the inventory: forms-staging" in extra
    assert "in the inventory" not in failed
    assert "Canada Central" in extra

    assert "so the plan has no id yet" in cards["claims-export staging"]
    assert "Why it is not readable GET .../nodes: the list says has_more: it is partial." in cards["lab-results production"]
    assert "no address yet" in cards["consent-registry staging"]
    assert "There no nodes" in cards["vaccination-record staging"]


def test_steps_are_told_by_what_they_do():
    page = page_of(samples.entry("a", None, "1 Large", "1 Small, 1 Medium", resize=True, prune=True))
    (resize, destroy) = page.of_class("step")
    assert re.fullmatch(r"Resize node_\w+ Medium →to Large", resize)
    assert re.fullmatch(r"Destroy node_\w+ \(Small\)", destroy)


@pytest.mark.parametrize(
    ("there", "says"),
    [
        ([("1 Small", "2 Small"), ("1 Small", "1 Small")], "1 of 2 clusters needs attention"),
        ([("1 Small", "2 Small"), ("1 Small", "1 Small error")], "2 of 2 clusters need attention"),
        ([("1 Small", "1 Small"), ("1 Small", "1 Small")], "All 2 clusters are as declared"),
        ([("1 Small", "1 Small")], "The cluster is as declared"),
        ([("1 Small", "1 Small rebooting"), ("1 Small", "1 Small"), (None, "1 Small")], "No cluster needs attention"),
        ([], "There are no clusters"),
    ],
)
def test_the_heading_says_whether_somebody_has_to_act(there, says):
    page = page_of(*(samples.entry(f"cluster {number}", None, *texts) for number, texts in enumerate(there)))
    assert page.texts("h1") == [f"Drift report: {says}"]


def test_counts_are_told_in_words_and_a_button_each(every_state):
    page = Page(every_state)
    (tally,) = page.of_class("tally")
    assert tally == (
        "11 clusters with 15 nodes: 2 not readable, 2 failed nodes, 2 drift, 1 in transition, 2 not declared, 2 as declared. "
        "Made 2026-11-23 20:15 UTC."
    )
    assert page.texts("button") == [
        "11 All",
        "2 ? Not readable",
        "2 × Failed nodes",  # noqa: RUF001 - the sign
        "2 ≠ Drift",
        "1 … In transition",
        "2 – Not declared",  # noqa: RUF001 - the sign
        "2 ✓ As declared",
    ]
    assert text_of(page_of(samples.entry("a", None, "1 Small", "1 Small"))).count("1 cluster with 1 node: 1 as declared.") == 1


def rects(page: Page) -> list[tuple[str, int, int]]:
    return [
        (str(attributes["class"]), int(attributes["x"] or ""), int(attributes["width"] or ""))
        for tag, attributes, dummy in page.elements
        if tag == "rect"
    ]


def test_a_bar_shows_each_node_and_more_memory_is_darker():
    page = page_of(samples.entry("a", None, "1 Medium, 1 node_size_q8ZvrZpm", "2 Small, 1 Large"))
    declared, there = rects(page)[:2], rects(page)[2:]
    # By name or by id, and in the order of what is there.
    assert declared == [(f"shade-{SHADES}", 0, 1), ("shade-3", 1, 1)]
    assert there == [(f"shade-{SHADES}", 0, 1), ("shade-1", 1, 1), ("shade-1", 2, 1)]
    legend = [text for tag, attributes, texts in page.elements if attributes.get("class") == "legend" for text in texts if text.strip()]
    assert legend == ["Small: 1 core, 2 GiB", "Medium: 2 cores, 4 GiB", "Large: 2 cores, 8 GiB"]


def test_both_bars_of_a_cluster_have_one_scale_and_what_is_as_declared_needs_one_only():
    page = page_of(samples.entry("a", None, "3 Small", "1 Small"), samples.entry("b", None, "3 Small", "3 Small"))
    bars = [attributes["viewbox"] for tag, attributes, dummy in page.elements if tag == "svg"]
    assert bars == ["0 0 3 1"] * 3


def test_a_bar_of_very_many_nodes_shows_their_sizes_only():
    assert rects(page_of(samples.entry("a", None, None, "50 Small, 20 Large"))) == [(f"shade-{SHADES}", 0, 20), ("shade-1", 20, 50)]


def test_a_size_of_which_nothing_is_known_has_a_shade_of_its_own():
    assert rects(page_of(samples.entry("a", None, None, "1 Odd, 1 Small"))) == [("shade-1", 0, 1), ("shade-0", 1, 1)]


def attributes_of(html: str) -> Iterator[tuple[str, str, str | None]]:
    for tag, attributes, dummy in Page(html).elements:
        for name, value in attributes.items():
            yield tag, name, value


def test_nothing_that_comes_from_outside_becomes_a_part_of_the_page():
    hostile, tame = report_html(samples.hostile()), report_html(samples.every_state())
    assert {tag for tag, *dummy in attributes_of(hostile)} == {tag for tag, *dummy in attributes_of(tame)}
    assert {name for dummy, name, also in attributes_of(hostile)} == {name for dummy, name, also in attributes_of(tame)}
    assert samples.SCRIPT in text_of(Page(hostile))
    assert samples.IMAGE in text_of(Page(hostile))
    assert "{{ 7 * 7 }}" in text_of(Page(hostile))
    # No character that turns the direction of the text, none that no file takes.
    assert all(char.isprintable() or char == "\n" for char in hostile)


def test_the_policy_lets_nothing_pass_but_the_style_and_the_script_of_the_page(every_state):
    html = every_state
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    inside = {tag: re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL) for tag in ("style", "script")}
    assert [len(texts) for texts in inside.values()] == [1, 1]
    hashes = {tag: base64.b64encode(hashlib.sha256(texts[0].encode()).digest()).decode() for tag, texts in inside.items()}
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{hashes['style']}'",
        f"script-src 'sha256-{hashes['script']}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert "style" not in {name for dummy, name, also in attributes_of(html)}
    assert not [name for dummy, name, also in attributes_of(html) if name.startswith("on")]


def test_nothing_is_loaded_from_anywhere(every_state):
    assert [value for dummy, name, value in attributes_of(every_state) if name in ("src", "href", "srcset", "action", "data")] == ["data:,"]
    for text in (every_state, *(FOLDER.joinpath(name).read_text("utf-8") for name in ("report.css", "report.js"))):
        assert not re.search(r"https?:|url\(|@import|@font-face|fetch\(|XMLHttpRequest", text)


def test_headings_leave_no_level_out_and_the_landmarks_are_there(every_state):
    page = Page(every_state)
    levels = [int(tag[1]) for tag, *dummy in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:]))
    assert [tag for tag, *dummy in page.elements if tag in ("header", "main", "footer")] == ["header", "main", "footer"]


def changed(*path: Any, to: Any = None) -> Any:
    """A report of the right shape but for one value; without `to` it is left out."""
    report = copy.deepcopy(samples.every_state())
    inner = report
    for key in path[:-1]:
        inner = inner[key]
    if to is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return report


FAILED = 3  # the number of a cluster that has everything


@pytest.mark.parametrize(
    ("report", "offending"),
    [
        (None, "it is no dictionary"),
        ([], "it is no dictionary"),
        ("{}", "it is no dictionary"),
        ({}, "it has no schema"),
        (changed("generated_at"), "it has no generated_at"),
        (changed("generated_at", to="yesterday"), "it.generated_at is no time"),
        (changed("generated_at", to="2026-11-23T20:15:00"), "it.generated_at is no time"),
        (changed("summary", "drift"), "it.summary has no drift"),
        (changed("summary", "drift", to=True), "it.summary.drift is no whole number"),
        (changed("clusters", to={}), "it.clusters is no list"),
        (changed("clusters", 0, to="x"), "it.clusters[0] is no dictionary"),
        (changed("clusters", FAILED, "label"), "it.clusters[3] has no label"),
        (changed("clusters", FAILED, "extra", to="node_a"), "it.clusters[3].extra is no list"),
        (changed("clusters", FAILED, "troubles", to=[1]), "it.clusters[3].troubles[0] is no text"),
        (changed("clusters", FAILED, "nodes", 1, "size", "memory", to="4"), "it.clusters[3].nodes[1].size.memory is no number"),
        (changed("clusters", FAILED, "nodes", 1, "since"), "it.clusters[3].nodes[1] has no since"),
        (changed("clusters", FAILED, "plan", "operations", 0, "why"), "it.clusters[3].plan.operations[0] has no why"),
    ],
)
def test_what_is_no_report_is_refused_by_what_is_wrong_with_it(report, offending):
    with pytest.raises(AnsibleFilterError) as refusal:
        report_html(report)
    assert f"as the filter medstack.control.fleet_report returns it: {offending}." in str(refusal.value)


@pytest.mark.parametrize(
    ("report", "says"),
    [
        (changed("schema", to=2), "The report is of the schema 2; this page shows the schema 1."),
        (
            changed("clusters", FAILED, "state", to="odd\n"),
            'The state of cluster e-referral_production is "odd": none of unreadable,',
        ),
    ],
)
def test_a_report_of_another_time_is_refused(report, says):
    with pytest.raises(AnsibleFilterError) as refusal:
        report_html(report)
    assert says in str(refusal.value)
