"""Exported policies beside webhooks: one that adds a container after them, and podtailor's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.export import fixture_pods
from tests.e2e.export.admission import Admission
from tests.e2e.export.in_force import InForce, objects_of
from tests.e2e.injector import injecting
from tests.e2e.webhook import Webhook
from tests.support.pods import pod
from tests.support.processes import eventually
from webhook.model.names import APPLIED
from webhook.policies.shipped import Profile, built_in

pytestmark = [pytest.mark.soak, pytest.mark.usefixtures("without_errors")]
STRICT = built_in(Profile.STRICT)


@pytest.fixture(scope="module")
def webhook_flags() -> list[str]:
    return ["--builtin=strict"]


@pytest.fixture(scope="module")
def exported(in_force: InForce) -> InForce:
    """`again`: as it is exported; `once`: with --reinvocation Never."""
    in_force.put(
        {"again": objects_of(STRICT, "again"), "once": objects_of(STRICT, "once", reinvocation="Never")}
    )
    for name in ("again", "once"):
        in_force.namespace(f"export-{name}", name)
    return in_force


@pytest.mark.soak
@pytest.mark.usefixtures("exported")
def test_container_that_a_webhook_adds_is_tailored(
    cluster: ControlPlane, admission: Admission, tmp_path: Path
) -> None:
    """They are called before webhooks, and again after one has changed the Pod; unless told not to be."""
    sent = pod(metadata="labels: {late: wanted}")

    def injected(namespace: str) -> Any:
        made = admission.create(namespace, sent).body
        return made["spec"]["containers"] if len(made["spec"]["containers"]) > 1 else None

    with injecting(cluster, tmp_path):
        app, late = eventually("the other webhook is called", lambda: injected("export-again"))
        assert app["resources"] == late["resources"]
        assert late["resources"]["requests"] == {"cpu": "100m", "memory": "256Mi"}
        assert late["resizePolicy"] == app["resizePolicy"]
        app, late = eventually("the other webhook is called", lambda: injected("export-once"))
        assert app["resources"]["requests"] == {"cpu": "100m", "memory": "256Mi"}
        assert late["resources"] == {}


@pytest.mark.usefixtures("exported")
def test_webhook_finds_nothing_left_to_do(admission: Admission, webhook: Webhook) -> None:
    """It is asked about every Pod, and adds not even its annotation."""
    before, created = webhook.reviews(), 0
    for name, each in fixture_pods.pods():
        made = admission.create("export-again", each)
        if made.is_refusal:
            continue
        created += 1
        assert "patch" not in webhook.review(made.body, namespace="export-again"), name
        sent = each["metadata"].get("annotations") or {}
        assert made.body["metadata"].get("annotations", {}).get(APPLIED) == sent.get(APPLIED), name
    assert created > 30
    # Directly, and most also by the API server: that does not ask about Pods that are left alone anyway.
    assert webhook.reviews() - before > 1.5 * created
