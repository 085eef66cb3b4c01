"""A webhook as tutorials write it: pydantic for the review, a deep copy, and a diff of two whole Pods.

It sets the fields that podtailor's built-in policy `general` sets, without a look at what they are beside.
"""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

import jsonpatch
from fastapi import FastAPI
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


@app.post("/mutate")
async def mutate(review: AdmissionReview) -> dict[str, Any]:
    pod = copy.deepcopy(review.request.object)
    spec = pod["spec"]
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        resize = [{"resourceName": each, "restartPolicy": "NotRequired"} for each in ("cpu", "memory")]
        container.setdefault("resizePolicy", resize)
        resources = container.setdefault("resources", {})
        resources["requests"] = {"cpu": "100m", "memory": "256Mi", **resources.get("requests", {})}
        resources["limits"] = {"cpu": "500m", "memory": "512Mi", **resources.get("limits", {})}
    pod["metadata"].setdefault("annotations", {})["podtailor.dev/applied"] = '{"general":[]}'
    patch = jsonpatch.make_patch(review.request.object, pod)
    response = {
        "uid": review.request.uid,
        "allowed": True,
        "patchType": "JSONPatch",
        "patch": base64.b64encode(json.dumps(patch.patch).encode()).decode(),
    }
    return {"apiVersion": review.apiVersion, "kind": review.kind, "response": response}
