"""Policy documents: which are accepted, which are refused, and with which message."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from webhook.errors import InputError
from webhook.model.names import Mode, WorkloadType
from webhook.model.policy import Origin, Policy
from webhook.policies.load import load, load_or_raise
from webhook.policies.merge import in_force
from webhook.policies.shipped import Profile, built_in

HEAD = "apiVersion: podtailor.dev/v1alpha1\nkind: ClusterWorkloadPolicy\nmetadata: {name: p}\nspec:\n"

EVERY_FIELD = HEAD + indent(
    dedent(
        """\
        mode: Audit
        priority: 1000
        match:
          workloadTypes: [GPU, Stateful, ARM64, General]
          namespaceSelector: {matchLabels: {podtailor.dev/injection: enabled}}
          podSelector: {matchExpressions: [{key: app, operator: In, values: [web, '']}]}
          annotations: {resize: enable}
          ownerKinds: [Deployment, Pod]
          images: [redis, "*/team/*"]
        containers: {names: ["*"], images: ["*"]}
        resizePolicy: {cpu: NotRequired, memory: RestartContainer}
        nodeSelector: {kubernetes.io/arch: arm64}
        tolerations:
        - {key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 60}
        - {key: a, value: b}
        - {operator: Exists}
        resources:
          limits:
          - type: Container
            defaultRequest: {cpu: "2", memory: 8Gi, ephemeral-storage: 1Gi}
            default: {memory: 16Gi}
            min: {cpu: 100m}
            max: {memory: 512Gi, nvidia.com/gpu: "8"}
            maxLimitRequestRatio: {cpu: "4", memory: "1.5"}
          - type: Pod
            max: {memory: 1Ti}
          perDevice: {cpu: "4", memory: 16Gi}
          limitFactor: {cpu: "4", memory: "1.5"}
          onViolation: Warn
        accelerators:
          resizePolicy: {memory: RestartContainer}
          tolerations: [{operator: Exists, effect: NoSchedule}]
        """
    ),
    "  ",
)


def _write(folder: Path, text: str, name: str = "policy.yaml") -> str:
    file = folder / name
    file.write_text(text)
    return str(file)


def _only(folder: Path, text: str) -> Policy:
    (policy,) = load_or_raise([_write(folder, text)])
    return policy


def test_takes_every_field(tmp_path: Path) -> None:
    policy = _only(tmp_path, EVERY_FIELD)
    assert (policy.name, policy.origin, policy.mode, policy.priority) == (
        "p",
        Origin.CLUSTER_WORKLOAD_POLICY,
        Mode.AUDIT,
        1000,
    )
    assert policy.match.workload_types == tuple(WorkloadType)
    assert [str(image) for image in policy.match.images or ()] == ["redis", "*/team/*"]
    assert policy.resources is not None
    assert policy.resources.per_device["memory"].milli == 16 * 1024**3 * 1000
    assert policy.source == f"{tmp_path / 'policy.yaml'}:1:1"


@pytest.mark.parametrize(
    "match", ["{}", "{images: null}", "{workloadTypes: [], podSelector: {}, annotations: {}, ownerKinds: []}"]
)
def test_absent_null_and_empty_are_no_clause(tmp_path: Path, match: str) -> None:
    policy = _only(tmp_path, f"{HEAD}  match: {match}\n")
    assert policy.match == _only(tmp_path, f"{HEAD}  {{}}\n").match


# What follows `spec:`, the column of the complaint on line 5, its field, its words.
REFUSED = [
    ("reources: {}", 3, "spec.reources", 'unknown field; did you mean "resources"?'),
    ("match: {podselector: {}}", 11, "spec.match.podselector", 'unknown field; did you mean "podSelector"?'),
    ("zzz: 1", 3, "spec.zzz", "unknown field; known fields are accelerators, containers,"),
    (
        "resources: {limits: [{type: Container, defaultRequests: {}}]}",
        42,
        "spec.resources.limits[0].defaultRequests",
        'unknown field; did you mean "defaultRequest"?',
    ),
    ("mode: enforce", 3, "spec.mode", "'enforce' is not 'Enforce', 'Audit' or 'Off'"),
    ("mode: Off", 3, "spec.mode", "must be a string: YAML reads this as false, put it in quotes"),
    ("match: {workloadTypes: [gpu]}", 27, "spec.match.workloadTypes[0]", "'gpu' is not 'GPU', 'Stateful', 'ARM64' or 'General'"),
    ("priority: 1001", 3, "spec.priority", "should be less than or equal to 1000"),
    ("priority: '5'", 3, "spec.priority", "should be a valid integer"),
    ("resizePolicy: {cpu: Restart}", 18, "spec.resizePolicy.cpu", "'Restart' is not 'NotRequired' or 'RestartContainer'"),
    ("resizePolicy: {gpu: NotRequired}", 18, "spec.resizePolicy.gpu", "'gpu' is not 'cpu' or 'memory'"),
    ("match: {ownerKinds: [CronJob]}", 24, "spec.match.ownerKinds[0]", "the Pods of a CronJob belong to its Jobs: write Job"),
    ("match: {ownerKinds: [deployment]}", 24, "spec.match.ownerKinds[0]", "'deployment' is not a kind: write Deployment"),
    ("match: {ownerKinds: [StatefulSets]}", 24, "spec.match.ownerKinds[0]", "'StatefulSets' is not a kind: write StatefulSet"),
    ("match: {images: ['redis:7']}", 20, "spec.match.images[0]", "'redis:7' matches no image: tags and digests are not compared: write redis"),
    ("containers: {images: ['a/redis@sha256:00']}", 25, "spec.containers.images[0]", "tags and digests are not compared: write a/redis"),
    ("match: {images: [Redis]}", 20, "spec.match.images[0]", "image names consist of lower case letters"),
    ("match: {images: [a//b]}", 20, "spec.match.images[0]", "no part of an image name may be empty"),
    ("match: {images: ['']}", 20, "spec.match.images[0]", "an empty pattern matches nothing"),
    ("tolerations: [{operator: Exists, effect: NoExecute, tolerationSeconds: 9223372036854775808}]", 55, "spec.tolerations[0].tolerationSeconds", "9223372036854775808 is not a 64-bit integer"),
    ("{resources: {limits: [{type: Pod, min: {cpu: 16Ei}, max: {cpu: 8E}}]}}", 25, "spec.resources.limits[0]", "min.cpu 16Ei is above max.cpu 8E"),
    (f"match: {{images: ['{'*a' * 9}']}}", 20, "spec.match.images[0]", "a pattern may have at most 8 stars"),
    ("match: [GPU]", 3, "spec.match", "must be a mapping"),
    ("match: {images: redis}", 11, "spec.match.images", "must be a list"),
    (
        "resources: {limits: [{type: Container, default: {cpu: 0.5}}]}",
        52,
        "spec.resources.limits[0].default.cpu",
        'must be a string: write "0.5"',
    ),
    (
        "resources: {limits: [{type: Container, default: {cpu: 100 m}}]}",
        52,
        "spec.resources.limits[0].default.cpu",
        "'100 m' is not a quantity, such as 100m, 2, 0.5Gi or 1e3",
    ),
    ("resources: {perDevice: {memory: '0'}}", 27, "spec.resources.perDevice.memory", "0 must be above zero"),
    ("resources: {perDevice: {memory: '-1'}}", 27, "spec.resources.perDevice.memory", "-1 must be above zero"),
    ("resources: {perDevice: {nvidia.com/gpu: '1'}}", 27, "spec.resources.perDevice.nvidia.com/gpu", "nvidia.com/gpu has no default"),
    ("resources: {limitFactor: {cpu: '0.5'}}", 29, "spec.resources.limitFactor.cpu", "0.5 must be at least 1"),
    (
        "resources: {limits: [{type: Container, default: {cpu: '1'}, defaultRequest: {cpu: '2'}}]}",
        24,
        "spec.resources.limits[0]",
        "defaultRequest.cpu 2 is above default.cpu 1",
    ),
    ("resources: {limits: [{type: Container, min: {cpu: '2'}, max: {cpu: '1'}}]}", 24, "spec.resources.limits[0]", "min.cpu 2 is above max.cpu 1"),
    ("resources: {limits: [{type: Container, min: {cpu: '2'}, defaultRequest: {cpu: '1'}}]}", 24, "spec.resources.limits[0]", "min.cpu 2 is above defaultRequest.cpu 1"),
    ("resources: {limits: [{type: Container, default: {memory: 2Gi}, max: {memory: 1500M}}]}", 24, "spec.resources.limits[0]", "default.memory 2Gi is above max.memory 1500M"),
    ("resources: {limits: [{type: Container, max: {'a b': '1'}}]}", 48, "spec.resources.limits[0].max.a b", "'a b' is not the name of a resource"),
    ("resources: {limits: [{type: Container, maxLimitRequestRatio: {cpu: '0.9'}}]}", 65, "spec.resources.limits[0].maxLimitRequestRatio.cpu", "0.9 must be at least 1"),
    ("resources: {limits: [{type: Pod, default: {cpu: '1'}}]}", 24, "spec.resources.limits[0]", "a Pod has no defaults"),
    ("resources: {limits: [{type: Container, default: {cpu: '1" + "0" * 32 + "'}}]}", 52, "spec.resources.limits[0].default.cpu", "is not a quantity"),
    ("resources: {onViolation: Refuse}", 15, "spec.resources.onViolation", "'Refuse' is not 'Warn' or 'Deny'"),
    ("resources: {limits: [{type: Pods}]}", 25, "spec.resources.limits[0].type", "'Pods' is not 'Container' or 'Pod'"),
    ("resources: {limits: [{default: {}}]}", 24, "spec.resources.limits[0].type", "required"),
    ("resources: {limits: [{type: Container}, {type: Container}]}", 3, "spec.resources", "limits: at most one item of each type"),
    ("resources: {qosClass: Burstable}", 15, "spec.resources.qosClass", "'Burstable' is not 'Guaranteed'"),
    (
        "resources: {qosClass: Guaranteed, limitFactor: {cpu: '2'}}",
        3,
        "spec.resources",
        "qosClass Guaranteed makes limits equal to requests: remove limitFactor",
    ),
    ("nodeSelector: {" + ", ".join(f"k{at}: v" for at in range(33)) + "}", 3, "spec.nodeSelector", "should have at most 32 items"),
    ("nodeSelector: {" + "a" * 64 + ": c}", 18, "spec.nodeSelector." + "a" * 64, "is not a label key"),
    ("nodeSelector: {" + "a" * 254 + "/b: c}", 18, "spec.nodeSelector." + "a" * 254 + "/b", "is not a label key"),
    ('match: {images: ["a\\nb"]}', 20, "spec.match.images[0]", "a pattern must be one line"),
    ("nodeSelector: {A/a: c}", 18, "spec.nodeSelector.A/a", "'A/a' is not a label key"),
    ("match: {images: [" + "a" * 257 + "]}", 20, "spec.match.images[0]", "should have at most 256 characters"),
    ("match: {annotations: {'a b': c}}", 25, "spec.match.annotations.a b", "'a b' is not a label key"),
    ("tolerations: [{key: 'a b', operator: Exists}]", 18, "spec.tolerations[0].key", "'a b' is not a label key"),
    ("nodeSelector: {'a b': c}", 18, "spec.nodeSelector.a b", "'a b' is not a label key"),
    ("nodeSelector: {a: 'b c'}", 18, "spec.nodeSelector.a", "'b c' is not a label value"),
    ("nodeSelector: {a: true}", 18, "spec.nodeSelector.a", "must be a string: YAML reads this as true, put it in quotes"),
    ("tolerations: [{operator: Exist}]", 18, "spec.tolerations[0].operator", "'Exist' is not 'Equal' or 'Exists'"),
    ("tolerations: [{value: x}]", 17, "spec.tolerations[0]", "without a key the operator must be Exists"),
    ("tolerations: [{key: a, operator: Exists, value: x}]", 17, "spec.tolerations[0]", "operator Exists takes no value"),
    ("tolerations: [{key: a, tolerationSeconds: 5}]", 17, "spec.tolerations[0]", "tolerationSeconds needs effect NoExecute"),
    (
        "match: {podSelector: {matchExpressions: [{key: a, operator: In}]}}",
        44,
        "spec.match.podSelector.matchExpressions[0]",
        "operator In takes at least one value",
    ),
    (
        "match: {podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}",
        44,
        "spec.match.podSelector.matchExpressions[0]",
        "operator Exists takes no values",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "column", "field", "words"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refuses(tmp_path: Path, spec: str, column: int, field: str, words: str) -> None:
    (problem,) = load([_write(tmp_path, f"{HEAD}  {spec}\n")]).problems
    assert problem.place == f"{tmp_path / 'policy.yaml'}:5:{column}"
    assert problem.field == field
    assert words in problem.message


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("kind: Pod\n", "1:1", "kind: 'Pod' is not 'ClusterWorkloadPolicy' or 'WorkloadPolicy'"),
        ("apiVersion: podtailor.dev/v1\n", "1:1", "'podtailor.dev/v1' is not 'podtailor.dev/v1alpha1'"),
        ("- a\n", "1:1", "a policy is a mapping"),
        (HEAD.replace("{name: p}", "{name: P}") + "  {}\n", "3:12", "'P' is not a name"),
        (HEAD.replace("{name: p}", "{}") + "  {}\n", "3:1", "metadata.name: required"),
        (HEAD.replace("{name: p}", "{name: p, namespace: ns}") + "  {}\n", "1:1", "a ClusterWorkloadPolicy has no"),
        (HEAD.replace("kind: Cluster", "kind: ") + "  {}\n", "1:1", "a WorkloadPolicy in a file needs metadata.namespace"),
        (
            HEAD.replace("kind: Cluster", "kind: ").replace("p}", "p, namespace: ns}")
            + "  match: {namespaceSelector: {matchLabels: {a: b}}}\n",
            "1:1",
            "its own namespace only",
        ),
        (HEAD.rstrip("\n") + "\n", "4:1", "spec: required"),
        (
            HEAD + "  {match: {workloadTypes: [General]}, nodeSelector: {beta.kubernetes.io/arch: arm64}}\n",
            "4:1",
            "is no longer General: add ARM64",
        ),
    ],
)  # fmt: skip
def test_refuses_whole_documents(tmp_path: Path, text: str, place: str, words: str) -> None:
    problems = load([_write(tmp_path, text)]).problems
    assert any(
        problem.place.endswith(f"policy.yaml:{place}") and words in str(problem) for problem in problems
    ), problems


def test_what_a_cluster_adds_to_a_policy_is_taken(tmp_path: Path) -> None:
    metadata = "metadata: {name: p, uid: x, creationTimestamp: 2026-01-01T00:00:00Z, generation: 3}"
    _only(tmp_path, HEAD.replace("metadata: {name: p}", metadata) + "  {}\nstatus: {conditions: []}\n")


def test_list_of_a_cluster_is_taken(tmp_path: Path) -> None:
    """As `kubectl get cwp -o yaml` prints it."""
    items = indent(f"- {indent(HEAD, '  ').strip()} {{}}\n- {indent(HEAD, '  ').strip()} {{mod: x}}\n", "")
    text = "apiVersion: v1\nkind: List\nmetadata: {resourceVersion: ''}\nitems:\n" + items
    loaded = load([_write(tmp_path, text.replace("{name: p}", "{name: q}", 1))])
    assert [(policy.name, policy.source) for policy in loaded.policies] == [
        ("q", f"{tmp_path / 'policy.yaml'}:5:3")
    ]
    assert [problem.place for problem in loaded.problems] == [f"{tmp_path / 'policy.yaml'}:12:10"]


OTHERS = [
    pytest.param("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", id="a ConfigMap"),
    pytest.param("apiVersion: podtailor.dev/v1alpha1\nkind: PolicyTest\ntests: []\n", id="tests of policies"),
    pytest.param("apiVersion: v1\nkind: List\nitems: [{apiVersion: apps/v1, kind: Deployment}]\n", id="a List of others"),
]  # fmt: skip


@pytest.mark.parametrize("other", OTHERS)
def test_objects_of_other_kinds_may_stand_beside_policies(tmp_path: Path, other: str) -> None:
    _write(tmp_path, other, "other.yaml")
    _write(tmp_path, f"{HEAD}  {{}}\n")
    loaded = load([str(tmp_path)])
    assert [policy.name for policy in loaded.policies] == ["p"]
    assert loaded.problems == ()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HEAD.replace("ClusterWorkloadPolicy", "ClusterWorkloadPolcy") + "  {}\n", id="a kind of ours that is misspelt"),
        pytest.param(HEAD.replace("podtailor.dev", "podtailor.io") + "  {}\n", id="a group that is misspelt"),
        pytest.param("replicas: 3\n", id="a document of no kind"),
    ],
)  # fmt: skip
def test_what_could_be_a_policy_is_no_other_kind(tmp_path: Path, text: str) -> None:
    _write(tmp_path, text, "other.yaml")
    _write(tmp_path, f"{HEAD}  {{}}\n")
    assert load([str(tmp_path)]).problems


@pytest.mark.parametrize("number", ["1.10", "0123", "08", "1_000", "0x10", "1e3"])
def test_hint_is_what_the_file_says(tmp_path: Path, number: str) -> None:
    (problem,) = load([_write(tmp_path, f"{HEAD}  nodeSelector: {{version: {number}}}\n")]).problems
    assert problem.message == f'must be a string: write "{number}"'


def test_good_documents_beside_bad_ones_are_loaded(tmp_path: Path) -> None:
    good, bad = f"{HEAD}  {{}}\n", f"{HEAD}  mod: x\n".replace("{name: p}", "{name: bad}")
    loaded = load([_write(tmp_path, f"{good}---\n{bad}---\n# nothing\n")])
    assert [policy.name for policy in loaded.policies] == ["p"]
    assert [problem.place for problem in loaded.problems] == [f"{tmp_path / 'policy.yaml'}:11:3"]


def test_same_name_twice_is_reported_with_both_places(tmp_path: Path) -> None:
    _write(tmp_path, f"{HEAD}  {{}}\n", "a.yaml")
    _write(tmp_path, f"{HEAD}  {{}}\n", "b.yaml")
    (problem,) = load([str(tmp_path)]).problems
    assert str(problem) == (
        f"{tmp_path / 'b.yaml'}:3:12: metadata.name: ClusterWorkloadPolicy p is already defined at {tmp_path / 'a.yaml'}:1:1"
    )


def test_what_is_no_yaml_is_a_problem_among_others(tmp_path: Path) -> None:
    _write(tmp_path, "a: [", "a.yaml")
    _write(tmp_path, f"{HEAD}  mod: x\n", "b.yaml")
    assert [problem.place.partition(":")[0] for problem in load([str(tmp_path)]).problems] == [
        str(tmp_path / "a.yaml"),
        str(tmp_path / "b.yaml"),
    ]


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    file = _write(tmp_path, f"{HEAD}  mod: x\n  prio: 1\n")
    with pytest.raises(InputError) as error:
        load_or_raise([file])
    assert len(str(error.value).splitlines()) == 2


class TestInForce:
    def test_cluster_policy_replaces_the_built_in_of_its_name(self, tmp_path: Path) -> None:
        own = _write(tmp_path, (HEAD + "  {}\n").replace("{name: p}", "{name: gpu}"))
        names = [(policy.name, policy.origin) for policy in in_force([own], Profile.SAFE)]
        assert names.count(("gpu", Origin.CLUSTER_WORKLOAD_POLICY)) == 1
        assert ("gpu", Origin.BUILT_IN) not in names

    def test_namespaced_policy_replaces_none(self, tmp_path: Path) -> None:
        text = (
            (HEAD + "  {}\n")
            .replace("{name: p}", "{name: gpu, namespace: ns}")
            .replace("kind: Cluster", "kind: ")
        )
        assert len(in_force([_write(tmp_path, text)], Profile.SAFE)) == 5

    def test_profiles(self) -> None:
        assert in_force([], Profile.OFF) == ()
        assert all(policy.regular_containers_only for policy in built_in(Profile.SAFE))
        assert not any(policy.regular_containers_only for policy in built_in(Profile.STRICT))
        assert not any(
            policy.resources
            and (policy.resources.default or policy.resources.limit_factor or policy.resources.guaranteed)
            for policy in built_in(Profile.SAFE)
        ), "safe never sets a limit"


def test_of_another_kind_only_that_is_said(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nspec: {dnsPolicy: Default}\n"
    problems = load([_write(tmp_path, text)]).problems
    assert [problem.field for problem in problems] == ["apiVersion", "kind"]


@pytest.mark.parametrize("depth", [300, 500, 1000])
@pytest.mark.parametrize(("before", "after"), [("{a: ", "}"), ("[", "]"), ("- ", "")])
def test_nesting_is_a_problem_like_any_other(tmp_path: Path, before: str, after: str, depth: int) -> None:
    """However deep: a file watcher reports it like any other mistake."""
    file = tmp_path / "deep.yaml"
    file.write_text(before * depth + "1" + after * depth)
    (problem, *_) = load([str(file)]).problems
    assert problem.place.startswith(f"{file}:1:")
    assert problem.message == "nested more than 200 deep"


def test_a_key_that_is_written_twice_is_refused(tmp_path: Path) -> None:
    """Kubectl takes the last: what is for every Pod should not depend on who reads it."""
    file = tmp_path / "p.yaml"
    file.write_text(f"{HEAD}  priority: 1\n  priority: 2\n")
    with pytest.raises(InputError, match=r"p\.yaml:\d+:3: duplicate key 'priority', first set in line"):
        load_or_raise([str(file)])
