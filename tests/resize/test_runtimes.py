"""Processes that size themselves once, as far as a spec shows them."""

from __future__ import annotations

import msgspec
import pytest

from tests.support.pods import yaml
from webhook.resize.pod import Container
from webhook.resize.runtimes import keeps_memory, sized_at_start


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        pytest.param("image: nginx:1", "", id="not a web server"),
        pytest.param("image: example.com/node-exporter:1", "", id="not an image that begins alike"),
        pytest.param("{image: app, args: [java]}", "the JVM", id="a JVM whose entrypoint runs its arguments"),
        pytest.param("{image: app, command: [sh, -c, java -jar app.jar]}", "", id="not what a shell hides"),
        pytest.param("{image: app, resources: {limits: {ephemeral-storage: 1Gi}}}", "", id="not one with disk"),
        pytest.param("image: eclipse-temurin:21", "the JVM", id="a JVM by its image"),
        pytest.param("image: registry.example.com/mirror/openjdk@sha256:00", "the JVM", id="of any registry"),
        pytest.param("{image: app, command: [/opt/java/bin/java]}", "the JVM", id="a JVM by its program"),
        pytest.param("{image: app, env: [{name: JAVA_TOOL_OPTIONS, value: x}]}", "the JVM", id="a JVM by its variable"),
        pytest.param("image: node:22", "Node.js", id="Node.js by its image"),
        pytest.param("{image: app, command: [node, a.js]}", "Node.js", id="Node.js by its program"),
        pytest.param("{image: app, env: [{name: NODE_OPTIONS}]}", "Node.js", id="Node.js by its variable"),
        pytest.param("image: mongo:8", "MongoDB", id="MongoDB by its image"),
        pytest.param("{image: app, command: [mongod]}", "MongoDB", id="MongoDB by its program"),
        pytest.param("{image: app, resources: {limits: {nvidia.com/gpu: '1'}}}", "a process on a GPU", id="a GPU"),
    ],
)  # fmt: skip
def test_sized_at_start(container: str, expected: str) -> None:
    assert sized_at_start(msgspec.convert(yaml(container), Container)) == expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("nginx:1", ""),
        ("redis:7", "a cache"),
        ("docker.io/library/postgres:17", "a cache"),
        ("mongo:8", "MongoDB"),
    ],
)
def test_keeps_memory(image: str, expected: str) -> None:
    assert keeps_memory(Container(image=image)) == expected
