"""Pods through the API server, as plain dicts."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kubernetes import config
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import DynamicApiError

from tests.support.pods import Json

_BAD_REQUEST, _INVALID = 400, 422


class Refused(Exception):
    """The API server took the request and refused the object, or the webhook's patch."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status, self.message = status, message


class Client:
    def __init__(self, kubeconfig: Path) -> None:
        self._api = config.new_client_from_config(str(kubeconfig))
        # The dynamic client: the typed one refuses fields and spellings that the API server takes.
        self._resources = DynamicClient(self._api).resources
        self._pods = self._resources.get(api_version="v1", kind="Pod")

    def would_take(self, document: Json) -> bool:
        """Whether the API server takes a document of whatever kind, unknown fields refused."""
        strict = {"dry_run": "All", "query_params": [("fieldValidation", "Strict")]}
        try:
            self._create(self._kind_of(document), document["metadata"].get("namespace"), document, **strict)
        except Refused as refused:
            if refused.status not in (_BAD_REQUEST, _INVALID):
                raise
            return False
        return True

    def create(self, namespace: str, pod: Json, *, dry_run: bool = False) -> Json:
        """The Pod as the API server stores it, or would. Raises Refused."""
        # The namespace is the one asked for: one Pod goes to several.
        metadata = {key: value for key, value in pod["metadata"].items() if key != "namespace"}
        options = {"dry_run": "All"} if dry_run else {}
        return self._create(self._pods, namespace, {**pod, "metadata": metadata}, **options)

    def make(self, namespace: str, document: Json) -> Json:
        """An object of whatever kind, as the API server stores it. Raises Refused."""
        return self._create(self._kind_of(document), namespace, document)

    def get(self, namespace: str, document: Json) -> Json:
        name = document["metadata"]["name"]
        found: Json = self._kind_of(document).get(name=name, namespace=namespace).to_dict()
        return found

    def _kind_of(self, document: Json) -> Any:
        return self._resources.get(api_version=document["apiVersion"], kind=document["kind"])

    def _create(self, kind: Any, namespace: str | None, document: Json, **options: Any) -> Json:
        try:
            created: Json = kind.create(body=document, namespace=namespace, **options).to_dict()
        except DynamicApiError as error:
            raise Refused(error.status, json.loads(error.body or "{}").get("message", "")) from error
        return created

    def first_pod(self, namespace: str, *, bound: bool = False, seconds: int = 60) -> Json:
        """The first Pod that comes in a namespace, or that the scheduler binds there."""
        selector = "spec.nodeName!=" if bound else None
        events = self._pods.watch(namespace=namespace, field_selector=selector, timeout=seconds)
        with closing(events):
            for event in events:
                pod: Json = event["raw_object"]
                return pod
        raise AssertionError(f"no Pod {'bound ' if bound else ''}in {namespace} within {seconds} s")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._api.close()
