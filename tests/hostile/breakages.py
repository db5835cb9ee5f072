# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The code, broken on purpose: each breakage with the tests that must fail under it.

`python -m tests.hostile.breakages` prints them as the table in docs/reliability.md.
"""

from __future__ import annotations

from dataclasses import dataclass

CORE, UNIT = "tests/integration/core/test_", "tests/unit/core/test_"


@dataclass(frozen=True)
class Breakage:
    """`changes` are texts of `file` (in plugins/module_utils), each there once, and what takes their place; `tests` each notice it."""

    name: str
    file: str
    changes: dict[str, str]
    tests: list[str]


BREAKAGES = [
    # -- what may be sent again
    Breakage(
        "POST is sent again after a 502",
        "_api/client.py",
        {"if status == 429:": 'if status == 429 or (method == "POST" and status == 502):'},
        [f"{CORE}lost_answers.py::test_a_create_that_did_not_take_place_is_unknown_and_not_sent_again"],
    ),
    Breakage(
        "PATCH is sent again after a lost answer",
        "_api/transport.py",
        {"error, ResponseLost) from None": 'error, NotDone if method == "PATCH" else ResponseLost) from None'},
        [f"{CORE}lost_answers.py::test_a_resize_that_did_not_take_place_is_a_failure_that_may_be_run_again"],
    ),
    Breakage(
        "DELETE is sent again after a lost answer",
        "_api/transport.py",
        {"error, ResponseLost) from None": 'error, NotDone if method == "DELETE" else ResponseLost) from None'},
        [f"{CORE}lost_answers.py::test_a_destroy_that_did_not_take_place_is_a_failure_that_may_be_run_again"],
    ),
    Breakage(
        "a reboot is sent again after a lost answer",
        "_api/transport.py",
        {"error, ResponseLost) from None": 'error, NotDone if method == "GET" else ResponseLost) from None'},
        [f"{CORE}lost_answers.py::test_a_lost_reboot_is_unknown_and_never_repeated"],
    ),
    Breakage(
        "a reboot that is refused is tried by POST",
        "_api/client.py",
        {"        except MethodNotAllowed:\n": "        except ApiError:\n"},
        [f"{CORE}reboot.py::test_a_reboot_that_is_refused_is_not_asked_for_in_another_way"],
    ),
    Breakage(
        "an answer that comes too late counts as a request that was not sent",
        "_api/transport.py",
        {
            "if isinstance(cause, (NewConnectionError": "if isinstance(error, requests.exceptions.Timeout) "
            "or isinstance(cause, (NewConnectionError"
        },
        [f"{CORE}lost_answers.py::test_an_answer_that_comes_too_late_is_lost"],
    ),
    Breakage(
        "a 503 counts as not done",
        "_api/client.py",
        {"if status == 429:": "if status in (429, 503):"},
        [
            f"{CORE}retried_mutations.py::test_a_503_that_does_not_say_when_is_ambiguous",
            f"{CORE}retried_mutations.py::test_a_503_proves_nothing_of_a_create_or_a_reboot",
        ],
    ),
    Breakage(
        "a 503 that says when to come back counts as not done",
        "_apply/send.py",
        {"    return harmless and isinstance": "    return isinstance"},
        [f"{CORE}retried_mutations.py::test_a_503_proves_nothing_of_a_create_or_a_reboot"],
    ),
    Breakage(
        "a conflict after a 429 counts as the end of it",
        "_apply/send.py",
        {"put_off is not None and error.status == CONFLICT": "False"},
        [f"{CORE}retried_mutations.py::test_a_cluster_that_is_busy_after_a_429_may_be_so_by_the_first_try"],
    ),
    Breakage(
        "an option shortens the proof that a reboot did not take place",
        "_apply/send.py",
        {"max(reboot_grace, durations.UNSEEN_REBOOT)": "reboot_grace"},
        [f"{CORE}retried_mutations.py::test_no_option_shortens_the_proof_that_a_reboot_did_not_take_place"],
    ),
    Breakage(
        "a create is sent again soon after a 429",
        "_apply/send.py",
        {"CREATE: durations.UNCHANGED, ": ""},
        [f"{CORE}retried_mutations.py::test_what_may_have_taken_place_after_a_429_is_unknown"],
    ),
    Breakage(
        "a reboot is sent again soon after a 429",
        "_apply/send.py",
        {"max(reboot_grace, durations.UNSEEN_REBOOT)": "0.0"},
        [f"{CORE}retried_mutations.py::test_what_may_have_taken_place_after_a_429_is_unknown"],
    ),
    Breakage(
        "reads that were slowed down prove that a reboot did not take place",
        "_apply/run/reading.py",
        {"pace.wait_for_read(goal.pause(pace.waited))": "pace.wait_for_read()"},
        [
            f"{CORE}retried_mutations.py::test_a_put_off_reboot_that_shows_late_is_seen_though_reads_were_limited_before",
        ],
    ),
    Breakage(
        "what took place though it was put off is not noticed",
        "_apply/conflicts.py",
        {"own) if self._tried else []": "own) if None else []"},
        [f"{CORE}retried_mutations.py::test_what_took_place_though_it_was_put_off_is_found"],
    ),
    Breakage(
        "a refusal after a 503 counts as the end of it",
        "_apply/send.py",
        {"earlier = self.loss or (self._put_off": "earlier = (self._put_off"},
        [f"{CORE}retried_mutations.py::test_a_refusal_after_a_503_is_not_the_end_of_it"],
    ),
    Breakage(
        "a create whose node did not show up is sent again",
        "_apply/run/applying.py",
        {
            "                    return self._recover(action, then.recover)\n": "                    try:\n"
            "                        return self._recover(action, then.recover)\n"
            "                    except Stopped:\n"
            "                        continue\n"
        },
        [f"{CORE}lost_answers.py::test_a_create_that_did_not_take_place_is_unknown_and_not_sent_again"],
    ),
    Breakage(
        "a page for people counts as the answer to DELETE",
        "_api/client.py",
        {"if response.content.strip() else None": 'if response.content.strip().startswith(b"{") else None'},
        [f"{CORE}lost_answers.py::test_a_destroy_that_did_not_take_place_is_a_failure_that_may_be_run_again"],
    ),
    Breakage(
        "what is lost after it was put off once counts as not done",
        "_apply/account.py",
        {'self.report(action.title, "sending")\n        action.outcome = OUTCOME_UNKNOWN\n': 'self.report(action.title, "sending")\n'},
        [f"{CORE}retried_mutations.py::test_put_off_and_then_lost_is_unknown"],
    ),
    Breakage(
        "what may have happened is not reported as a change",
        "_apply/account.py",
        {"(sent and action.outcome == OUTCOME_UNKNOWN)": "(not sent)"},
        [f"{CORE}lost_answers.py::test_a_create_that_is_never_listed_is_unknown"],
    ),
    Breakage(
        "a mutation uses the connection of the reads",
        "_api/transport.py",
        {"with self._new_session() as session:": "if session := self._session:"},
        [f"{CORE}connection.py::test_reads_share_a_connection_and_every_mutation_has_its_own"],
    ),
    Breakage(
        "a mutation waits no longer for its answer than a read",
        "_api/transport.py",
        {"max(self._connection.request_timeout, durations.MUTATION_TIMEOUT)": "self._connection.request_timeout"},
        [f"{CORE}lost_answers.py::test_a_slow_answer_to_a_mutation_is_waited_for_beyond_the_time_of_a_read"],
    ),
    Breakage(
        "Retry-After is ignored by mutations",
        "_apply/send.py",
        {"wait = max(pause, error.retry_after or 0.0, self.proof)": "wait = max(pause, self.proof)"},
        [f"{CORE}retried_mutations.py::test_put_off_by_the_server_and_sent_again"],
    ),
    # -- adoption
    Breakage(
        "a node of another size is adopted",
        "_apply/recover.py",
        {"if len(new) > 1 or not same_size(new[0].size, self._operation.new_size):": "if len(new) > 1:"},
        [f"{CORE}lost_answers.py::test_only_somebody_else_s_node_of_another_size_is_not_adopted"],
    ),
    Breakage(
        "one of several candidates is adopted",
        "_apply/recover.py",
        {"len(new) > 1 or not same_size(new[0].size, self._operation.new_size)": "not same_size(new[0].size, self._operation.new_size)"},
        [f"{CORE}lost_answers.py::test_somebody_else_s_node_meanwhile_is_not_taken_for_ours"],
    ),
    Breakage(
        "the first node that shows up is adopted, before the grace is over",
        "_apply/recover.py",
        {
            '(list(self._new.values()))}"\n        return None\n': '(list(self._new.values()))}"\n'
            "        return Recovered(next(iter(self._new.values()))) if self._new else None\n"
        },
        [f"{CORE}lost_answers.py::test_somebody_else_s_node_meanwhile_is_not_taken_for_ours"],
    ),
    Breakage(
        "a node is adopted from lists that failed before the end",
        "_apply/recover.py",
        {"            raise self.broken(end.trouble)\n": "            pass\n"},
        [f"{CORE}lost_answers.py::test_a_list_that_fails_to_the_end_is_unknown_and_tells_what_was_seen"],
    ),
    Breakage(
        "a create that is answered with a node that was there is believed",
        "_apply/send.py",
        {" and node.id in {before.id for before in known}:": " and node.id in ():"},
        [f"{CORE}lost_answers.py::test_an_answer_that_names_a_node_that_was_there_is_no_answer"],
    ),
    Breakage(
        "a node to which something else happened counts as one to which nothing did",
        "_apply/recover.py",
        {"        if others:\n": "        if not self._seen:\n"},
        [f"{CORE}lost_answers.py::test_a_node_to_which_something_happened_is_no_proof_that_nothing_did"],
    ),
    Breakage(
        "a lost destroy counts as done while the node is still active",
        "_apply/verdict.py",
        {"destroy, node: node.leaving": "destroy, node: True"},
        [f"{CORE}lost_answers.py::test_a_destroy_that_did_not_take_place_is_a_failure_that_may_be_run_again"],
    ),
    # -- what a killed run has left
    Breakage(
        "a request is not recorded before it is sent",
        "_apply/account.py",
        {"        self._record.sending(action.operation, len(self.actions) + is_new, [node.id for node in self.nodes])\n": ""},
        [
            f"{CORE}record.py::test_the_same_create_again_makes_no_third_node",
            f"{CORE}record.py::test_a_victim_that_is_protected_too_late_costs_no_second_node",
        ],
    ),
    Breakage(
        "what a run before has sent does not hold the cluster",
        "_apply/run/settling.py",
        {"if goal.is_empty or self.unsettled:": "if goal is not None:"},
        [
            f"{CORE}record.py::test_the_same_create_again_makes_no_third_node",
            f"{CORE}record.py::test_the_old_declaration_after_a_killed_resize_sees_the_new_size",
        ],
    ),
    Breakage(
        "a recorded node that the list lacks is not asked for",
        "_apply/run/settling.py",
        {"if self.no_list or not goal.misses(self.account.nodes):": "if goal is not None:"},
        [f"{CORE}record.py::test_from_a_list_that_lacks_a_recorded_node_nothing_is_created"],
    ),
    Breakage(
        "one candidate ends the hold though the list lacks other nodes",
        "_apply/hold.py",
        {" and self._recorded <= {node.id for node in seen}": ""},
        [f"{UNIT}hold.py::test_one_candidate_in_a_list_with_gaps_is_waited_on"],
    ),
    Breakage(
        "a clock that jumped ahead ends the hold",
        "_record/history.py",
        {"max(0.0, min(differences))": "max(0.0, *differences)"},
        [f"{UNIT}hold.py::test_a_clock_that_jumped_ahead_does_not_end_it"],
    ),
    Breakage(
        "a record of a newer version is read all the same",
        "_record/history.py",
        {"        if not is_known(line):\n": "        if line is None:\n"},
        [f"{CORE}record.py::test_a_record_of_a_newer_version_is_refused"],
    ),
    Breakage(
        "a line of a record that does not follow the one before passes",
        "_record/chain.py",
        {"if prev in numbers and line.seq == numbers[prev] + 1:": "if line.seq == before + 1:"},
        ["tests/unit/record/test_chain.py::test_any_byte_that_is_changed[2]"],
    ),
    Breakage(
        "a fork of a record passes",
        "_record/chain.py",
        {"    if prev in followed:\n": "    if prev is followed:\n"},
        ["tests/unit/record/test_chain.py::test_two_writers_without_a_common_lock_are_a_fork"],
    ),
    Breakage(
        "a record that is not intact does not fail the task",
        "_operations/record_info.py",
        {"    if broken:\n": "    if broken is None:\n"},
        [f"{CORE}evidence.py::test_what_was_done_is_shown_and_a_record_that_was_edited_fails"],
    ),
    Breakage(
        "a part of the token value stays in what people wrote",
        "_base/redact.py",
        {"self._mask_parts(self.text(text))": "self.text(text)"},
        [f"{CORE}evidence.py::test_no_part_of_the_token_gets_in_by_what_people_write"],
    ),
    Breakage(
        "annotations are lost without a word",
        "_record/annotations.py",
        {"if place.folder is None or not place.chosen:": "if place is None:"},
        [f"{CORE}evidence.py::test_annotations_that_nobody_would_keep_are_refused[None]"],
    ),
    # -- what a read proves
    Breakage(
        "a 404 list counts as no nodes",
        "_apply/cluster.py",
        {"            raise NoNodeList(": "            return []\n            raise NoNodeList("},
        [f"{CORE}present.py::test_without_a_list_nothing_is_counted"],
    ),
    Breakage(
        "one 404 of the list is enough to do without it",
        "_apply/cluster.py",
        {"nodes = self._twice_if(missing, lambda: self._list_once(patient))": "nodes = self._list_once(patient)"},
        [f"{CORE}partial_views.py::test_one_stray_answer_does_not_hide_the_other_nodes"],
    ),
    Breakage(
        "a 404 under a wrong cluster counts as absent",
        "_apply/cluster.py",
        {"if self.where.cluster_id not in {cluster.id for cluster in clusters}:": "if clusters is None:"},
        [
            f"{CORE}absent.py::test_a_wrong_cluster_is_an_error_and_not_an_absent_node",
            f"{CORE}absent.py::test_a_cluster_that_is_gone_by_the_time_is_an_error",
        ],
    ),
    Breakage(
        "a 404 amid a destroy counts as gone, whatever became of the cluster",
        "_apply/cluster.py",
        {"            self._confirm_cluster(error)\n            return None\n": "            return None\n"},
        [f"{CORE}absent.py::test_a_cluster_that_disappears_amid_the_destroy_is_no_proof_that_the_node_is_gone"],
    ),
    Breakage(
        "an empty list is believed at once",
        "_apply/cluster.py",
        {"self._twice_if(lambda nodes: not nodes, self._list)": "self._list()"},
        [
            f"{CORE}present.py::test_an_empty_cluster_is_looked_at_twice",
            f"{CORE}cluster_nodes.py::test_an_empty_cluster_is_looked_at_twice",
        ],
    ),
    Breakage(
        "a list that lacks a node that is there is believed",
        "_apply/cluster.py",
        {"            return bool(known) and not known & ": "            return not nodes and not known & "},
        [f"{CORE}partial_views.py::test_a_list_that_lacks_a_node_that_is_there_is_not_believed"],
    ),
    Breakage(
        "a list that says that there is more counts as whole",
        "_api/paging.py",
        {"more = (sign.kind == MORE and not is_empty(sign.value)) or": "more ="},
        [f"{CORE}paged_lists.py::test_a_page_without_a_link_is_an_error", f"{CORE}paged_lists.py::test_nothing_is_decided_from_a_page"],
    ),
    Breakage(
        "a total above the number of items is ignored",
        "_api/paging.py",
        {" and not self._ignore_total:": " and self._ignore_total:"},
        [f"{CORE}paged_lists.py::test_a_total_that_counts_more_can_be_overridden"],
    ),
    Breakage(
        "only the first page is read",
        "_api/paging.py",
        {"        return following\n\n    def _refuse_twice": "        return None\n\n    def _refuse_twice"},
        [f"{CORE}paged_lists.py::test_pages_that_are_linked_are_read_to_the_end"],
    ),
    Breakage(
        "a link to a page of another server is followed",
        "_api/paging.py",
        {"same = _origin(own) == _origin(other) and own.path": "same = own.path"},
        [f"{UNIT}paging.py::test_a_page_elsewhere_is_not_followed"],
    ),
    Breakage(
        "a link to a page of another list is followed",
        "_api/paging.py",
        {' and own.path.rstrip("/") == other.path.rstrip("/")': ""},
        [f"{UNIT}paging.py::test_a_page_elsewhere_is_not_followed"],
    ),
    Breakage(
        "an item of a list that makes no sense is left out",
        "_api/paging.py",
        {'for item in data["data"]]': 'for item in data["data"] if isinstance(item, dict) and item.get("id")]'},
        [f"{CORE}reads.py::test_a_list_that_is_not_what_the_contract_says_is_an_error_and_never_no_nodes"],
    ),
    Breakage(
        "one 404 of a node that is being created is its end",
        "_base/durations.py",
        {"SURE = 5.0": "SURE = 0.0"},
        [f"{CORE}partial_views.py::test_one_stale_404_of_a_new_node_is_not_its_end"],
    ),
    Breakage(
        "the first active after PATCH ends the wait, at the old size",
        "_apply/verdict.py",
        {
            "same_size(node.size, operation.to_size):\n        return Verdict(OUTCOME_DONE)": "node.active:\n"
            "        return Verdict(OUTCOME_DONE)"
        },
        [f"{CORE}resize.py::test_reads_that_lag_behind_are_not_taken_for_a_failure"],
    ),
    Breakage(
        "a create counts as done before the list shows the node",
        "_apply/run/applying.py",
        {"            if verdict.outcome == OUTCOME_DONE:\n": "            if not verdict:\n"},
        [f"{CORE}present.py::test_a_list_that_lags_behind_is_waited_for"],
    ),
    Breakage(
        "an active node counts as done without its address",
        "_apply/verdict.py",
        {"    if reads.awaits_address and": "    if not reads.awaits_address and"},
        [
            f"{CORE}present.py::test_an_active_node_without_its_address_is_not_done_yet",
            f"{CORE}present.py::test_a_status_that_flaps_is_not_the_end",
        ],
    ),
    Breakage(
        "a create counts as done though the list shows it in transition",
        "_apply/follow.py",
        {"(self._in_any_status or node.active or node.failed)": "(node.status != '')"},
        [f"{CORE}present.py::test_the_list_has_to_agree_that_a_node_is_active"],
    ),
    Breakage(
        "an address that never comes is waited for once a node",
        "_apply/run/applying.py",
        {"awaits_address=not account.without_address": "awaits_address=True"},
        [f"{CORE}present.py::test_an_address_that_never_comes_costs_its_wait_once_a_run"],
    ),
    Breakage(
        "an object that says that it is something else counts as a node",
        "_base/fields.py",
        {"    if said != kind:\n": "    if said != kind and said in _KINDS:\n"},
        [f"{CORE}present.py::test_an_operation_in_place_of_the_node_is_accepted_and_the_node_searched_for"],
    ),
    Breakage(
        "a resize or destroy counts as done before the list shows it",
        "_apply/run/applying.py",
        {"            if is_last:\n                self._await_caught_up(action)\n": ""},
        [f"{CORE}next_task.py::test_the_next_task_does_not_plan_from_a_list_that_lags_behind_this_one"],
    ),
    # -- what is counted, and what is chosen
    Breakage(
        "nodes that are being deleted are counted",
        "_base/models.py",
        {"return not (self.leaving or self.failed or self.gone)": "return not (self.failed or self.gone)"},
        [
            f"{UNIT}models.py::test_not_counted",
            f"{UNIT}plan_set.py::test_destroying_the_last_node_needs_allow_empty",
            f"{CORE}present.py::test_a_check_that_does_not_wait_counts_no_node_on_its_way_out",
        ],
    ),
    Breakage(
        "failed nodes are counted",
        "_base/models.py",
        {"return not (self.leaving or self.failed or self.gone)": "return not (self.leaving or self.gone)"},
        [f"{UNIT}models.py::test_not_counted", f"{CORE}absent.py::test_the_last_usable_node_stays"],
    ),
    Breakage(
        "a node of unknown status is destroyed",
        "_plan/node_set.py",
        {"size_id in self.offered and not node.unrecognized and": "size_id in self.offered and"},
        [f"{CORE}cluster_nodes.py::test_a_node_of_unknown_status_is_counted_and_left_alone"],
    ),
    Breakage(
        "nodes are created beside a failed one",
        "_plan/refusals.py",
        {"    if not failed:\n": "    if failed or not failed:\n"},
        [f"{CORE}present.py::test_a_failed_bystander_stops_what_counts"],
    ),
    Breakage(
        "`protect` is ignored",
        "_plan/node_set.py",
        {" and node.id not in protected]": "]"},
        [f"{CORE}cluster_nodes.py::test_a_protected_node_counts_and_another_is_taken"],
    ),
    Breakage(
        "the manager is not protected",
        "_operations/cluster_nodes.py",
        {', "protect"), *managers])': ', "protect")])'},
        [f"{CORE}cluster_nodes_options.py::test_the_manager_says_enough"],
    ),
    Breakage(
        "a misspelt name in `protect` is ignored",
        "_plan/node_set.py",
        {"        if not matching:\n": "        if matching is None:\n"},
        [f"{CORE}cluster_nodes_options.py::test_a_name_that_no_node_has_is_refused"],
    ),
    Breakage(
        "nodes are destroyed without `prune`",
        "_plan/node_set.py",
        {"destroyed = remaining if policy.prune else []": "destroyed = remaining"},
        [f"{CORE}cluster_nodes.py::test_by_default_what_is_missing_is_created_and_what_is_extra_is_told"],
    ),
    Breakage(
        "`max_destroy` is ignored",
        "_plan/node_set.py",
        {"if len(destroyed) <= policy.max_destroy:": "if policy:"},
        [f"{CORE}cluster_nodes_options.py::test_a_plan_that_destroys_more_than_it_may_is_refused"],
    ),
    Breakage(
        "a node set may be emptied without `allow_empty`",
        "_plan/node_set.py",
        {"if policy.allow_empty or not any(": "if policy or not any("},
        [f"{CORE}cluster_nodes_options.py::test_emptying_the_cluster_is_refused"],
    ),
    Breakage(
        "the last node may be destroyed without `allow_empty`",
        "_plan/node.py",
        {"if others is not None and not allow_empty:": "if not node:"},
        [f"{CORE}absent.py::test_the_last_usable_node_stays"],
    ),
    Breakage(
        "`expected_plan_id` is ignored",
        "_plan/refusals.py",
        {"if expected_plan_id is None or": "if plan or"},
        [f"{CORE}approval.py::test_a_change_that_leaves_the_same_steps_is_refused_too"],
    ),
    Breakage(
        "a size is only looked up once the lock is held and all has settled",
        "_operations/node.py",
        {
            "    size = cluster_run.size(options.size) if options.size else None\n    with": "    with",
            "_converge(options, run, cluster_run, size)\n        finally": "_converge(options, run, cluster_run, "
            "cluster_run.size(options.size) if options.size else None)\n        finally",
        },
        [f"{CORE}present.py::test_an_unknown_size_lists_those_on_offer"],
    ),
    # -- check mode, other writers, the lock
    Breakage(
        "check mode sends",
        "_operations/_changing.py",
        {"plan.operations))\n        return\n": "plan.operations))\n"},
        [
            f"{CORE}present.py::test_check_mode_plans_and_sends_nothing",
            f"{CORE}resize.py::test_check_mode_plans_and_sends_nothing",
            f"{CORE}reboot.py::test_check_mode_plans_and_sends_nothing",
            f"{CORE}absent.py::test_check_mode_plans_and_sends_nothing",
            f"{CORE}cluster_nodes.py::test_check_mode_shows_the_plan_and_sends_nothing",
        ],
    ),
    Breakage(
        "nothing is waited for before the plan",
        "_apply/run/settling.py",
        {"or not goal.add(self.account.nodes, 0.0):": "or not self.account.seen:"},
        [f"{CORE}present.py::test_what_is_under_way_is_waited_for_and_counted"],
    ),
    Breakage(
        "a node is destroyed while another one is in transition",
        "_plan/node.py",
        {"            return []\n        return [node for node in nodes if node.transitional]": "            return []\n        return []"},
        [f"{CORE}absent.py::test_another_node_under_way_is_waited_for"],
    ),
    Breakage(
        "no list before a mutation",
        "_apply/run/applying.py",
        {"        self._refuse_conflict(action, tries)\n        while True": "        while True"},
        [f"{CORE}other_writers.py::test_a_change_between_plan_and_mutation_stops_it"],
    ),
    Breakage(
        "no list before a second try",
        "_apply/run/applying.py",
        {" or self._refuse_conflict(action, tries, patient=False)\n": "\n"},
        [f"{CORE}retried_mutations.py::test_somebody_else_acting_between_the_tries_stops_it"],
    ),
    Breakage(
        "somebody else's change between two operations is ignored",
        "_apply/conflicts.py",
        {"return min(found, key=lambda conflict: conflict.patience, default=None)": "return None"},
        [f"{CORE}other_writers.py::test_one_that_comes_while_the_first_is_made_stops_the_second"],
    ),
    Breakage(
        "a failed operation does not stop the rest",
        "_apply/account.py",
        {"if verdict.outcome != OUTCOME_DONE:\n            exists": "if not verdict:\n            exists"},
        [f"{CORE}present.py::test_a_create_that_fails_names_the_node_and_how_to_remove_it"],
    ),
    Breakage(
        "requests are sent though the controller is gone",
        "_api/transport.py",
        {"        self._alive()\n": ""},
        [f"{CORE}interrupted.py::test_once_the_controller_is_gone_nothing_more_is_sent"],
    ),
    Breakage(
        "no lock is taken",
        "_operations/_changing.py",
        {"locked = options.lock and not run.check_mode": "locked = False"},
        [f"{CORE}locking.py::test_a_locked_cluster_is_waited_for"],
    ),
    Breakage(
        "every process has a lock of its own",
        "_apply/lock.py",
        {"medstack.control-{key}.lock": "medstack.control-{key}-{os.getpid()}.lock"},
        [f"{UNIT}lock.py::test_waiting_ends_in_time_and_says_who_holds_it"],
    ),
    Breakage(
        "the lock survives its holder",
        "_base/flock.py",
        {
            "fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)": '(os := __import__("os")).mkdir('
            'os.readlink(f"/proc/self/fd/{handle}") + ".held")',
            "(errno.EAGAIN, errno.EACCES)": "(errno.EAGAIN, errno.EACCES, errno.EEXIST)",
        },
        [f"{UNIT}lock.py::test_a_holder_that_is_killed_frees_it"],
    ),
    Breakage(
        "the lock is in another folder when this one is full",
        "_apply/lock.py",
        {'os.environ.get("TMPDIR") or "/tmp"': '__import__("tempfile").gettempdir()'},
        [f"{UNIT}lock.py::test_a_folder_that_takes_no_file_is_not_replaced_by_another"],
    ),
    Breakage(
        "anything that can be opened is a lock",
        "_apply/lock.py",
        {"if not stat.S_ISREG(os.fstat(handle).st_mode):": "if handle < 0:"},
        [f"{UNIT}lock.py::test_what_is_not_a_file_is_refused_at_once"],
    ),
    # -- where requests go, and the token
    Breakage(
        "what cannot pass by itself is tried again for a minute",
        "_api/transport.py",
        {"if kind is Transient and not self.reached and": "if kind is NotDone and"},
        [
            f"{CORE}connection.py::test_a_name_that_does_not_exist_fails_at_once",
            f"{CORE}connection.py::test_https_to_a_port_that_speaks_http_fails_at_once",
            f"{CORE}proxies.py::test_a_proxy_that_is_not_there_is_named_at_once",
        ],
    ),
    Breakage(
        "redirects are followed",
        "_api/transport.py",
        {
            "allow_redirects=False": "allow_redirects=True",
            "        session.get_redirect_target = lambda resp: None  # type: ignore[method-assign] # requests has no option for it\n": "",
        },
        [
            f"{CORE}connection.py::test_a_read_follows_no_redirect",
            f"{CORE}connection.py::test_a_mutation_follows_no_redirect",
        ],
    ),
    Breakage(
        "a netrc replaces the credentials",
        "_api/transport.py",
        {"session.auth = (key": 'session.headers["Authorization"] = requests.auth._basic_auth_str(key'},
        [f"{CORE}connection.py::test_a_netrc_does_not_replace_the_credentials"],
    ),
    Breakage(
        "proxies that the environment names see plain http to loopback",
        "_api/transport.py",
        {"session.trust_env = not self._connection.plain_http": "session.trust_env = True"},
        [f"{CORE}connection.py::test_the_environment_s_proxies_do_not_see_what_goes_to_loopback"],
    ),
    Breakage(
        "plain http is allowed to a host whose name begins like loopback",
        "_api/connection.py",
        {"|::1)\\Z": "|::1)"},
        [f"{CORE}connection.py::test_an_address_that_would_expose_the_token_or_makes_no_sense_is_refused"],
    ),
    Breakage(
        "any certificate is trusted",
        "_api/transport.py",
        {"verify=(connection.ca_path or True) if connection.validate_certs else False": "verify=False"},
        [f"{CORE}connection.py::test_a_certificate_that_nobody_signed_is_refused"],
    ),
    Breakage(
        'ids that could address something else ("../") are accepted',
        "_base/fields.py",
        {"return bool(_ID.match(text))": "return bool(text)"},
        [
            f"{UNIT}models.py::test_what_could_address_something_else_is_no_id",
            f"{CORE}resize.py::test_a_node_id_that_would_address_something_else_is_refused",
        ],
    ),
    Breakage(
        "the token leaks by an error that quotes the server",
        "_api/responses.py",
        {'self._redactor.text(response.content.decode("utf-8", "replace"))': "response.text"},
        [f"{CORE}secrets.py::test_in_the_body_of_an_error"],
    ),
    Breakage(
        "the token leaks by escapes in an error",
        "_api/responses.py",
        {"self._redactor.value(json.loads(text))": "json.loads(text)"},
        [f"{CORE}secrets.py::test_in_escapes_and_in_what_is_no_http"],
    ),
    Breakage(
        "the token leaks by an error of the connection",
        "_api/transport.py",
        {"self._redactor.text(str(cause))": "str(cause)"},
        [f"{CORE}secrets.py::test_in_escapes_and_in_what_is_no_http"],
    ),
    Breakage(
        "the token leaks by an unforeseen exception",
        "_runner.py",
        {"= redactor.value(result)": "= result"},
        [f"{CORE}interrupted.py::test_a_bug_is_told_as_one_with_what_was_done"],
    ),
    Breakage(
        "the token leaks by the lines that are printed",
        "_base/run.py",
        {"self.report(self.redactor.text(said(line, self.words)))": "self.report(line)"},
        [f"{CORE}secrets.py::test_in_options_that_the_user_mixed_up"],
    ),
    Breakage(
        "the token leaks as base64",
        "_base/redact.py",
        {"encoded = [_base64(text) for text in plain]": "encoded: list[str] = []"},
        [f"{CORE}secrets.py::test_in_the_body_of_an_error"],
    ),
]


def _short(test: str) -> str:
    """`core/test_locking.py::test_x`, or `unit/core/test_lock.py::test_x`."""
    return test.removeprefix("tests/").removeprefix("integration/")


def table() -> str:
    rows = [f"| {breakage.name} | {', '.join(f'`{_short(test)}`' for test in breakage.tests)} |" for breakage in BREAKAGES]
    return "\n".join(["| broken on purpose | tests that fail |", "|---|---|", *rows])


if __name__ == "__main__":
    print(table())
