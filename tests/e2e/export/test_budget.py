"""Policies and Pods that take much of the budget that the API server gives to an expression."""

from __future__ import annotations

import json

import pytest

from tests.e2e.export.admission import Admission
from tests.e2e.export.comparison import Tally
from tests.e2e.export.equality import as_they_are, compare
from tests.e2e.export.in_force import InForce
from tests.support.pods import Json, policy_of
from webhook.model.declared import LAST_APPLIED
from webhook.model.policy import Policy
from webhook.policies.shipped import Profile, built_in

pytestmark = pytest.mark.soak

_POLICIES, _PATTERNS = 50, 5
_IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/platform/payments/application-{}:2026.11.29"


def _pod(containers: int, annotation: str = "") -> Json:
    made = [{"name": f"c{at}", "image": _IMAGE.format(at)} for at in range(containers)]
    annotations = {LAST_APPLIED: annotation} if annotation else {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "annotations": annotations},
        "spec": {"containers": made},
    }


def _of_images(number: int) -> Policy:
    globs = [f"*/payments/application-{number}{at}*" for at in range(_PATTERNS)]
    return policy_of(
        {
            "apiVersion": "podtailor.dev/v1alpha1",
            "kind": "ClusterWorkloadPolicy",
            "metadata": {"name": f"images-{number}"},
            "spec": {
                "match": {"images": globs},
                "containers": {"images": globs},
                "resizePolicy": {"memory": "RestartContainer"},
                "resources": {"limits": [{"type": "Container", "defaultRequest": {"cpu": f"{number + 1}m"}}]},
            },
        }
    )


def test_many_patterns_of_images(admission: Admission, in_force: InForce) -> None:
    policies = (*map(_of_images, range(_POLICIES)), *built_in(Profile.SAFE))
    where = in_force.places({"budget-images": policies})["budget-images"]
    sent = as_they_are(admission, [_pod(100)])
    compare(admission, [(*each, where) for each in sent], Tally())


def test_long_manifests_of_kubectl_apply(admission: Admission, in_force: InForce) -> None:
    where = in_force.places({"budget-manifest": built_in(Profile.SAFE)})["budget-manifest"]
    manifest = json.dumps({"spec": {"containers": ["x" * 1000 for _ in range(200)]}})
    sent = as_they_are(admission, [_pod(24, manifest), _pod(80, manifest)])
    compare(admission, [(*each, where) for each in sent], Tally())
