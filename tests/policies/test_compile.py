"""Every field of a policy document reaches the engine's policy."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

from tests.policies.documents import HEAD, only_policy
from webhook.model.names import Mode, WorkloadType
from webhook.model.policy import Origin, PlatformRules, Sizing

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
          imagePlatforms: {all: [linux/amd64], lacking: [linux/arm64]}
          resources: [nvidia.com/gpu, "nvidia.com/mig-*", hugepages-2Mi, "*"]
        exclude:
          podSelector: {matchLabels: {app: web}}
          ownerKinds: [Job]
        containers: {names: ["*"], images: ["*"]}
        resizePolicy: {cpu: NotRequired, memory: RestartContainer}
        nodeSelector: {kubernetes.io/arch: arm64}
        nodeAffinity:
          required:
          - {key: kubernetes.io/arch, operator: In, values: [amd64, arm64]}
          - {key: cores, operator: Gt, values: ["8"]}
          - {key: spot, operator: DoesNotExist}
          preferred:
          - weight: 50
            matchExpressions: [{key: disk, operator: In, values: [ssd]}, {key: zone, operator: Exists}]
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
        recommend: {cpuQuantile: "0.99", cpuMargin: "1.2", memoryMargin: "1", window: 14d}
        """
    ),
    "  ",
)


def test_takes_every_field(tmp_path: Path) -> None:
    policy = only_policy(tmp_path, EVERY_FIELD)
    assert (policy.name, policy.origin, policy.mode, policy.priority) == (
        "p",
        Origin.CLUSTER_WORKLOAD_POLICY,
        Mode.AUDIT,
        1000,
    )
    assert policy.match.workload_types == tuple(WorkloadType)
    assert [str(image) for image in policy.match.images or ()] == ["redis", "*/team/*"]
    assert [str(each) for each in policy.match.resources or ()][1:3] == ["nvidia.com/mig-*", "hugepages-2Mi"]
    assert policy.match.image_platforms == PlatformRules(("linux/amd64",), ("linux/arm64",))
    assert policy.exclude.owner_kinds == ("Job",)
    assert [each.key for each in policy.node_affinity.required] == ["kubernetes.io/arch", "cores", "spot"]
    assert [each.weight for each in policy.node_affinity.preferred] == [50]
    assert policy.resources is not None
    assert policy.resources.per_device["memory"].milli == 16 * 1024**3 * 1000
    assert policy.recommend == Sizing(
        cpu_quantile=990, cpu_margin=1200, memory_margin=1000, window=14 * 86400
    )
    assert policy.source == f"{tmp_path / 'policy.yaml'}:1:1"
