"""Requests to an API server as JSON, with what an answer says beside the object: status, message, warnings."""

from __future__ import annotations

import json
import re
import ssl
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any, NamedTuple

from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.pods import Json
from tests.support.processes import eventually

# Namespaces: one that has opted out, one where podtailor acts, and one that has opted out and has a LimitRange.
PLAIN, TAILORED, RANGED = "probes", "probes-tailored", "probes-ranged"
_TYPES = {"PATCH": "application/strategic-merge-patch+json"}
_WARNING = re.compile(r'299 - "((?:[^"\\]|\\.)*)"')


class Answer(NamedTuple):
    status: int
    body: Json
    """The object, or a Status with the reason for its absence."""
    warnings: tuple[str, ...]

    @property
    def refusal(self) -> str | None:
        """In the API server's words, without the name of the object and the diff below them."""
        if self.status < HTTPStatus.BAD_REQUEST:
            return None
        message = str(self.body.get("message", "")).partition("\n")[0]
        return re.sub(r'^\S+ "[^"]*" is (invalid|forbidden): ', "", message)


class Api:
    """Requests of an administrator. Creations are tried and nothing is stored, unless a method says otherwise."""

    def __init__(self, cluster: ControlPlane) -> None:
        self._cluster = cluster
        self._trust = ssl.create_default_context(cafile=cluster.ca)

    def send(self, method: str, path: str, body: Json | None = None) -> Answer:
        """Raises urllib.error.URLError if nothing answers."""
        request = urllib.request.Request(
            self._cluster.url + path,
            json.dumps(body).encode() if body is not None else None,
            {
                "Authorization": f"Bearer {self._cluster.token}",
                "Content-Type": _TYPES.get(method, "application/json"),
            },
            method=method,
        )
        try:
            with urllib.request.urlopen(request, context=self._trust, timeout=30) as response:
                status, headers, content = response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            status, headers, content = error.code, error.headers, error.read()
        warnings = _WARNING.findall(", ".join(headers.get_all("Warning") or ()))
        is_json = "json" in headers.get_content_type()  # not where a path is unknown
        body = json.loads(content) if is_json else {"message": content.decode()}
        return Answer(status, body, tuple(each.replace('\\"', '"') for each in warnings))

    def create(self, pod: Json, namespace: str = PLAIN, query: str = "") -> Answer:
        return self.send("POST", f"{_pods(namespace)}?dryRun=All{query}", _in(namespace, pod))

    def patch(self, name: str, patch: Json, subresource: str = "") -> Answer:
        path = "/".join(filter(None, (_pods(PLAIN), name, subresource)))
        return self.send("PATCH", f"{path}?dryRun=All", patch)

    def running(self, pod: Json) -> str:
        """The name of this Pod, which is created if it is not there, once it runs."""
        name: str = pod["metadata"]["name"]
        if self.send("GET", f"{_pods(PLAIN)}/{name}").status == 404:
            answer = self.send("POST", _pods(PLAIN), _in(PLAIN, pod))
            assert answer.refusal is None, answer.refusal
        eventually(f"Pod {name} runs", lambda: self._phase(name) == "Running")
        return name

    def metric(self, name: str, **labels: str) -> float:
        return self._cluster.metric(name, **labels)

    def _phase(self, name: str) -> Any:
        return at(self.send("GET", f"{_pods(PLAIN)}/{name}").body, "status.phase")


def at(document: Any, path: str) -> Any:
    """The value at a path such as `spec.containers.0.image`; None if there is none."""
    for step in path.split("."):
        if isinstance(document, list):
            document = document[int(step)] if int(step) < len(document) else None
        else:
            document = (document or {}).get(step)
    return document


def _pods(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/pods"


def _in(namespace: str, pod: Json) -> Json:
    return {**pod, "metadata": {**pod["metadata"], "namespace": namespace}}
