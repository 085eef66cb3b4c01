"""A webhook as tutorials write it: pydantic for the review, a deep copy, and a diff of two whole Pods.

It adds what podtailor's built-in policy `general` adds.
"""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

import jsonpatch
from fastapi import FastAPI
from kubernetes.utils.quantity import parse_quantity
from pydantic import BaseModel

app = FastAPI()


class AdmissionRequest(BaseModel):
    uid: str
    operation: str
    namespace: str | None = None
    object: dict[str, Any]


class AdmissionReview(BaseModel):
    apiVersion: str
    kind: str
    request: AdmissionRequest


_REQUESTS, _LIMITS = {"cpu": "100m", "memory": "256Mi"}, {"cpu": "500m", "memory": "512Mi"}


def _larger(limit: str, request: str | None) -> str:
    return request if request and parse_quantity(request) > parse_quantity(limit) else limit


@app.post("/mutate")
async def mutate(review: AdmissionReview) -> dict[str, Any]:
    pod = copy.deepcopy(review.request.object)
    spec = pod["spec"]
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        resize = [{"resourceName": each, "restartPolicy": "NotRequired"} for each in ("cpu", "memory")]
        if container in spec["containers"]:
            container.setdefault("resizePolicy", resize)
        resources = container.setdefault("resources", {})
        asked = resources.get("requests", {})
        limits = {name: _larger(limit, asked.get(name)) for name, limit in _LIMITS.items()}
        resources["limits"] = {**limits, **resources.get("limits", {})}
        # A limit of its own is its request too, where it has none.
        resources["requests"] = {**_REQUESTS, **asked}
    pod["metadata"].setdefault("annotations", {})["podtailor.dev/applied"] = '{"general":[]}'
    patch = jsonpatch.make_patch(review.request.object, pod)
    response = {
        "uid": review.request.uid,
        "allowed": True,
        "patchType": "JSONPatch",
        "patch": base64.b64encode(json.dumps(patch.patch).encode()).decode(),
    }
    return {"apiVersion": review.apiVersion, "kind": review.kind, "response": response}
