"""A registry with images, and Deployments that run them, as `make demo IMAGES=1` has them."""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from certs.files import CA_CERT, issue_to
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.images.forms import FORMS
from tests.e2e.images.registry import Distribution
from tests.support.pods import Json

NAMESPACE = "shop"
# Of the last there is nothing in the registry.
_FORMS = {"web": FORMS["index"], "pdf": FORMS["docker-manifest"], "serve": None}


def registry(cluster: ControlPlane, folder: Path, running: ExitStack) -> Path:
    """Starts them. The file with the CA of the registry."""
    folder = folder / "registry"
    issue_to(folder, ["localhost"], datetime.now(UTC), timedelta(days=7))
    server = running.enter_context(Distribution(folder, folder))
    cluster.kubectl("create", "namespace", NAMESPACE)
    for name, form in _FORMS.items():
        if form:
            server.push_form(name, form, "1")
        made = json.dumps(_deployment(name, f"{server.host}/{name}:1"))
        cluster.kubectl("apply", "-n", NAMESPACE, "-f", "-", stdin=made)
        cluster.kubectl("rollout", "status", "-n", NAMESPACE, f"deployment/{name}", "--timeout=60s")
    return folder / CA_CERT


def _deployment(name: str, image: str) -> Json:
    labels = {"app": name}
    container = {"name": name, "image": image, "resources": {"requests": {"cpu": "500m"}}}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
    }
