# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an API might send in place of an honest answer, and an independent judge of which of it can be acted on.

The judge knows the contract (docs/api.md, and docs/design.md for what is read leniently), and nothing of the collection.
"""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.emulator import seed
from tests.emulator.shapes import HTML_PAGE

# -- the judge --

COMPANY, CLUSTERS, SIZES, NODES, NODE = "company", "clusters", "node sizes", "nodes", "node"

# What a request is for: to decide, to change something, or to see (before and after) what the decision rests on or has led to.
READ, CHANGE, LOOK = "read", "change", "look"

KINDS = ("company", "cluster", "node_size", "node", "list", "error")  # what an object can say that it is
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z")  # all else could address something else
COMPANY_TEXTS = ("name", "street_address", "city", "province", "country", "postal_code", "phone_number")


NOTHING = (None, False, "", "false", [], {})  # what a key can say that speaks of more, when there is none; 0 is False


class _Flaw(Exception):
    """The body is not what the contract says."""


def whole(kind: str, raw: bytes, node_id: str | None = None) -> bool:
    """Whether the body is all of what was asked for, and nothing else; `node_id` is the node that it has to be about."""
    try:
        _judge(kind, _value(raw), node_id)
    except (_Flaw, ValueError, RecursionError):
        return False
    return True


def _value(raw: bytes) -> Any:
    """The one JSON value: UTF-8 as RFC 8259 says (a byte order mark may be ignored), and nothing on which readers differ."""
    value = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_no_twins, parse_constant=_no_number)
    json.dumps(value, ensure_ascii=False).encode()  # raises for half a surrogate pair
    return value


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _expect(len(pairs) == len({key for key, dummy in pairs}))
    return dict(pairs)


def _no_number(word: str) -> Any:
    raise _Flaw(word)


def _expect(condition: bool) -> None:
    if not condition:
        raise _Flaw


def _judge(kind: str, value: Any, node_id: str | None) -> None:
    if kind == COMPANY:
        _thing(value, "company")
        _texts(value, *COMPANY_TEXTS)
    elif kind == NODE:
        _node(value)
        _expect(node_id in (None, value["id"]))
    else:
        _expect(isinstance(value, dict) and value.get("object") == "list" and isinstance(value.get("data"), list))
        for name, said in value.items():
            _expect(name.lower() not in ("has_more", "next", "cursor") or said in NOTHING)
            _expect(name.lower() != "total" or said in NOTHING or _count(said) <= len(value["data"]))
        for item in value["data"]:
            {CLUSTERS: _cluster, SIZES: _size, NODES: _node}[kind](item)
        _expect(len(value["data"]) == len({item["id"] for item in value["data"]}))


def _count(value: Any) -> int:
    """A whole number, or a text of digits."""
    number = (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())
    _expect(number or (isinstance(value, str) and value.isdecimal()))
    return int(value)


def _thing(value: Any, kind: str) -> None:
    """An object with an id, which does not say that it is something else; it may say nothing."""
    _expect(isinstance(value, dict))
    _texts(value, "object")
    _expect(((value.get("object") or "").strip() or kind).lower() == kind)
    _expect(isinstance(value.get("id"), str) and ID.match(value["id"]) is not None)


def stands_for_an_operation(raw: bytes) -> bool:
    """Whether the body is an object of a kind that nobody knows: the request was accepted, and what became of it is not in here."""
    try:
        value = _value(raw)
    except (_Flaw, ValueError, RecursionError):
        return False
    said = value.get("object") if isinstance(value, dict) else None
    return isinstance(said, str) and said.strip().lower() not in ("", *KINDS)


def _texts(value: dict[str, Any], *names: str) -> None:
    _expect(all(isinstance(value.get(name), (str, type(None))) for name in names))


def _cluster(value: Any) -> None:
    """Where it runs is only shown, in whatever shape it comes; as an object it has to be the documented one."""
    _thing(value, "cluster")
    _texts(value, "label")
    for name, inner in (("infrastructure_provider", "id"), ("region", "name")):
        if isinstance(value.get(name), dict):
            _texts(value[name], inner)


def _size(value: Any) -> None:
    _thing(value, "node_size")
    _texts(value, "title")
    _number(value.get("memory"))
    vcpu = _number(value.get("vcpu"))
    _expect(vcpu == int(vcpu))


def _number(value: Any) -> float:
    """Not negative, and of this world; 0 for null."""
    _expect(not isinstance(value, bool) and isinstance(value, (int, float, type(None))))
    _expect(0 <= (value or 0) < 1e9)
    return value or 0


def _node(value: Any) -> None:
    """Its size is an object, an id or a title (assumed); of an object without an id the title tells, where there is one."""
    _thing(value, "node")
    _texts(value, "public_ip_address", "operating_system")
    _expect(isinstance(value.get("status"), str) and value["status"].strip() != "")
    size = value.get("size")
    if isinstance(size, dict) and size.get("id") is None:
        _texts(size, "title")
        size = size.get("title")
    if isinstance(size, dict):
        _size(size)
    else:
        _expect(size is None or (isinstance(size, str) and size.strip() != ""))


# -- what is sent instead --

_RAW = re.compile(r'"<<(.*?)>>"')  # a text that stands for what Python would not write: <<1e999>>


def _nested(levels: int) -> str:
    return "<<" + "[" * levels + "]" * levels + ">>"


class _Twin(str):
    """A key that an object can hold beside its equal."""

    __hash__ = object.__hash__
    __eq__ = object.__eq__


# Whatever echoes the request echoes the token.
TOKENS = (seed.TOKEN_KEY, seed.TOKEN_VALUE, f"{seed.TOKEN_KEY}:{seed.TOKEN_VALUE}")
STATUSES = ("active", "ACTIVE", " active", "creating", "resizing", "rebooting", "Updating", "deleting", "destroying", "error", "FAILED")
STATUSES += ("destroyed", "deleted", "ready", "hibernating", "acti\u200bve", "active\n")
IDS = ("node_m", "node_a", "node_b", "node_other", "NODE_A", "cluster_Xk4TzP9e", "company_other", "node_size_other", "current", "nodes")
IDS += tuple(size["id"] for size in seed.SIZES)
ADDRESSES = (
    "..",
    ".",
    "../clusters",
    "node_a/reboot",
    "node_a?x=1",
    "node_a#",
    "%2e%2e",
    "node_a\n",
    " node_a",
    "-",
    "n\u0259de",
    "http://a",
)
TITLES = ("Medium: 2 cores, 4 GiB", "medium", "Small", "Large: dedicated", ":", "Medium:\x1b[2J", "Medium\u202e: x", "x" * 10_000)
TEXTS = ("", " ", "\x00", "\x1b]0;x\x07", "line\nline", "\u2028", "\u202e", "\ufeff", "\ud800", "\U0001f4a5", "list", "null", "A" * 400)
NUMBERS = (0, -1, 1, 2, 2.5, -0.0, 1e8, 1e9, -1e9, 2**63, 10**400, "<<1.0>>", "<<1e999>>", "<<-1e999>>", "<<NaN>>", "<<Infinity>>")
NUMBERS += ("<<-Infinity>>", "<<" + "9" * 5_000 + ">>", "<<0.1e-400>>")
DEPTHS = tuple(_nested(levels) for levels in (3, *range(200, 3_000, 200), 100_000))  # somewhere there is where Python gives up
THINGS: tuple[Any, ...] = (
    seed.COMPANY,
    seed.SIZES[0],
    {"id": "cluster_owQNwd37", "object": "cluster", "label": "patient-logbook staging"},
    {"id": "node_a", "object": "node", "status": "active", "size": seed.SIZES[1]},
    {"id": "node_other", "status": "active", "size": seed.SIZES[1]["id"]},
    {"object": "error", "id": "request_1", "status": 500, "message": "Something went wrong."},
    {"object": "list", "data": []},
    {"object": "list", "data": [seed.SIZES[2]]},
    {"id": None, "title": {"id": seed.SIZES[1]["id"]}},
    {"id": None, "title": None},
    {"id": "node_size_other", "title": "Medium", "vcpu": 2, "memory": 4.5},
)

JUNK: st.SearchStrategy[Any] = st.one_of(
    *(st.sampled_from(words) for words in (STATUSES, IDS, ADDRESSES, TITLES, TEXTS, TOKENS, NUMBERS, DEPTHS, THINGS)),
    st.sampled_from((None, True, False, [], {}, [[]], [None], {"id": {}})),
    st.text(max_size=20),
    st.integers() | st.floats(),
)
# What a key is likely to be confused with comes more often.
FITTING = {
    "status": st.sampled_from(STATUSES + TEXTS),
    "id": st.sampled_from(IDS + ADDRESSES),
    "title": st.sampled_from(TITLES),
    "vcpu": st.sampled_from(NUMBERS),
    "memory": st.sampled_from(NUMBERS),
    "size": st.sampled_from((None, *TITLES, *IDS, *THINGS)),
    "data": st.sampled_from(([], None, {}, *THINGS)),
    "object": st.sampled_from((*KINDS, "List", "server", "Node")),
    "has_more": st.sampled_from((True, False, None, 0, 1, "true", "false", "", [], {})),
    "next": st.sampled_from((None, "", "?page=2", "/v1/other?page=2", "https://other/v1?page=2", 2, True, {"href": "?page=2"})),
    "total": st.sampled_from((*NUMBERS, None, "2", True)),
    "cursor": st.sampled_from((None, "", *IDS)),
    "label": st.sampled_from(("patient-logbook production", "patient-logbook staging", *TEXTS)),
}


@dataclass(frozen=True)
class Edit:
    """One change of a JSON value, drawn before it is known: of the places with that key (all, where there is none) the nth."""

    key: str | None
    place: int
    action: str  # replace, delete, rename, add, double, wrap
    junk: Any

    def apply(self, hold: list[Any]) -> None:
        everywhere = list(_places(hold))
        found = [at for at in everywhere if at[1] == self.key] or everywhere
        container, key = found[self.place % len(found)]
        value, junk = container[key], copy.deepcopy(self.junk)
        if self.action == "wrap":
            container[key] = [value]
        elif self.action == "add" and isinstance(value, dict):
            value[self.key or "extra"] = junk
        elif self.action == "add" and isinstance(value, list):
            value.append(junk)
        elif self.action == "double" and isinstance(container, dict):
            container[_Twin(key)] = junk
        elif self.action == "double" and container is not hold:
            container.append(value)
        elif self.action == "rename" and isinstance(container, dict):
            container[f"{key.title()}"] = container.pop(key)
        elif self.action == "delete" and container is not hold:
            del container[key]
        else:
            container[key] = junk


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each container with each of its keys, the whole first."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


ACTIONS = st.sampled_from(("replace", "replace", "replace", "delete", "rename", "add", "double", "wrap"))
EDITS = st.one_of(
    st.builds(Edit, st.none(), st.integers(0, 40), ACTIONS, JUNK),
    *(st.builds(Edit, st.just(key), st.integers(0, 5), ACTIONS, junk) for key, junk in FITTING.items()),
)

PAGE = HTML_PAGE.format(title="Please sign in").encode()
RAW_EDITS = {
    "as it is": lambda body, at: body,
    "cut": lambda body, at: body[:at],
    "nothing": lambda body, at: b"",
    "blanks": lambda body, at: b" \r\n\t",
    "page": lambda body, at: PAGE,
    "token": lambda body, at: TOKENS[at % 3].encode(),
    "mark": lambda body, at: b"\xef\xbb\xbf" + body,
    "utf-16": lambda body, at: body.decode("utf-8", "replace").encode("utf-16"),
    "utf-16 without a mark": lambda body, at: body.decode("utf-8", "replace").encode("utf-16-le"),
    "utf-32": lambda body, at: body.decode("utf-8", "replace").encode("utf-32"),
    "no utf-8": lambda body, at: body[:at] + b"\xff\xfe\x80" + body[at:],
    "half a pair": lambda body, at: body[:at] + b"\xed\xa0\x80" + body[at:],
    "zero byte": lambda body, at: body[:at] + b"\x00" + body[at:],
    "escape": lambda body, at: body[:at] + b"\\" + body[at:],
    "end twice": lambda body, at: body + b"}",
    "body twice": lambda body, at: body + b"\n" + body,
    "page behind": lambda body, at: body + PAGE,
    "blanks around": lambda body, at: b"\n " + body + b" \n",
    "nested": lambda body, at: b"[" * 100_000,
    "nested objects": lambda body, at: b'{"a":' * (at * 40),
    "nested and closed": lambda body, at: b"[" * at + b"]" * at,
    "text": lambda body, at: json.dumps(body.decode("utf-8", "replace")).encode(),
}

CUTTING = ("cut", "no utf-8", "half a pair", "zero byte", "escape")

MOMENTS = ("0", "1", "7", "61", "-5", "1e3", "NaN", "999999999", "9" * 30, "", "soon", "\xb2", "\xd9\xa3", "7, 8")
MOMENTS += (
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Mon, 01 Jan 0001 00:00:00 -0000",
    "Mon, 99 Foo 2026 99:99:99 GMT",
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(
            ("text/html", "application/json; charset=utf-16", "image/png", "", "application/json; charset=nonsense")
        ),
        "Retry-After": st.sampled_from(MOMENTS),
        "Date": st.sampled_from(MOMENTS),
        "Location": st.sampled_from(
            ("", "//", "http://[", "http://[::1", "https://other/\x1b", "//a:b@c:99999", "x" * 3_000, TOKENS[1], "?")
        ),
    },
)


@dataclass(frozen=True)
class Meddling:
    """What is done to `times` answers, from one on that is for this purpose; where there are fewer of those than `nth` it counts on."""

    purpose: str
    nth: int
    times: float
    carried_out: bool  # whether a request for a change is, before the answer is tampered with
    edits: Sequence[Edit] = ()
    escaped: bool = True  # whether what is not ASCII is written with escapes
    raw: str = "as it is"
    at: int = 0  # per cent of the body
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def concerns(self, number: int, purposes: Sequence[str]) -> bool:
        """Whether it is done to the answer with that number (from 0); `purposes` are those of all requests where nothing is done."""
        apt = [at for at, purpose in enumerate(purposes) if purpose == self.purpose] or range(len(purposes))
        first = apt[self.nth % len(apt)]
        return first <= number < first + self.times

    def body(self, honest: bytes) -> bytes:
        hold = [json.loads(honest) if honest else None]
        for edit in self.edits:
            edit.apply(hold)
        text = _RAW.sub(lambda found: found[1], json.dumps(hold[0], ensure_ascii=self.escaped))
        # What had no body gets one only where it is edited.
        body = text.encode("utf-8", "surrogatepass") if honest or self.edits else b""
        # Half a token that the API itself sends cannot be known for one.
        raw = "as it is" if self.raw in CUTTING and any(token in text for token in TOKENS) else self.raw
        return RAW_EDITS[raw](body, len(body) * self.at // 100)

    @property
    def refuses(self) -> bool:
        """The answer says that the request was not carried out; then it may not be."""
        status = self.status or 0
        return 400 <= status < 500 and status != 408


STATUS = st.sampled_from((200, 202, 204, 302, 400, 404, 405, 408, 429, 500, 503)) | st.integers(100, 599)
ANY: dict[str, st.SearchStrategy[Any]] = {
    "purpose": st.sampled_from((READ, CHANGE, LOOK)),
    "nth": st.integers(0, 29),
    "times": st.sampled_from((1, 1, 2, 5, math.inf)),
    "carried_out": st.sampled_from((True, True, False)),
}
# One flaw in a body that is right otherwise is what is overlooked most easily.
MEDDLINGS = st.one_of(
    st.builds(Meddling, **ANY, edits=st.tuples(EDITS)),
    st.builds(Meddling, **ANY, edits=st.lists(EDITS, min_size=2, max_size=3), escaped=st.booleans()),
    st.builds(Meddling, **ANY, raw=st.sampled_from(sorted(RAW_EDITS)), at=st.integers(0, 100), edits=st.lists(EDITS, max_size=1)),
    st.builds(Meddling, **ANY, status=STATUS, headers=HEADERS, edits=st.lists(EDITS, max_size=1)),
)
