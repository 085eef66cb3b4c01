"""The edits: what podtailor can do to a Pod. One file each, pure, in the order of this list.

An edit reads a Subject and the policies that match it, in the order in which they are heard, and writes
into a Draft.
"""

from webhook.edits import node_selector, resize_policy, tolerations
from webhook.edits.resources.edit import default_resources

EDITS = (
    resize_policy.ensure_resize_policy,
    node_selector.default_node_selector,
    tolerations.ensure_tolerations,
    default_resources,
)
