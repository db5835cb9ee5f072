# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the variables of a playbook or role before anything is sent. It runs on the controller only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars

from ansible_collections.medstack.control.plugins.module_utils._base.text import clean
from ansible_collections.medstack.control.plugins.plugin_utils._declared import approval, blanks, hosts, names, task_files
from ansible_collections.medstack.control.plugins.plugin_utils._declared.variables import CLUSTER, PLAYBOOKS, PROVISION, ROLLING, SCALE

SPLIT = "A value set with -e was split at a space, and its rest was lost. Quote it twice: -e name='\"a value with spaces\"'."


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        try:
            found = list(self._complaints(str(self._task.args["entry"]), task_vars or {}))
        except Exception as error:  # what cannot be read cannot be checked, and is not let through
            found = [f"A variable cannot be read: {clean(error)}."]
        if not found:
            return {"changed": False}
        return {"failed": True, "changed": False, "msg": f"{' '.join(found)} Nothing was sent."}

    def _complaints(self, entry: str, variables: Mapping[str, Any]) -> Iterator[str]:
        if entry not in (*PLAYBOOKS, CLUSTER, ROLLING) or not self._task.args.keys() <= {"entry", "hosts", "task_files"}:
            raise ValueError("medstack_inputs was called for a playbook or role, or with an option, that it does not know")
        in_playbook = entry in PLAYBOOKS
        if "task_files" in self._task.args:
            yield from self._of_task_files(variables)
            return
        if self._task.args.get("hosts"):
            yield from self._of_hosts(entry, variables)
            return
        extra = load_extra_vars(self._loader)
        if "_raw_params" in extra:
            yield SPLIT  # the value is not printed: it could be a part of a secret
        others = {name: value for name, value in variables.items() if name.startswith(names.PREFIX)}
        yield from names.complaints(extra, others, self._own(variables), in_playbook)
        watched = [*blanks.SELECTIONS, *blanks.GATES, *(blanks.TARGETS if in_playbook else ())]
        values = {name: self._value(name, variables) for name in watched if name in variables}
        is_local = variables["inventory_hostname"] in hosts.LOCAL
        yield from blanks.complaints(entry, values, extra, os.environ if in_playbook else {}, is_local)
        if entry == CLUSTER:
            given, handed_on = ("medstack_expected_plan_id", "__cluster_handed_on")
            complaint = approval.complaint(given in variables, self._value(given, variables), self._value(handed_on, variables))
            if complaint:
                yield complaint

    def _of_hosts(self, entry: str, variables: Mapping[str, Any]) -> list[str]:
        """Of all hosts of the play at once: each would compare itself with every other."""
        raw = {name: variables["hostvars"].raw_get(name) for name in variables["ansible_play_hosts_all"]}
        all_hosts = [self._host(name, raw, variables) for name in raw]
        by_default = not self._text("medstack_hosts", variables)
        found = hosts.complaints(all_hosts, os.environ.get("MEDSTACK_CLUSTER", "").strip(), by_default)
        if entry in (PROVISION, SCALE):
            earlier = hosts.before(variables["ansible_play_hosts_all"], variables["ansible_play_batch"])
            results = {name: variables["hostvars"][name].get("medstack_cluster_result") for name in earlier}
            found += hosts.left(results)
        return found

    def _of_task_files(self, variables: Mapping[str, Any]) -> Iterator[str]:
        tags = [list(variables.get(name) or []) for name in ("ansible_run_tags", "ansible_skip_tags")]
        for variable, path in dict(self._task.args["task_files"]).items():
            if path:
                with open(str(path), encoding="utf-8") as stream:
                    complaint = task_files.complaint(str(variable), clean(path), stream.read(), *tags)
                if complaint:
                    yield complaint

    def _own(self, variables: Mapping[str, Any]) -> list[str]:
        value = self._value("medstack_own_variables", variables) or []
        return [str(name).strip() for name in (value.split(",") if isinstance(value, str) else value)]

    def _host(self, name: str, raw: Mapping[str, Mapping[str, Any]], variables: Mapping[str, Any]) -> hosts.Host:
        own, key = raw[name], "medstack_cluster"
        # What this host has beyond the inventory is the play's, and outdoes that of every host.
        of_play = key in variables and variables[key] != raw[variables["inventory_hostname"]].get(key)
        told = variables[key] if of_play else own.get(key)
        # With the play's variables too, from which it may be made.
        cluster = self._templar.copy_with_new_env(available_variables={**variables, **own}).template(told)
        return hosts.Host(
            name,
            "" if cluster is None else str(cluster).strip(),
            is_node="medstack_status" in own,
            is_cluster="medstack_cluster_label" in own and "medstack_status" not in own,
        )

    def _text(self, name: str, variables: Mapping[str, Any]) -> str:
        value = self._value(name, variables)
        return "" if value is None else str(value).strip()

    def _value(self, name: str, variables: Mapping[str, Any]) -> Any:
        """As the user's template makes it; None for one that is not set, or omitted."""
        if name not in variables:
            return None
        try:
            value = self._templar.template(variables[name])
        except Exception as error:
            if type(error).__name__ == "AnsibleValueOmittedError":  # from ansible-core 2.19 on
                return None
            raise
        return None if value == variables.get("omit") else value
