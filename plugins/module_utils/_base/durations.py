# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every duration (s) that is a rule and not an option. Use them as `durations.NAME`, when they are needed: tests change them here."""

from __future__ import annotations

# Safety: how long something has to show before it is believed.
SECOND_READ = 5.0  # between two reads of something that is hardly true
SURE = 5.0  # that a node is missing, or active again after its reboot
FELL_BACK = 60.0  # that a node is as it was before: "not carried out" is not said of an operation in progress
LAG = 60.0  # for this long, a list may still show the state before this run's own operations
UNCHANGED = 15.0  # that the list stays the same after a 429, before a create is sent again
UNSEEN_REBOOT = 30.0  # that a node stays active after a 429, before a reboot is sent again; or reboot_grace, if that is longer
ADDRESS = 60.0  # that an active node has no address, before it counts as created without one

# Pace of reads, and of requests that are sent again.
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 15.0
SLOWEST_PAUSE = 60.0  # of reads, after one 429 too many
SEARCH_EVERY = 5.0  # while a lost request's effect is searched for
LOCK_EVERY = 1.0  # while another run holds the lock
REPORT_EVERY = 30.0  # between two lines about a status that does not change

# Limits of requests.
CONNECT_TIMEOUT = 10.0
MUTATION_TIMEOUT = 60.0  # at least: giving up on a response early is what makes a mutation ambiguous
READ_BUDGET = 60.0  # for one read with all its retries, outside of waits
FIRST_BACKOFF = 0.5  # of a read that is retried
LONGEST_BACKOFF = 15.0
