"""Policies that give new Pods just these numbers, and the lines that no policy could set."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.recommend.weeks import WEB, advised, container, measured, owner, week
from tests.support.pods import Json, policy_of, yaml
from webhook.cluster.policy_objects import MAX_IN_A_NAMESPACE
from webhook.engine.evaluate import evaluate
from webhook.engine.snapshot import Request, snapshot_of
from webhook.recommend.owner import OwnerState
from webhook.recommend.recommend import recommend
from webhook.recommend.rules import Rules
from webhook.recommend.to_policies import MAX_POLICIES, Images, Policies, Template, to_policies
from webhook.usage.measured import ContainerOfPod
from webhook.workloads.builtin_plugins import NO_PLUGINS, Defaults, Plugins
from webhook.workloads.templates import manifests_of
from webhook.workloads.workload import Ref, template_of

MANY = Rules(max_shrink=1000)
OPEN = owner(container((None,), (None,)))
LABELS = {"app": "web"}


def deployment(
    resources: str = "{}", labels: str = "{app: web, version: v1}", kind: str = "Deployment"
) -> Json:
    spec = {"containers": [{"name": "app", "image": "web", "resources": yaml(resources)}]}
    template = {"metadata": {"labels": yaml(labels)}, "spec": spec}
    inner: Json = {"selector": {"matchLabels": LABELS}, "template": template}
    if kind == "CronJob":
        inner = {"jobTemplate": {"spec": inner}}
    group = "batch/v1" if kind in ("Job", "CronJob") else "apps/v1"
    return {"apiVersion": group, "kind": kind, "metadata": {"name": "web", "namespace": "shop"}, "spec": inner}  # fmt: skip


def template(obj: Json, plugins: Plugins = NO_PLUGINS, selector: dict[str, str] | None = None) -> Template:
    (manifest,) = manifests_of(obj)
    ref = Ref(obj["kind"], "shop", "web")
    return Template(template_of(obj, manifest, ref, plugins), LABELS if selector is None else selector)


def policies(obj: Json, state: OwnerState = OPEN, plugins: Plugins = NO_PLUGINS) -> Policies:
    found = advised(week(measured()), state, MANY)
    return to_policies([found], {WEB: template(obj, plugins)})


def test_open_fields_become_a_policy_in_mode_audit() -> None:
    assert policies(deployment()).documents == (
        {
            "apiVersion": "podtailor.dev/v1alpha1",
            "kind": "WorkloadPolicy",
            "metadata": {"name": "deployment-web-app", "namespace": "shop"},
            "spec": {
                "mode": "Audit",
                "match": {"ownerKinds": ["Deployment"], "podSelector": {"matchLabels": {"app": "web"}}},
                "containers": {"names": ["app"]},
                "resources": {
                    "limits": [{"type": "Container", "defaultRequest": {"cpu": "230m", "memory": "464Mi"}}]
                },
            },
        },
    )


def test_what_stays_is_written_beside_what_changes() -> None:
    """A policy of the same name that sets it may be there from the last run."""
    (document,) = policies(deployment(), owner(container(("230m",), (None,)))).documents
    assert document["spec"]["resources"]["limits"] == [
        {"type": "Container", "defaultRequest": {"cpu": "230m", "memory": "464Mi"}}
    ]


def test_owners_and_containers_of_nearly_the_same_name_have_policies_of_different_names() -> None:
    pairs = [("web", "api-x"), ("web-api", "x"), ("web.api", "x")]
    refs = [Ref("Deployment", "shop", name) for name, _ in pairs]
    state = owner(container((None,), (None,)))
    found = [
        structs.replace(advised(week(measured()), state, MANY), owner=ref, container=name)
        for ref, (_, name) in zip(refs, pairs, strict=True)
    ]
    templates = {}
    for ref, (_, name) in zip(refs, pairs, strict=True):
        obj = deployment(labels=f"{{app: {ref.name}}}")
        obj["spec"]["template"]["spec"]["containers"][0]["name"] = name
        templates[ref] = template(obj, selector={})
    assert [each["metadata"]["name"] for each in to_policies(found, templates).documents] == [
        "deployment-web.api-x",
        "deployment-web-api-x",
        "deployment-web.api.x",
    ]


def test_admission_with_the_policy_gives_these_numbers() -> None:
    obj = deployment()
    made = policies(obj, owner(container((None,), (None, "400Mi"))))
    (document,) = made.documents
    document["spec"]["mode"] = "Enforce"
    admitted = template(obj).workload.admitted
    decision = evaluate(Request("shop", admitted), snapshot_of([policy_of(document)]))
    assert {change.field: change.value for change in decision.outcome.changes} == {
        "app:requests.cpu": "230m",
        "app:requests.memory": "464Mi",
        "app:limits.memory": "480Mi",
    }


@pytest.mark.parametrize(
    ("resources", "plugins", "blocked", "why"),
    [
        pytest.param("{requests: {cpu: 1}}", NO_PLUGINS, "app: requests.cpu", "the template sets it", id="what the template sets"),
        pytest.param("{limits: {cpu: 1}}", NO_PLUGINS, "app: requests.cpu", "the limit is the request too, because the template sets the limit alone", id="the request beside a limit alone"),
        pytest.param("{}", Plugins({"shop": [Defaults("shop", requests={"cpu": "1"})]}), "app: requests.cpu", "a LimitRange sets it before policies are asked", id="what a LimitRange sets"),
    ],
)  # fmt: skip
def test_says_which_lines_have_no_effect(resources: str, plugins: Plugins, blocked: str, why: str) -> None:
    made = policies(deployment(resources), plugins=plugins)
    ((line),) = made.without_effect
    assert (str(line.field), line.value, line.why) == (blocked, "230m", why)
    (document,) = made.documents
    assert document["spec"]["resources"]["limits"] == [
        {"type": "Container", "defaultRequest": {"memory": "464Mi"}}
    ]


def test_what_is_injected_has_its_own_knob() -> None:
    usage = week(measured(), container="istio-proxy")
    found = advised(usage, owner(container(name="istio-proxy", is_in_template=False)), MANY)
    made = to_policies([found], {WEB: template(deployment())})
    assert made.documents == ()
    assert {each.why.partition(":")[0] for each in made.without_effect} == {"annotations of the Pod set it"}
    other = advised(week(measured(), container="agent"), owner(container(name="agent")), MANY)
    assert {each.why for each in to_policies([other], {}).without_effect} == {
        "it is not in the template: what injects the container decides"
    }


def test_pods_without_labels_cannot_be_selected() -> None:
    ref = Ref("CronJob", "shop", "web")
    found = advised(week(*[measured()] * 3, owner=ref), owner(container((None,), (None,)), ref=ref), MANY)
    labelled, bare = (
        to_policies([found], {ref: template(deployment(labels=labels, kind="CronJob"), selector={})})
        for labels in ("{app: web}", "{}")
    )
    assert labelled.documents[0]["spec"]["match"] == {
        "ownerKinds": ["Job"],
        "podSelector": {"matchLabels": {"app": "web"}},
    }
    assert bare.documents == ()
    assert {each.why for each in bare.without_effect} == {
        "its template has no labels by which a policy could select its Pods"
    }


def test_what_would_select_the_pods_of_others_is_not_written() -> None:
    refs = [Ref("CronJob", "shop", name) for name in "ab"]
    found = [structs.replace(advised(week(measured()), OPEN, MANY), owner=ref) for ref in refs]
    shared = template(deployment(kind="CronJob"), selector={})
    made = to_policies(found, dict.fromkeys(refs, shared))
    assert made.documents == ()
    assert [each.why for each in made.without_effect[::2]] == [
        "its labels select the Pods of CronJob b too",
        "its labels select the Pods of CronJob a too",
    ]


def test_a_job_that_the_api_server_has_labelled_gets_no_policy() -> None:
    job = Ref("Job", "shop", "web")
    found = structs.replace(advised(week(measured()), OPEN, MANY), owner=job)
    mine = template(deployment(kind="CronJob"), selector={"batch.kubernetes.io/controller-uid": "1"})
    made = to_policies([found], {job: mine})
    assert made.documents == ()
    assert {each.why for each in made.without_effect} == {
        "its labels select Pods of this one Job, and it creates no more"
    }


def test_more_policies_than_can_be_in_force_are_told() -> None:
    assert MAX_POLICIES == MAX_IN_A_NAMESPACE
    found = advised(week(measured()), OPEN, MANY)
    made = {count: to_policies([found] * count, {WEB: template(deployment())}) for count in (20, 21)}
    assert {count: each.crowded for count, each in made.items()} == {20: (), 21: ("shop",)}


def test_what_stays_is_not_written() -> None:
    made = policies(deployment(), owner(container(("230m",), ("464Mi",))))
    assert made == Policies((), ())


def test_long_names_that_begin_alike_stay_different() -> None:
    ref = Ref("Deployment", "shop", "a" * 253)
    containers = [container((None,), (None,), name=name) for name in ("app", "proxy")]
    usage = week(measured(), owner=ref)
    more = {ContainerOfPod(key.pod, "proxy"): each for key, each in usage.containers.items()}
    found = recommend(
        structs.replace(usage, containers={**usage.containers, **more}), owner(*containers, ref=ref), MANY
    )
    obj = deployment()
    obj["spec"]["template"]["spec"]["containers"].append({"name": "proxy", "image": "proxy"})
    names = [each["metadata"]["name"] for each in to_policies(found, {ref: template(obj)}).documents]
    assert len(set(names)) == 2
    assert {len(each) for each in names} == {253}


IMAGE = "docker.io/library/web"
PROXY = Ref("StatefulSet", "data", "cache")


def _by_image(
    first: str = "{}", second: str = "{}", memory: str = "400Mi", *, is_whole: bool = True
) -> Policies:
    """Of two owners of an image, of which the other uses `memory`."""
    objects = {WEB: deployment(first), PROXY: deployment(second)}
    found = [
        *recommend(week(measured()), OPEN, MANY),
        *recommend(
            week(measured("100m", "100m", memory), owner=PROXY), structs.replace(OPEN, ref=PROXY), MANY
        ),
    ]
    images = Images({(ref, "app"): IMAGE for ref in objects}, is_whole)
    return to_policies(found, {ref: template(obj) for ref, obj in objects.items()}, images)


def test_owners_of_an_image_get_one_policy_with_the_highest_of_each() -> None:
    made = _by_image(memory="900Mi")
    assert made.documents == (
        {
            "apiVersion": "podtailor.dev/v1alpha1",
            "kind": "ClusterWorkloadPolicy",
            "metadata": {"name": "image-docker.io-library-web"},
            "spec": {
                "mode": "Audit",
                "match": {"images": [IMAGE]},
                "containers": {"images": [IMAGE]},
                "resources": {
                    "limits": [{"type": "Container", "defaultRequest": {"cpu": "230m", "memory": "1040Mi"}}]
                },
            },
        },
    )
    assert made.crowded == ()


def test_namespaces_that_were_not_looked_at_get_nothing_by_image() -> None:
    (document,) = _by_image(is_whole=False).documents
    (clause,) = document["spec"]["match"]["namespaceSelector"]["matchExpressions"]
    assert clause == {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["data", "shop"]}


def test_admission_with_the_policy_of_an_image_gives_these_numbers() -> None:
    (document,) = _by_image(memory="900Mi").documents
    document["spec"]["mode"] = "Enforce"
    admitted = template(deployment()).workload.admitted
    decision = evaluate(Request("shop", admitted), snapshot_of([policy_of(document)]))
    assert {change.field: change.value for change in decision.outcome.changes} == {
        "app:requests.cpu": "230m",
        "app:requests.memory": "1040Mi",
    }


def test_what_one_owner_sets_itself_does_not_count_for_the_other() -> None:
    made = _by_image(second="{requests: {memory: 64Mi}}")
    shared, own = made.documents
    assert shared["spec"]["resources"]["limits"] == [{"type": "Container", "defaultRequest": {"cpu": "230m"}}]
    assert (own["kind"], own["metadata"]["name"]) == ("WorkloadPolicy", "deployment-web-app")
    assert own["spec"]["resources"]["limits"] == [
        {"type": "Container", "defaultRequest": {"memory": "464Mi"}}
    ]


def test_what_is_not_known_of_one_owner_is_set_for_none_by_image() -> None:
    found = [
        *recommend(week(measured()), OPEN, MANY),
        *recommend(week(owner=PROXY), structs.replace(OPEN, ref=PROXY), MANY),
    ]
    templates = {ref: template(deployment()) for ref in (WEB, PROXY)}
    made = to_policies(found, templates, Images(dict.fromkeys([(WEB, "app"), (PROXY, "app")], IMAGE), True))
    assert [each["kind"] for each in made.documents] == ["WorkloadPolicy"]
    assert made.documents[0]["metadata"]["namespace"] == "shop"


def test_images_of_nearly_the_same_name_have_policies_of_different_names() -> None:
    owners = [Ref("Deployment", "shop", name) for name in "abcdef"]
    found = [
        each
        for ref in owners
        for each in recommend(week(measured(), owner=ref), structs.replace(OPEN, ref=ref), MANY)
    ]
    names = ["a.b/c-d", "a.b/c-d", "a.b/c-d-2", "a.b/c-d-2", "a.b/c_d", "a.b/c_d"]
    images = Images({(ref, "app"): name for ref, name in zip(owners, names, strict=True)}, is_whole=True)
    made = to_policies(found, dict.fromkeys(owners, template(deployment())), images)
    assert [each["metadata"]["name"] for each in made.documents] == [
        "image-a.b-c-d",
        "image-a.b-c-d-2",
        "image-a.b-c-d-3",
    ]
