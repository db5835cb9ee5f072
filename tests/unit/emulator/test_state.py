# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state machine, without HTTP, on a driven clock."""

from __future__ import annotations

import math

import pytest

from tests.emulator.clock import DrivenClock
from tests.emulator.foreign import Foreign
from tests.emulator.state import Conflict, NotFound, State, UnknownSize
from tests.emulator.switches import Switches

STAGING, PRODUCTION = "cluster_owQNwd37", "cluster_Xk4TzP9e"
SMALL, MEDIUM = "node_size_kwM9o3B8", "node_size_eY3J1QgW"


class World:
    """A state with its clock and switches."""

    def __init__(self) -> None:
        self.clock = DrivenClock()
        self.switches = Switches()
        self.state = State(self.clock, self.switches)

    def active(self) -> str:
        return self.state.put_node(STAGING, SMALL).id

    def look(self, node_id: str) -> tuple[str, str]:
        """(status, size id) as a read shows them."""
        node = self.state.node(STAGING, node_id)
        return node.status, node.size["id"]

    def listed(self) -> list[str]:
        return [node.id for node in self.state.nodes(STAGING)]


@pytest.fixture
def world() -> World:
    return World()


def test_first_data(world: World) -> None:
    clusters = world.state.clusters()
    assert [(cluster.id, cluster.label) for cluster in clusters] == [
        ("cluster_owQNwd37", "patient-logbook staging"),
        ("cluster_Xk4TzP9e", "patient-logbook production"),
    ]
    assert [(size["id"], size["title"], size["vcpu"], size["memory"]) for size in clusters[0].sizes] == [
        ("node_size_kwM9o3B8", "Small: 1 core, 2 GiB", 1, 2.0),
        ("node_size_eY3J1QgW", "Medium: 2 cores, 4 GiB", 2, 4.0),
        ("node_size_q8ZvrZpm", "Large: 2 cores, 8 GiB", 2, 8.0),
        ("node_size_LB3DqZxe", "X-Large: 4 cores, 16 GiB", 4, 16.0),
    ]
    assert world.state.nodes(STAGING) == world.state.nodes(PRODUCTION) == []


def test_create(world: World) -> None:
    created = world.state.create(STAGING, SMALL)
    assert (created.status, created.size["id"], created.public_ip_address, created.operating_system) == ("creating", SMALL, None, None)
    world.clock.advance(179)
    assert world.look(created.id) == ("creating", SMALL)
    world.clock.advance(1)
    active = world.state.node(STAGING, created.id)
    assert active.status == "active"
    assert active.public_ip_address
    assert active.operating_system
    assert world.state.nodes(PRODUCTION) == []


def test_resize_shows_the_old_size_until_it_is_done(world: World) -> None:
    node_id = world.active()
    world.state.resize(STAGING, node_id, MEDIUM)
    assert world.look(node_id) == ("resizing", SMALL)
    world.clock.advance(180)
    assert world.look(node_id) == ("active", MEDIUM)


def test_resize_to_the_same_size_is_taken(world: World) -> None:
    node_id = world.active()
    assert world.state.resize(STAGING, node_id, SMALL).status == "resizing"
    world.clock.advance(180)
    assert world.look(node_id) == ("active", SMALL)


def test_reboot(world: World) -> None:
    node_id = world.active()
    address = world.state.node(STAGING, node_id).public_ip_address
    rebooting = world.state.reboot(STAGING, node_id)
    assert (rebooting.status, rebooting.public_ip_address) == ("rebooting", address)
    world.clock.advance(60)
    assert world.look(node_id) == ("active", SMALL)


def test_invisible_reboot(world: World) -> None:
    world.switches.reboot = "invisible"
    node_id = world.active()
    assert world.state.reboot(STAGING, node_id).status == "active"
    assert world.look(node_id) == ("active", SMALL)
    world.state.resize(STAGING, node_id, MEDIUM)  # nobody can tell that the node is busy


@pytest.mark.parametrize("word", ["destroying", "deleting"])
def test_destroy(world: World, word: str) -> None:
    world.switches.delete_status = word
    node_id = world.active()
    assert world.state.destroy(STAGING, node_id).status == word
    assert world.listed() == [node_id]
    world.clock.advance(60)
    assert world.listed() == []
    with pytest.raises(NotFound):
        world.state.node(STAGING, node_id)
    with pytest.raises(NotFound):
        world.state.destroy(STAGING, node_id)


@pytest.mark.parametrize("word", ["destroyed", "deleted"])
@pytest.mark.parametrize("listed", [False, True])
def test_tombstone(world: World, word: str, listed: bool) -> None:
    world.switches.update({"tombstone": word, "tombstone_listed": listed})
    node_id = world.active()
    world.state.destroy(STAGING, node_id)
    world.clock.advance(100_000)
    assert world.look(node_id) == (word, SMALL)
    assert world.listed() == ([node_id] if listed else [])
    with pytest.raises(NotFound):
        world.state.resize(STAGING, node_id, MEDIUM)


@pytest.mark.parametrize("word", ["error", "failed"])
def test_operations_fail_with_that_status_at_the_old_size(world: World, word: str) -> None:
    world.switches.outcomes = [word] * 4
    created = world.state.create(STAGING, SMALL).id
    resized, rebooted, destroyed = world.active(), world.active(), world.active()
    world.state.resize(STAGING, resized, MEDIUM)
    world.state.reboot(STAGING, rebooted)
    world.state.destroy(STAGING, destroyed)
    world.clock.advance(180)
    assert [world.look(node_id) for node_id in (created, resized, rebooted, destroyed)] == [(word, SMALL)] * 4
    assert world.state.node(STAGING, created).public_ip_address is None


def test_outcomes_are_used_once_each_in_order(world: World) -> None:
    world.switches.outcomes = "ok,error"
    nodes = [world.state.create(STAGING, SMALL).id for dummy in range(3)]
    world.clock.advance(180)
    assert [world.look(node_id)[0] for node_id in nodes] == ["active", "error", "active"]


def test_an_operation_that_is_refused_uses_no_outcome(world: World) -> None:
    world.switches.outcomes = ["error"]
    with pytest.raises(UnknownSize):
        world.state.create(STAGING, "node_size_none")
    assert world.switches.outcomes == ("error",)


def test_reverted(world: World) -> None:
    world.switches.outcomes = ["reverted"] * 3
    resized, destroyed = world.active(), world.active()
    created = world.state.create(STAGING, SMALL).id
    world.state.resize(STAGING, resized, MEDIUM)
    world.state.destroy(STAGING, destroyed)
    assert world.look(resized) == ("resizing", SMALL)
    world.clock.advance(180)
    assert world.look(resized) == world.look(destroyed) == ("active", SMALL)
    assert created not in world.listed()


def test_stuck(world: World) -> None:
    world.switches.outcomes = ["stuck"]
    node_id = world.state.create(STAGING, SMALL).id
    world.clock.advance(1e9)
    assert world.look(node_id) == ("creating", SMALL)


def test_a_failed_node_can_be_destroyed(world: World) -> None:
    node_id = world.state.put_node(STAGING, SMALL, status="error").id
    world.state.destroy(STAGING, node_id)
    world.clock.advance(60)
    assert world.listed() == []


def test_a_busy_node_is_a_conflict(world: World) -> None:
    node_id = world.active()
    world.state.resize(STAGING, node_id, MEDIUM)
    for operation in (
        lambda: world.state.resize(STAGING, node_id, MEDIUM),
        lambda: world.state.reboot(STAGING, node_id),
        lambda: world.state.destroy(STAGING, node_id),
    ):
        with pytest.raises(Conflict):
            operation()


def test_a_busy_node_can_be_destroyed_where_the_switch_says_so(world: World) -> None:
    world.switches.update({"delete_while_busy": "accepted", "outcomes": ["stuck"]})
    node_id = world.state.create(STAGING, SMALL).id
    world.state.destroy(STAGING, node_id)
    world.clock.advance(60)
    assert world.listed() == []


def test_a_busy_cluster_is_a_conflict_only_with_the_switch(world: World) -> None:
    node_id = world.active()
    world.state.create(STAGING, SMALL)
    world.state.create(STAGING, SMALL)
    world.switches.busy_conflict = True
    with pytest.raises(Conflict):
        world.state.create(STAGING, SMALL)
    with pytest.raises(Conflict):
        world.state.resize(STAGING, node_id, MEDIUM)
    world.state.create(PRODUCTION, SMALL)
    world.clock.advance(180)
    world.state.create(STAGING, SMALL)


def test_read_lag(world: World) -> None:
    world.switches.read_lag = 10
    node_id = world.active()
    world.state.resize(STAGING, node_id, MEDIUM)
    assert world.look(node_id) == ("active", SMALL)
    world.clock.advance(10)
    assert world.look(node_id) == ("resizing", SMALL)


def test_read_lag_over_a_destroy(world: World) -> None:
    world.switches.update({"read_lag": 10, "deleting_seconds": 0})
    node_id = world.active()
    world.state.destroy(STAGING, node_id)
    assert world.look(node_id) == ("active", SMALL)
    assert world.listed() == [node_id]
    world.clock.advance(10)
    assert world.listed() == []


@pytest.mark.parametrize("hides", [False, True])
def test_read_lag_of_a_new_node(world: World, hides: bool) -> None:
    world.switches.update({"read_lag": 10, "read_lag_hides_new": hides})
    node_id = world.state.create(STAGING, SMALL).id
    if hides:
        with pytest.raises(NotFound):
            world.state.node(STAGING, node_id)
    else:
        assert world.look(node_id)[0] == "creating"
    world.clock.advance(10)
    assert world.look(node_id)[0] == "creating"


def test_list_lag(world: World) -> None:
    world.switches.list_lag = 20
    bystander = world.active()
    node_id = world.state.create(STAGING, SMALL).id
    world.clock.advance(19)
    assert world.look(node_id)[0] == "creating"
    assert world.listed() == [bystander]
    world.clock.advance(1)
    assert world.listed() == [bystander, node_id]


def test_list_lag_for_ever(world: World) -> None:
    world.switches.list_lag = math.inf
    world.state.create(STAGING, SMALL)
    world.clock.advance(1e9)
    assert world.listed() == []


def test_foreign_writer_acts_in_the_order_of_time(world: World) -> None:
    node_id = world.state.create(STAGING, SMALL).id  # active at 180 s
    world.state.foreign(Foreign(at=200, resize=node_id, size_id=MEDIUM))
    world.state.foreign(Foreign(at=100, create=MEDIUM, cluster_id=PRODUCTION))
    world.clock.advance(290)
    assert world.look(node_id) == ("resizing", SMALL)
    assert [node.status for node in world.state.nodes(PRODUCTION)] == ["active"]  # since 280 s
    world.clock.advance(90)
    assert world.look(node_id) == ("active", MEDIUM)


def test_foreign_writer_meets_a_busy_node(world: World) -> None:
    node_id = world.state.create(STAGING, SMALL).id
    world.state.foreign(Foreign(destroy=node_id))
    assert world.look(node_id) == ("creating", SMALL)
    assert node_id in world.state.foreign_refused[0]


def test_foreign_writer_uses_no_outcome(world: World) -> None:
    world.switches.outcomes = ["error"]
    world.state.foreign(Foreign(create=SMALL))
    world.clock.advance(180)
    assert [node.status for node in world.state.nodes(STAGING)] == ["active"]


@pytest.mark.parametrize("values", [{}, {"create": SMALL, "destroy": "x"}, {"resize": "x"}, {"create": SMALL, "at": -1}, {"explode": 1}])
def test_a_foreign_action_that_makes_no_sense(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"foreign|resize|at"):
        Foreign.of(values)


def test_a_node_can_be_put_in_any_status_and_stays_so(world: World) -> None:
    node_id = world.state.put_node(STAGING, SMALL, status="hibernating").id
    world.clock.advance(1e9)
    assert world.look(node_id) == ("hibernating", SMALL)
    world.state.change_node(node_id, status="updating", size_id=MEDIUM)
    assert world.look(node_id) == ("updating", MEDIUM)
    world.state.remove_node(node_id)
    assert world.listed() == []


def test_changing_a_node_ends_what_it_was_doing(world: World) -> None:
    node_id = world.state.create(STAGING, SMALL).id
    world.state.change_node(node_id, status="error")
    world.clock.advance(1e9)
    assert world.look(node_id) == ("error", SMALL)


def test_labels_may_repeat_and_sizes_differ_by_cluster(world: World) -> None:
    huge = {"id": "node_size_Hu9eHu9e", "object": "node_size", "title": "Huge", "vcpu": 64, "memory": 512.0}
    cluster = world.state.add_cluster("patient-logbook staging", sizes=[huge])
    assert [other.label for other in world.state.clusters()].count("patient-logbook staging") == 2
    assert world.state.create(cluster.id, huge["id"]).size == huge
    with pytest.raises(UnknownSize):
        world.state.create(cluster.id, SMALL)


def test_unknown_ids(world: World) -> None:
    node_id = world.active()
    for cluster_id, unknown in ((STAGING, "node_none"), (PRODUCTION, node_id), ("cluster_none", node_id)):
        for operation in (
            lambda cluster_id=cluster_id, unknown=unknown: world.state.node(cluster_id, unknown),
            lambda cluster_id=cluster_id, unknown=unknown: world.state.reboot(cluster_id, unknown),
            lambda cluster_id=cluster_id, unknown=unknown: world.state.destroy(cluster_id, unknown),
        ):
            with pytest.raises(NotFound):
                operation()


def test_the_same_ids_and_addresses_follow_every_time(world: World) -> None:
    def made() -> list[object]:
        nodes = [world.state.create(STAGING, SMALL).id for dummy in range(3)]
        world.clock.advance(180)
        return [(node_id, world.state.node(STAGING, node_id).public_ip_address) for node_id in nodes]

    first = made()
    world.state.reset()
    assert world.listed() == []
    assert made() == first
    assert len(set(first)) == 3


def test_a_clock_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="go back"):
        DrivenClock().advance(-1)
