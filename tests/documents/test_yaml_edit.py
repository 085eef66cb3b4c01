"""Operations applied to a person's YAML: every other line stays, and the data is as the patch makes it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tests.support.examples import examples
from tests.support.manifests import texts
from tests.support.pods import Json, decide
from tests.support.strategies import FEW, pods
from webhook.documents import yaml_tree
from webhook.documents.files import Document
from webhook.documents.yaml_edit import edited
from webhook.engine.snapshot import snapshot_of
from webhook.errors import InputError
from webhook.policies.load import load_or_raise
from webhook.policies.shipped import Profile, built_in

SNAPSHOT = snapshot_of((*load_or_raise(["tests/e2e/greedy-policies.yaml"]), *built_in(Profile.STRICT)))
LIMIT = {"op": "add", "path": "/spec/containers/0/resources/limits/memory", "value": "1Gi"}
RESIZE = {
    "op": "add",
    "path": "/spec/containers/0/resizePolicy",
    "value": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
}
SELECTOR = {"op": "add", "path": "/spec/nodeSelector", "value": {"kubernetes.io/arch": "arm64"}}
TOLERATION = {"op": "add", "path": "/spec/tolerations/-", "value": {"key": "on", "operator": "Exists"}}
ANNOTATION = {"op": "add", "path": "/metadata/annotations", "value": {"podtailor.dev/applied": '{"a":["b"]}'}}


def document(text: str) -> Document:
    return Document("<test>", 1, text, yaml_tree.plain(yaml_tree.parse(text, [])))


def _block(pod: Json, offset: int) -> str:
    writer = YAML(typ="rt", pure=True)
    writer.indent(mapping=4, sequence=2 + offset, offset=offset)
    writer.width = 10_000_000
    out = StringIO()
    writer.dump(pod, out)
    return out.getvalue()


# The same Pod as JSON on one line, JSON on many, and YAML in block style, with and without indented dashes.
STYLES: tuple[Callable[[Json], str], ...] = (
    json.dumps,
    lambda pod: json.dumps(pod, indent=2),
    lambda pod: _block(pod, 0),
    lambda pod: _block(pod, 2),
    lambda pod: _block(pod, 2).replace("\n", "\r\n"),
    lambda pod: _block(pod, 2).rstrip("\n"),
)


@examples(60)
@given(pods(FEW), st.integers(0, len(STYLES) - 1))
def test_edited_text_means_the_patched_data_and_keeps_every_line(pod: Json, style: int) -> None:
    # ruamel.yaml is slow
    (pod["metadata"].get("annotations") or {}).pop("huge", None)
    del pod["spec"]["containers"][4:]
    before = document(STYLES[style](pod))
    ops = decide(before.data, SNAPSHOT).patch
    after = edited(before, ops)
    assert yaml_tree.load(after) == jsonpatch.apply_patch(copy.deepcopy(before.data), ops)
    if style > 1:  # flow style grows inside its line
        replaced = {op["path"].rpartition("/")[2].replace("~1", "/") for op in ops if op["op"] == "replace"}
        lines = iter(after.splitlines())
        for line in before.text.splitlines():
            changed = any(name in line for name in replaced) or line.rstrip().endswith(
                (":", "null", "{}", "[]")
            )
            assert changed or line in lines


def _holders(data: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """The mappings and lists of a document, each with its JSON pointer."""
    if isinstance(data, dict | list):
        yield pointer, data
        for key, inner in data.items() if isinstance(data, dict) else enumerate(data):
            step = str(key).replace("~", "~0").replace("/", "~1")
            yield from _holders(inner, f"{pointer}/{step}")


def _is_within(before: str, after: str) -> bool:
    """Whether insertions alone turn `before` into `after`."""
    characters = iter(after)
    return all(each in characters for each in before)


@examples(150)
@given(texts(), st.data())
def test_any_edited_manifest_means_the_patched_data_and_keeps_every_other_byte(
    text: str, data: st.DataObject
) -> None:
    before = document(text)
    holders = list(_holders(before.data))
    chosen = data.draw(st.lists(st.sampled_from(range(len(holders))), min_size=1, max_size=3, unique=True))
    ops = []
    for pointer, holder in (holders[index] for index in chosen):
        value = data.draw(st.sampled_from(("1", True, {"k": ["v", {"off": 1}]}, [{"k": "on"}], {})))
        ops.append(
            {
                "op": "add",
                "path": f"{pointer}/{'-' if isinstance(holder, list) else 'n/o'.replace('/', '~1')}",
                "value": value,
            }
        )
    after = edited(before, ops)
    assert yaml_tree.load(after) == jsonpatch.apply_patch(copy.deepcopy(before.data), ops)
    # An alias that must differ is expanded, and an empty value is written.
    assert _is_within(re.sub(r"\*n\d+", "", text), after)
    assert after.startswith("\ufeff") is text.startswith("\ufeff")
    assert after.endswith("\n") is text.endswith("\n")


@pytest.mark.parametrize(
    ("text", "ops", "expected"),
    [
        pytest.param(
            'a: &n\n  b: 1\nc:\n  <<: *n\n  "<<": *n\n',
            [{"op": "add", "path": "/a/d", "value": 1}],
            'a: &n\n  b: 1\n  d: 1\nc:\n  <<: {b: 1}\n  "<<": {b: 1}\n',
            id="a merge and a key called << are distinct",
        ),
        pytest.param(
            "spec:\n  containers:\n  - name: a # last\n    # of a\n\n  # of b\n  - name: b\n",
            [RESIZE],
            "spec:\n  containers:\n  - name: a # last\n    resizePolicy:\n    - resourceName: cpu\n      restartPolicy: NotRequired\n"
            "    # of a\n\n  # of b\n  - name: b\n",
            id="comments stay with what follows them",
        ),
        pytest.param(
            "spec:\n    containers:\n        - name: a\n          resources:\n              limits:\n                  cpu: 1\n",
            [LIMIT, RESIZE, SELECTOR],
            "spec:\n    containers:\n        - name: a\n          resources:\n              limits:\n                  cpu: 1\n"
            "                  memory: 1Gi\n          resizePolicy:\n              - resourceName: cpu\n"
            "                restartPolicy: NotRequired\n    nodeSelector:\n      kubernetes.io/arch: arm64\n",
            id="indentation is that of the neighbours",
        ),
        pytest.param(
            "spec:\n  tolerations:\n  - key: a\n  x: |+\n    text\n\n",
            [TOLERATION, SELECTOR],
            'spec:\n  tolerations:\n  - key: a\n  - key: "on"\n    operator: Exists\n  x: |+\n    text\n\n  nodeSelector:\n    kubernetes.io/arch: arm64\n',
            id="words that are booleans elsewhere are quoted, block text keeps its blank lines",
        ),
        pytest.param(
            "metadata: {name: a}\nspec: {containers: [{name: a, resources: {limits: {}}}], tolerations: []}",
            [LIMIT, TOLERATION, ANNOTATION],
            "metadata: {name: a, annotations: {podtailor.dev/applied: '{\"a\":[\"b\"]}'}}\n"
            'spec: {containers: [{name: a, resources: {limits: {memory: 1Gi}}}], tolerations: [{key: "on", operator: Exists}]}',
            id="braces grow inside",
        ),
        pytest.param(
            '{\n  "spec": {\n    "containers": [\n      {\n        "name": "a"\n      }\n    ]\n  }\n}\n',
            [RESIZE],
            '{\n  "spec": {\n    "containers": [\n      {\n        "name": "a",\n        "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}]\n'
            "      }\n    ]\n  }\n}\n",
            id="JSON stays JSON",
        ),
        pytest.param(
            "spec:\n  containers:\n  - name: a\n    resizePolicy:\n  nodeSelector: ~\n",
            [RESIZE, SELECTOR],
            "spec:\n  containers:\n  - name: a\n    resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}]\n"
            "  nodeSelector: {kubernetes.io/arch: arm64}\n",
            id="null is replaced in its place",
        ),
        pytest.param(
            "spec:\r\n  x: 1\r\n# end\r\n",
            [SELECTOR],
            "spec:\r\n  x: 1\r\n  nodeSelector:\r\n    kubernetes.io/arch: arm64\r\n# end\r\n",
            id="line endings stay",
        ),
        pytest.param(
            "spec:\n  x: 1",
            [SELECTOR],
            "spec:\n  x: 1\n  nodeSelector:\n    kubernetes.io/arch: arm64",
            id="a missing last newline stays missing",
        ),
        pytest.param(
            "spec:\n  containers:\n  - name: a\n    resources: &r\n      limits: {cpu: 1}\n  - name: b\n    resources: *r\n",
            [{**LIMIT, "path": LIMIT["path"].replace("/0/", "/1/")}],
            "spec:\n  containers:\n  - name: a\n    resources: &r\n      limits: {cpu: 1}\n  - name: b\n"
            "    resources: {limits: {cpu: 1, memory: 1Gi}}\n",
            id="an alias is expanded if it must differ",
        ),
        pytest.param(
            "base: &b\n  resources:\n    limits: {cpu: 1}\nspec:\n  containers:\n  - <<: *b\n    name: a\n",
            [LIMIT],
            "base: &b\n  resources:\n    limits: {cpu: 1}\nspec:\n  containers:\n  - <<: *b\n    name: a\n"
            "    resources:\n      limits:\n        cpu: 1\n        memory: 1Gi\n",
            id="a merged value is expanded if it must differ",
        ),
        pytest.param(
            "a:\n  b: &n\n    c: {}\n  d:\n    <<: *n\n",
            [
                {"op": "add", "path": "/a/e", "value": 1},
                {"op": "add", "path": "/a/d/c/f", "value": 1},
            ],
            "a:\n  b: &n\n    c: {}\n  d:\n    <<: *n\n    c:\n      f: 1\n  e: 1\n",
            id="a merged value is expanded before what is added to its parent",
        ),
        pytest.param(
            "spec:\n  containers:\n  - name: a\n    resources: &r {}\n  - name: b\n    resources: *r\n",
            [
                {"op": "add", "path": "/spec/containers/0/resources/limits", "value": {"memory": "1Gi"}},
                {"op": "add", "path": "/spec/containers/1/resources/limits", "value": {"memory": "2Gi"}},
            ],
            "spec:\n  containers:\n  - name: a\n    resources: &r {limits: {memory: 1Gi}}\n"
            "  - name: b\n    resources: {limits: {memory: 2Gi}}\n",
            id="an anchor stays before braces that were empty",
        ),
        pytest.param(
            "spec: &s\n  containers: !!seq\n  - &c\n    name: a\n    resources: !!map &r # mine\n      limits:\n        cpu: 1\n",
            [LIMIT, RESIZE, SELECTOR],
            "spec: &s\n  containers: !!seq\n  - &c\n    name: a\n    resources: !!map &r # mine\n      limits:\n        cpu: 1\n        memory: 1Gi\n"
            "    resizePolicy:\n    - resourceName: cpu\n      restartPolicy: NotRequired\n  nodeSelector:\n    kubernetes.io/arch: arm64\n",
            id="blocks with anchors and tags on their first line grow",
        ),
        pytest.param(
            "spec:\n  tolerations: &t\n    - key: a\n  nodeSelector: &n\n  other: *n\n",
            [TOLERATION, SELECTOR],
            'spec:\n  tolerations: &t\n    - key: a\n    - key: "on"\n      operator: Exists\n'
            "  nodeSelector: &n {kubernetes.io/arch: arm64}\n  other: null\n",
            id="an anchor stays before a value that was missing",
        ),
        pytest.param(
            "base: &b {x: 1}\nspec:\n  <<: *b\n  on: 2\n  y: &y\n    z: 1\n  1.10: *y\n",
            [{"op": "add", "path": "/spec/true/new", "value": 1}],
            "base: &b {x: 1}\nspec:\n  <<: *b\n  on: 2\n  y: &y\n    z: 1\n    new: 1\n  1.10: {z: 1}\n",
            id="keys that are not strings are found, and the last of duplicates",
        ),
        pytest.param(
            "\ufeffspec:\n  x: 1\t\n  x: {y: 2}\t# z\n",
            [SELECTOR, {"op": "add", "path": "/spec/x/w", "value": 1}],
            "\ufeffspec:\n  x: 1\t\n  x: {y: 2, w: 1}\t# z\n  nodeSelector:\n    kubernetes.io/arch: arm64\n",
            id="a byte order mark, tabs and duplicate keys stay",
        ),
    ],
)  # fmt: skip
def test_inserts(text: str, ops: list[Json], expected: str) -> None:
    before = document(text)
    assert edited(before, ops) == expected
    assert document(expected).data == jsonpatch.apply_patch(copy.deepcopy(before.data), ops)


def test_a_key_without_colon_cannot_be_given_a_value() -> None:
    with pytest.raises(InputError, match="<test>:1:1: the text of this YAML cannot be edited"):
        edited(document("? spec\n"), [SELECTOR | {"path": "/spec"}])
