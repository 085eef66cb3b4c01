"""Processes that decide at their start how much memory they use, and keep it.

A JVM sizes its heap, Node.js its old space, MongoDB its cache, a model server its weights and caches. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from webhook.model.images import repository
from webhook.resize.pod import Container

_JVM, _NODE, _MONGODB, _GPU = "the JVM", "Node.js", "MongoDB", "a process on a GPU"
# Of images, the last part of the repository; the vendors' own names on Docker Hub.
_IMAGES = {
    _JVM: (
        *("openjdk", "eclipse-temurin", "amazoncorretto", "tomcat", "jetty", "elasticsearch", "opensearch"),
        *("logstash", "neo4j", "cassandra", "kafka", "zookeeper", "solr", "keycloak", "jenkins", "sonarqube"),
    ),
    _NODE: ("node",),
    _MONGODB: ("mongo", "mongodb", "mongodb-community-server"),
}
_PROGRAMS = {_JVM: "java", _NODE: "node", _MONGODB: "mongod"}
_VARIABLES = {_JVM: ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS"), _NODE: ("NODE_OPTIONS",)}


def sized_at_start(container: Container) -> str:
    """What runs in it and sizes itself at its start, as far as its spec shows; empty if nothing does."""
    if any("/" in name for name in _resources(container)):
        return _GPU
    image = repository(container.image).rpartition("/")[2]
    words = [*(container.command or ()), *(container.args or ())]
    programs = {word.rpartition("/")[2] for word in words[:1]}
    variables = {each.name for each in container.env or ()}
    for runtime, images in _IMAGES.items():
        if (
            image in images
            or _PROGRAMS[runtime] in programs
            or variables.intersection(_VARIABLES.get(runtime, ()))
        ):
            return runtime
    return ""


# They fill what they are given with copies of data, so usage says little about the need.
_CACHES = ("redis", "redis-stack-server", "valkey", "memcached", "postgres", "postgresql", "mysql", "mariadb")


def keeps_memory(container: Container) -> str:
    """What runs in it and uses the memory that it is given, needed or not; empty if nothing is known to."""
    is_cache = repository(container.image).rpartition("/")[2] in _CACHES
    return sized_at_start(container) or ("a cache" if is_cache else "")


def _resources(container: Container) -> Iterable[str]:
    sides: tuple[Mapping[str, object] | None, ...] = (
        container.resources.requests,
        container.resources.limits,
    )
    return (name for side in sides for name in side or ())
