# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of Sphinx for the documentation site; `make docs` puts its pages together and builds it."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from docutils import nodes

project = "medstack.control"
version = release = yaml.safe_load((Path(__file__).parents[2] / "galaxy.yml").read_text("utf-8"))["version"]

extensions = ["myst_parser", "sphinx_antsibull_ext", "sphinx_copybutton", "sphinx_design"]
# Links in the Markdown lead to headings as on the repository's site.
myst_heading_anchors = 4
nitpicky = True
default_role = "any"
# An example is to be copied as it stands.
smartquotes = False

html_theme = "furo"
html_title = f"{project} {release}"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_use_index = False
html_static_path = ["static"]
html_css_files = ["site.css"]
# In static/site.css, where they follow the theme's switch between light and dark.
antsibull_ext_color_scheme = "none"
# Those of Ansible cannot be read well, neither in the light nor in the dark.
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
# Without prompts, and without what a command prints.
copybutton_prompt_text = "$ "

# linkcheck ("make docs-links"): what stands for a host in an example, and answers of sites that turn programs away.
linkcheck_ignore = [r"https?://[^/]*\.example(\.com)?(/|$)", r"https?://(localhost|127\.0\.0\.1|198\.18\.)", r"https://api\.medstack\.co/"]
linkcheck_timeout = 20

# antsibull-docs refers to Ansible's own documentation, whose index would have to be fetched for each build.
ANSIBLE = "https://docs.ansible.com/projects/ansible/devel"
HEADINGS = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}


def resolve(app, environment, node, content):
    """A link to one of these, to a module of ansible-core's, or to a variable of Ansible's; else None, and the reference is missing."""
    name = node.get("reftarget", "")
    builtin = re.fullmatch(r"ansible_collections\.ansible\.builtin\.(\w+?)(__\S+)?", name)
    if builtin:
        page = f"collections/ansible/builtin/{builtin[1]}.html"
    else:
        page = f"reference_appendices/config.html#envvar-{name}" if name.startswith("ANSIBLE_") else HEADINGS.get(name)
    return nodes.reference("", "", content, internal=False, refuri=f"{ANSIBLE}/{page}") if page else None


def setup(app):
    app.connect("missing-reference", resolve)
