# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A list is whole, or its next page is named, or it is an error."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._api.paging import MOST_PAGES, Pages, Partial
from ansible_collections.medstack.control.plugins.module_utils._base.fields import Malformed
from ansible_collections.medstack.control.plugins.module_utils._base.models import NodeSize

URL = "https://api.medstack.co/v1/companies/company_dlo/clusters/cluster_a/nodes"
PATH = "/v1/companies/company_dlo/clusters/cluster_a/nodes"
ITEMS = [{"id": f"node_size_{letter}"} for letter in "abc"]


def pages(ignore_total: bool = False) -> Pages[NodeSize]:
    return Pages(URL, NodeSize.parse, ignore_total)


def envelope(said: dict[str, Any], items: list[dict[str, str]] = ITEMS) -> dict[str, Any]:
    return {"object": "list", "data": items, **said}


NOTHING_MORE: list[dict[str, Any]] = [
    {},
    {"has_more": False},
    {"has_more": None},
    {"next": None},
    {"next": ""},
    {"next": False},
    {"links": None},
    {"links": {}},
    {"links": {"self": PATH, "first": PATH, "last": PATH, "prev": PATH, "next": None}},
    {"links": [{"rel": "self", "href": PATH}]},
    {"_links": {"self": {"href": PATH}}},
    {"total": 3},
    {"total": "3"},
    {"total": None},
    {"total_count": 3, "count": 3},
    {"count": 2},
    {"meta": {"total": 3, "page": 1, "pages": 1, "per_page": 3}},
    {"meta": {"pagination": {"total": 3, "total_pages": 1, "current_page": 1}}},
    {"pagination": {"page": 1, "pages": 1, "per_page": 20}},
    {"page": {"size": 20, "totalElements": 3, "totalPages": 1, "number": 0}},
    {"pageInfo": {"hasNextPage": False, "endCursor": "node_size_c"}},
    {"cursor": None, "next_cursor": ""},
    {"cursors": {"before": "node_size_a", "after": None}},
    {"limit": 20, "offset": 0},
    {"limit": 3, "next": None},
    {"limit": 3, "total": 3},
    {"last": True},
    # These do not speak of paging.
    {"url": PATH, "request_id": "next", "company": {"total": 9, "pages": 2}, "version": 7, "warnings": ["has_more"]},
    {"more_info": "https://docs.example/", "description": "more"},
    {"pages": {"next": None, "page": 1, "per_page": 50, "total_pages": 1}},
    {"_links": {"next": {"href": None}}},
    {"_links": {"next": None, "last": {"href": PATH}}},
    {"result_info": {"page": 1, "per_page": 20, "total_count": 3, "total_pages": 1}},
    {"metadata": {"continue": "", "remainingItemCount": None}},
    {"done": True, "totalSize": 3},
    {"last": PATH, "last_page": 1},
    {"next": {"url": None}},
    {"a.b.c.d.e": {}, "annotations": {"a.b.c.io/x.y": {}}},
    {"meta": {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}},
]


@pytest.mark.parametrize("said", NOTHING_MORE, ids=str)
def test_nothing_more(said: dict[str, Any]) -> None:
    whole = pages()
    assert whole.add(envelope(said), {"Content-Type": "application/json", "X-RateLimit-Limit": "3", "X-Total-Count": "3"}) is None
    assert [item.id for item in whole.items] == ["node_size_a", "node_size_b", "node_size_c"]


MORE: list[dict[str, Any]] = [
    {"has_more": True},
    {"has_more": "true"},
    {"has_more": 1},
    {"hasMore": True},
    {"meta": {"has_next": True}},
    {"pageInfo": {"hasNextPage": True}},
    {"truncated": True},
    {"last": False},
    {"next": 2},
    {"next": True},
    {"next": ["/v1/x"]},
    {"next": {"page": 2}},
    {"next": {"href": 2}},
    {"next_page": 2},
    {"next_url": PATH + "?page=2"},
    {"nextLink": PATH + "?page=2"},
    {"@odata.nextLink": PATH + "?page=2"},
    {"meta": {"next": PATH + "?page=2"}},
    {"links": [{"rel": "next", "href": PATH + "?page=2"}]},
    {"cursor": "abc"},
    {"next_cursor": "abc"},
    {"meta": {"cursor": "abc"}},
    {"paging": {"cursors": {"after": "abc"}}},
    {"nextPageToken": "abc"},
    {"response_metadata": {"next_cursor": "abc"}},
    {"pages": 2},
    {"meta": {"total_pages": "2"}},
    {"pagination": {"page_count": 2}},
    {"company": {"next": "node_z"}},
    {"result_info": {"total_pages": 2}},
    {"page_context": {"has_more_page": True}},
    {"info": {"more_records": True}},
    {"link": [{"relation": "next", "url": PATH + "?page=2"}]},
    {"metadata": {"continue": "abc"}},
    {"metadata": {"remainingItemCount": 3}},
    {"next_page_uri": PATH + "?page=2"},
    {"pagination": {"next_uri": PATH + "?page=2"}},
    {"NextContinuationToken": "abc"},
    {"IsTruncated": True},
    {"next_page_cursor": "abc"},
    {"meta": {"after_cursor": "abc"}},
    {"has_more_results": True},
    {"more_available": True},
    {"remaining": 3},
    {"done": False, "nextRecordsUrl": PATH},
    {"incomplete_results": True},
    {"pages": {"next": {"page": 2, "starting_after": "abc"}}},
    {"meta": {"current_page": 1, "last_page": 3}},
    {"lastPage": 3},
    {"complete": "false"},
    {"complete": 0},
    {"limit": 3, "total": -1},
    {"limit": 3, "total": 0},
    {"limit": 3, "count": 3},
    {"links": [{"rel": ["next"], "href": "?page=2"}]},
    {"meta": [{"has_more": True}]},
    {"link": {"rel": "next", "href": "?page=2"}},
    {"links": {"x": {"rel": "next", "href": "?page=2"}}},
    {"page": 2},
    {"offset": 3},
    {"page": "last"},
    {"limit": 3},
    {"meta": {"per_page": 3, "page": 1}},
]


@pytest.mark.parametrize("said", MORE, ids=str)
def test_more_that_cannot_be_read(said: dict[str, Any]) -> None:
    for chosen in (False, True):
        with pytest.raises(Partial, match="the list is partial: ") as refusal:
            pages(ignore_total=chosen).add(envelope(said), {})
        assert not refusal.value.by_total


MORE_BY_TOTAL: list[dict[str, Any]] = [
    {"total": 4},
    {"total": "4"},
    {"total_count": 4},
    {"totalCount": 4},
    {"count": 4},
    {"meta": {"total": 4}},
    {"meta": {"pagination": {"total": 4}}},
    {"pagination": {"total_items": 4}},
    {"page": {"totalElements": 4}},
    {"result_info": {"total_count": 4}},
    {"@odata.count": 4},
    {"total_nodes": 4},
    {"meta": {"totalNodes": 4}},
]


@pytest.mark.parametrize("said", MORE_BY_TOTAL, ids=str)
def test_a_total_above_what_is_there_is_an_error_that_can_be_overridden(said: dict[str, Any]) -> None:
    with pytest.raises(Partial, match=": 4, and holds 3 items") as refusal:
        pages().add(envelope(said), {})
    assert refusal.value.by_total
    overridden = pages(ignore_total=True)
    assert overridden.add(envelope(said), {}) is None
    assert len(overridden.items) == 3


@pytest.mark.parametrize("total", [True, "many", 2.5, 3.1, "3.0", {"value": 3}, [3], 10**400, float("inf")], ids=repr)
def test_a_total_that_cannot_be_read_is_an_error(total: Any) -> None:
    with pytest.raises(Partial):
        pages(ignore_total=True).add(envelope({"total": total}), {})


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Next-Page": "2"},
        {"X-Total-Pages": "2"},
        {"X-Has-More": "true"},
        {"x-next-cursor": "abc"},
        {"X-Total-Count": "4"},
        {"Content-Range": "nodes 0-2/4"},
        {"X-Pagination": '{"TotalCount": 6, "PageSize": 3}'},
        {"X-WP-Total": "6"},
        {"X-WP-TotalPages": "2"},
        {"x-ms-continuation": "abc"},
        {"Pagination-Count": "6"},
        {"X-Last-Page": "3"},
        {"Has-More": "true"},
        {"Link": "<https://elsewhere.example/v1/nodes?page=2>; rel='next'"},
        {"Link": 'rel="next"'},
        {"Link": '<https://elsewhere.example/v1/nodes?page=2>; rel="next"'},
    ],
    ids=str,
)
def test_a_header_says_so_too(headers: dict[str, str]) -> None:
    with pytest.raises(Partial):
        pages().add(envelope({}), headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Next-Page": "", "X-Total-Pages": "1", "X-Total": "3"},
        {"X-Page": "1", "X-Per-Page": "20", "X-Prev-Page": "", "X-Pagination": '{"TotalCount": 3}'},
        {"X-RateLimit-Remaining": "59", "X-Rate-Limit-Limit": "3", "X-Quota-Total": "1000", "X-Request-Id": "next", "X-Cache-Hits": "9"},
        {"X-Nextjs-Cache": "HIT", "X-Request-Count": "42", "X-Sync-Token": "a", "X": "", "X-WP": "1"},
        {"Content-Range": "nodes 0-2/*"},
        {"Content-Range": "bytes 0-499/500"},
        {"Link": f'<{URL}>; rel="first", <{URL}>; rel="last"'},
        {"Link": '<https://docs.example/next>; rel="help"; title="what is next"'},
    ],
    ids=str,
)
def test_a_header_that_says_nothing_of_the_kind(headers: dict[str, str]) -> None:
    assert pages().add(envelope({}), headers) is None


FOLLOWED: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"next": URL + "?page=2"}, {}),
    ({"next": PATH + "?page=2", "has_more": True, "total": 4, "next_page": 2, "cursor": "abc", "limit": 3}, {}),
    ({"next": "?page=2"}, {}),
    ({"next": "nodes?page=2"}, {}),
    ({"next": URL.replace("https://api", "HTTPS://API").replace(".co", ".co:443") + "?page=2"}, {}),
    ({"links": {"next": PATH + "?page=2"}}, {}),
    ({"links": [{"self": PATH}, {"next": PATH + "?page=2"}]}, {}),
    ({"_links": {"next": {"href": PATH + "?page=2"}}}, {}),
    ({}, {"Link": f'<{URL}?page=1>; rel="first", <{URL}?page=2>; rel="next"'}),
    ({}, {"link": f"<{PATH}?page=2>;REL=next"}),
    ({}, {"Link": f'<{PATH}?page=2>; rel="Next last"'}),
    ({"next": PATH + "?page=2"}, {"Link": f'<{URL}?page=2>; rel="next"'}),
]


@pytest.mark.parametrize(("said", "headers"), FOLLOWED, ids=str)
def test_the_next_page_of_the_same_list_is_followed(said: dict[str, Any], headers: dict[str, str]) -> None:
    whole = pages()
    following = whole.add(envelope(said), headers)
    assert following is not None
    assert following.lower().replace(":443", "") == f"{URL}?page=2"
    assert whole.add(envelope({"next": None, "total": 4, "page": 2, "pages": 2}, [{"id": "node_size_d"}]), {}) is None
    assert [item.id for item in whole.items] == [f"node_size_{letter}" for letter in "abcd"]


@pytest.mark.parametrize(
    "target",
    [
        "http://api.medstack.co" + PATH + "?page=2",
        "https://api.medstack.co:8443" + PATH + "?page=2",
        "https://api.medstack.co.elsewhere.example" + PATH + "?page=2",
        "https://somebody@api.medstack.co" + PATH + "?page=2",
        "//elsewhere.example" + PATH + "?page=2",
        "/v1/companies/company_dlo/clusters/cluster_b/nodes?page=2",
        "/v1/companies/company_dlo/clusters/cluster_a/nodes/node_a/reboot",
        PATH + "/..?page=2",
        PATH.replace("nodes", "%6eodes") + "?page=2",
        PATH + "?page=2#more",
        PATH + "?page=2\r\nX: y",
        PATH + "?page= 2",
        "\\\\elsewhere.example" + PATH,
        "https://[",
        "javascript:alert(1)",
        "node_size_d",
        PATH,
        URL,
    ],
)
def test_a_page_elsewhere_is_not_followed(target: str) -> None:
    for said, headers in (({"next": target}, {}), ({"_links": {"next": {"href": target}}}, {}), ({}, {"Link": f'<{target}>; rel="next"'})):
        with pytest.raises(Partial):
            pages().add(envelope(said), headers)


@pytest.mark.parametrize("said", [{"incomplete_results": True}, {"truncated": True}, {"offset": 3}, {"page": 2}], ids=str)
def test_a_page_that_is_a_part_itself_is_an_error_also_if_it_links_to_the_next(said: dict[str, Any]) -> None:
    with pytest.raises(Partial):
        pages().add(envelope({"next": "?page=2", **said}), {})


def test_a_page_count_holds_for_all_pages() -> None:
    short = pages()
    short.add(envelope({"next": "?page=2", "pages": 3}), {})
    with pytest.raises(Partial, match="it says pages: 3, and links to no next page"):
        short.add(envelope({}, [{"id": "node_size_d"}]), {})


def test_the_last_of_linked_pages_may_be_full() -> None:
    whole = pages()
    whole.add(envelope({"_links": {"next": {"href": "?page=2"}}, "limit": 3}), {})
    assert whole.add(envelope({"_links": {}, "limit": 3}, [{"id": f"node_size_{letter}"} for letter in "def"]), {}) is None
    assert len(whole.items) == 6


def test_to_ignore_the_total_overrides_no_full_page() -> None:
    with pytest.raises(Partial, match="does not say that these are all"):
        pages(ignore_total=True).add(envelope({"limit": 3, "total": 6}), {})


def test_two_next_pages_are_an_error() -> None:
    with pytest.raises(Partial, match="several next pages"):
        pages().add(envelope({"next": "?page=2", "links": {"next": "?page=3"}}), {})


def test_a_page_that_leads_back_is_an_error() -> None:
    circle = pages()
    circle.add(envelope({"next": "?page=2"}), {})
    with pytest.raises(Partial, match="was read already"):
        circle.add(envelope({"next": "?page=2"}, []), {})


def test_an_id_on_two_pages_is_an_error() -> None:
    shifted = pages()
    shifted.add(envelope({"next": "?page=2"}), {})
    with pytest.raises(Malformed, match="holds node_size_c twice"):
        shifted.add(envelope({}, [{"id": "node_size_c"}]), {})


def test_there_is_an_end_to_it() -> None:
    endless = pages()
    for number in range(1, MOST_PAGES):
        endless.add(envelope({"next": f"?page={number + 1}"}, [{"id": f"node_size_{number}"}]), {})
    with pytest.raises(Partial, match=f"more than {MOST_PAGES} pages"):
        endless.add(envelope({"next": "?page=none"}, []), {})


def test_a_total_is_compared_with_all_pages() -> None:
    short = pages()
    short.add(envelope({"next": "?page=2", "total": 5}), {})
    with pytest.raises(Partial, match="total: 5, and holds 4 items"):
        short.add(envelope({"total": 5}, [{"id": "node_size_d"}]), {})


@pytest.mark.parametrize("key", ["next", "total", "meta", "links", "rel"])
def test_nesting_without_end_is_malformed_or_no_matter(key: str) -> None:
    deep: Any = "?page=2"
    for dummy in range(5_000):
        deep = {"href": "?page=2", key: [deep]} if dummy % 2 else [deep]
    for value in (deep, {key: deep}):
        with suppress(Malformed):
            pages().add(envelope({key: value}), {})


def test_a_long_key_is_read_at_once() -> None:
    assert pages().add(envelope({"pag" * 100_000: {"x": 1}}), {}) is None
