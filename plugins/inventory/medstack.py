# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin: hosts are the company's nodes, or its clusters."""

from __future__ import annotations

DOCUMENTATION = r"""
name: medstack
short_description: The nodes or the clusters of MedStack Control
version_added: 0.1.0
author:
  - medstack.control contributors (@medstack-control)
description:
  - Reads the company's clusters, and with O(hosts=nodes) the nodes of each, by one request for each cluster, several at a time.
  - Its file has a name that ends in C(medstack.yml) or C(medstack.yaml).
  - Nodes do not accept SSH. A host that is a node has no connection, so that an ad hoc command for it fails, and does not run on the
    controller by mistake. A play about nodes sets C(connection=local), or the source O(connection).
  - A host that is a cluster has C(ansible_connection=local), for the playbooks of this collection. Any other task for it runs on the
    controller too.
  - Of a node there are the variables C(medstack_id), C(medstack_status), C(medstack_size_id), C(medstack_size_title),
    C(medstack_size_name) (the title's text before the colon), C(medstack_vcpu), C(medstack_memory) (GiB), C(medstack_public_ip_address)
    and C(medstack_operating_system), and those of its cluster.
  - Of a cluster there are C(medstack_cluster) (its id, as the playbooks and roles of this collection take it), C(medstack_cluster_label),
    C(medstack_region), C(medstack_infrastructure_provider) and C(medstack_company_id).
  - What the API does not say is null. What it says is never taken for a template.
  - Groups of nodes are C(cluster_LABEL), C(size_NAME), C(status_STATUS) and C(region_NAME), in lower case and with an underscore for what
    cannot be in the name of a group. Clusters whose labels would give the same name have a group by their id each,
    such as C(cluster_owQNwd37). Of clusters there is C(region_NAME).
  - When anything cannot be read, there is no inventory at all, never a smaller one.
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: Says that the file is for this plugin.
    type: str
    required: true
    choices: [medstack.control.medstack]
  hosts:
    description: What the hosts are.
    type: str
    choices: [nodes, clusters]
    default: nodes
  connection:
    description:
      - The connection of hosts that are nodes. V(local) runs every task for them on the controller, once for each node.
    type: str
    choices: [none, local]
    default: none
  clusters:
    description:
      - Only these clusters, by their labels or ids. In a label C(*) stands for any text, C(?) for a character. Left out, all.
      - An entry without such a character that fits no cluster is an error.
    type: list
    elements: str
    default: []
  exclude_clusters:
    description: Not these clusters, in the same form. It comes after O(clusters).
    type: list
    elements: str
    default: []
  statuses:
    description: Only nodes in one of these statuses, in any case. Left out, all.
    type: list
    elements: str
    default: []
  hostnames:
    description:
      - What a host is called, as Jinja2 expressions on its variables. The first that gives a text is taken.
      - Left out, a node is called by C(medstack_id), and a cluster by C(medstack_cluster_label) or else C(medstack_cluster).
      - What is no letter, digit, dot, hyphen or underscore becomes an underscore, also a space, since C(--limit) would part the name there.
        Two hosts with the same name are an error.
    type: list
    elements: str
    default: []
  base_url:
    description: Where the API is. Plain http is refused, except to a loopback address. May be a template.
    type: str
    default: https://api.medstack.co/v1
    env:
      - name: MEDSTACK_BASE_URL
  token_key:
    description: Key of the API token; required. May be a template, or vaulted.
    type: str
    env:
      - name: MEDSTACK_TOKEN_KEY
  token_value:
    description: Value of the API token; required. May be a template, or vaulted.
    type: str
    env:
      - name: MEDSTACK_TOKEN_VALUE
  company_id:
    description: Id of the company. Left out, the company that the token belongs to is looked up. May be a template.
    type: str
    env:
      - name: MEDSTACK_COMPANY_ID
  ca_path:
    description: File or folder with the certificates of the authorities to trust, where the system's own do not do.
    type: path
  validate_certs:
    description: Whether to check the server's certificate. V(false) is for trials only.
    type: bool
    default: true
  request_timeout:
    description: Seconds to wait for the answer to one request.
    type: float
    default: 30.0
  ignore_total:
    description:
      - Whether to accept a list whose total is above the number of its items. By default, such a list counts as partial, which is an error.
      - Set this only after you compared the list with MedStack Control. It overrides no other sign that items are missing.
    type: bool
    default: false
    env:
      - name: MEDSTACK_IGNORE_TOTAL
requirements:
  - requests
notes:
  - Ansible only warns of an inventory that cannot be read, and goes on without it. Set C(unparsed_is_failed) and
    C(any_unparsed_is_failed) in the section C(inventory) of C(ansible.cfg) to have it stop.
  - With O(cache) the API is not asked while the cache has an answer, which holds for this address, company, token key and these options.
    O(cache_plugin) must be one that outlives the run, such as C(ansible.builtin.jsonfile).
"""

EXAMPLES = r"""
# production.medstack.yml: the nodes of production that are ready, called by label and address, in groups of their own. The token comes from
# MEDSTACK_TOKEN_KEY and MEDSTACK_TOKEN_VALUE in the environment. With the line "plugin" alone, the hosts are all nodes of all clusters.
plugin: medstack.control.medstack
clusters: ["* production"]
statuses: [active]
hostnames:
  - medstack_cluster_label ~ '-' ~ medstack_public_ip_address
  - medstack_id
strict: true
compose:
  health_url: "'https://' ~ medstack_public_ip_address ~ '/health'"
groups:
  big: (medstack_memory or 0) >= 8
keyed_groups:
  - key: medstack_infrastructure_provider
    prefix: provider
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: .cache/inventory
cache_timeout: 600

# clusters.medstack.yml: the hosts are clusters, for the playbooks of this collection.
#
# plugin: medstack.control.medstack
# hosts: clusters
# exclude_clusters: ["*sandbox*"]
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ansible import template
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.medstack.control.plugins.module_utils._base.models import NodeSize
from ansible_collections.medstack.control.plugins.module_utils._base.run import Run
from ansible_collections.medstack.control.plugins.module_utils._base.text import clean
from ansible_collections.medstack.control.plugins.module_utils._operations._options import CONNECTION
from ansible_collections.medstack.control.plugins.module_utils._runner import execute
from ansible_collections.medstack.control.plugins.plugin_utils import _fleet

try:
    from ansible.module_utils.secrets import register_secrets
except ImportError:  # up to ansible-core 2.21

    def register_secrets(values: Iterable[str]) -> None:
        """Nothing to be told: nothing is masked in what Ansible prints."""


SCHEMA = 1  # of what is cached: to be raised when that changes

# Up to ansible-core 2.18 every text is a template unless it is marked as data; since then it is data unless it is marked as trusted.
ALL_ARE_TEMPLATES = not hasattr(template, "trust_as_template")

# What can be no template: neither braces nor the header by which a text can choose other delimiters.
PLAIN = re.compile(r"[\w .,:;()/@+=&-]*")

Variables = dict[str, Any]


class Host(NamedTuple):
    """A host to be. `own` is the variable by which any two differ."""

    own: str
    variables: Variables
    groups: list[str]

    @property
    def id(self) -> str:
        return str(self.variables[self.own])


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "medstack.control.medstack"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith(("medstack.yml", "medstack.yaml"))

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._refuse_unknown(self._read_config_data(path))
        params = self._params()
        snapshot = self._cached(params, fresh=not cache) if self.get_option("cache") else self._read(params)
        local = _data({"ansible_connection": "local"})
        hosts = (
            [_with(host, local) for host in _clusters(snapshot)]
            if params["hosts"] == "clusters"
            else _by_cluster(_nodes(snapshot, params["statuses"]), snapshot["labels"])
        )
        if params["hosts"] == "nodes" and self.get_option("connection") == "local":
            hosts = [_with(host, local) for host in hosts]
        named = dict(zip(self._names(hosts), hosts))
        before = set(inventory.hosts)
        try:
            for group in sorted({group for host in hosts for group in host.groups}):
                inventory.add_group(group)
            for name, host in named.items():
                self._add(name, host)
        except Exception:
            # Ansible would go on with the hosts that are there already.
            for name in set(inventory.hosts) - before:
                inventory.remove_host(inventory.get_host(name))
            raise

    def _refuse_unknown(self, config: Variables) -> None:
        """Ansible itself overlooks them; a misspelt `clusters` would then mean all."""
        known = set(self.get_options())
        unknown = sorted(str(name) for name in config if name not in known)
        if unknown:
            raise AnsibleParserError(
                f"The inventory plugin medstack has no option {', '.join(unknown)}. Next: Correct it; "
                "ansible-doc -t inventory medstack.control.medstack lists them."
            )

    def _params(self) -> Variables:
        """The options as the core takes them; an empty one counts as not given."""
        options = {name: self.get_option(name) for name in (*CONNECTION, "hosts")}
        params = {name: self._templated(value) if isinstance(value, str) else value for name, value in options.items()}
        for name, spec in CONNECTION.items():
            if params[name] in ("", None):
                params[name] = spec.get("default")
        for name in ("token_key", "token_value"):
            if not params[name]:
                raise AnsibleParserError(
                    f"There is no {name}. Next: Set MEDSTACK_{name.upper()} in the environment, or {name} in the inventory file."
                )
        # Not by "secret: true" in the documentation, which ansible-test refuses up to ansible-core 2.18, and which knows no templates.
        register_secrets([str(params["token_key"]), str(params["token_value"])])
        for name in ("clusters", "exclude_clusters", "statuses"):
            params[name] = [str(entry) for entry in self.get_option(name) or [] if entry not in ("", None)]
        if params["hosts"] == "clusters" and params["statuses"]:
            raise AnsibleParserError("statuses chooses nodes, and the hosts are clusters. Next: Take it out, or set hosts: nodes.")
        return params

    def _templated(self, value: str) -> str | None:
        given = self.templar.template(value)
        return None if given is None else str(given)

    def _cached(self, params: Variables, fresh: bool) -> Variables:
        key = _cache_key(params)
        try:
            if not fresh:
                cached: Variables = self._cache[key]
                return cached
        except KeyError:
            pass
        self._cache[key] = snapshot = self._read(params)
        return snapshot

    def _read(self, params: Variables) -> Variables:
        result = execute(_fleet, params, Run(report=lambda line: self.display.display(clean(line), stderr=True)))
        if result.get("failed"):
            raise AnsibleParserError(result["msg"])
        return {key: result[key] for key in _fleet.blank_result()}

    def _names(self, hosts: list[Host]) -> list[str]:
        expressions = [entry for entry in self.get_option("hostnames") or [] if entry]
        names = [self._name(host, expressions) if expressions else _default_name(host) for host in hosts]
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            alike = [host for host, name in zip(hosts, names) if name == twice[0]]
            raise AnsibleParserError(
                f'{", ".join(host.id for host in alike)} would all be called "{twice[0]}". Next: Give hostnames that tell them apart, '
                f"such as [{alike[0].own}], or leave some out by exclude_clusters."
            )
        return names

    def _name(self, host: Host, expressions: list[str]) -> str:
        for expression in expressions:
            if "{{" in expression:
                raise AnsibleParserError(f"hostnames has {expression!r}. Next: Write the expression without the braces.")
            try:
                name = _usable(self._compose(expression, host.variables))
            except Exception as error:
                raise AnsibleParserError(f"hostnames: {expression!r} cannot be made out: {clean(error)}. Next: Correct it.") from error
            if name:
                return name
        raise AnsibleParserError(f"hostnames gives no name for {host.id}. Next: Add {host.own} at its end.")

    def _add(self, name: str, host: Host) -> None:
        self.inventory.add_host(name)
        for key, value in host.variables.items():
            self.inventory.set_variable(name, key, value)
        for group in host.groups:
            self.inventory.add_child(group, name)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), host.variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), host.variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), host.variables, name, strict=strict)


def _with(host: Host, variables: Variables) -> Host:
    return host._replace(variables={**host.variables, **variables})


def _cache_key(params: Variables) -> str:
    """Another answer is due when any of these is another one. Of the token only a digest gets into the cache's name."""
    names = ("base_url", "company_id", "token_key", "hosts", "clusters", "exclude_clusters", "statuses", "ignore_total")
    facts = json.dumps([SCHEMA, *(params[name] for name in names)])
    return f"medstack.control.medstack_{hashlib.sha256(facts.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}"


def _clusters(snapshot: Variables) -> Iterator[Host]:
    for cluster in snapshot["clusters"]:
        yield Host("medstack_cluster", _data(_of_cluster(snapshot, cluster)), _groups(region=cluster["region"]))


def _nodes(snapshot: Variables, statuses: list[str]) -> Iterator[Host]:
    wanted = {status.strip().casefold() for status in statuses}
    for cluster in snapshot["clusters"]:
        for node in cluster["nodes"]:
            if wanted and node["status"].casefold() not in wanted:
                continue
            size = node["size"]
            size_name = NodeSize(**size).name if size["title"] else None
            variables = {
                # Not medstack_node_id: to the playbooks that says which node to reboot or destroy.
                "medstack_id": node["id"],
                "medstack_status": node["status"],
                "medstack_size_id": size["id"],
                "medstack_size_title": size["title"],
                "medstack_size_name": size_name,
                "medstack_vcpu": size["vcpu"],
                "medstack_memory": size["memory"],
                "medstack_public_ip_address": node["public_ip_address"],
                "medstack_operating_system": node["operating_system"],
                **_of_cluster(snapshot, cluster),
            }
            yield Host("medstack_id", _data(variables), _groups(size=size_name, status=node["status"], region=cluster["region"]))


def _of_cluster(snapshot: Variables, cluster: Variables) -> Variables:
    return {
        "medstack_cluster": cluster["id"],
        "medstack_cluster_label": cluster["label"],
        "medstack_region": cluster["region"],
        "medstack_infrastructure_provider": cluster["infrastructure_provider"],
        "medstack_company_id": snapshot["company_id"],
    }


def _by_cluster(nodes: Iterable[Host], labels: Mapping[str, str | None]) -> list[Host]:
    """Each also in a group for its cluster. No two clusters of the company share one, whether or not they have a node here just now."""
    by_label = {cluster: _groups(cluster=label) for cluster, label in labels.items()}
    taken = Counter([*labels, *(group for groups in by_label.values() for group in groups)])
    groups = {cluster: names if names and taken[names[0]] == 1 else [cluster] for cluster, names in by_label.items()}
    return [node._replace(groups=groups[node.variables["medstack_cluster"]] + node.groups) for node in nodes]


def _groups(**values: str | None) -> list[str]:
    return [f"{kind}_{re.sub(r'[^a-z0-9_]', '_', value.lower())}" for kind, value in values.items() if value]


def _data(variables: Variables) -> Variables:
    """As what is never templated. What is plain is passed as it is, since ansible-inventory prints whatever is marked in a wrapping."""
    return {name: _marked(value) if isinstance(value, str) else value for name, value in variables.items()}


def _marked(text: str) -> str:
    plain = PLAIN.fullmatch(text)
    if ALL_ARE_TEMPLATES:
        return text if plain else wrap_var(text)
    return template.trust_as_template(text) if plain else text


def _default_name(host: Host) -> str:
    return _usable(host.variables["medstack_cluster_label"] if host.own == "medstack_cluster" else None) or host.id


def _usable(value: Any) -> str:
    """As the name of a host: nothing that --limit or the path of a file takes for something else, and no template."""
    return re.sub(r"[^\w.-]", "_", "" if value is None else str(value)).strip(".")
