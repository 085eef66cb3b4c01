"""What random Pods and their namespaces hold: amounts, names and values, odd spellings included."""

from __future__ import annotations

from tests.support.pods import Json
from webhook.model.accelerators import PATTERNS
from webhook.model.declared import LAST_APPLIED
from webhook.model.names import DEFAULT_WORKLOAD_TYPE, INJECTION, MODE, PRESET, SKIP_CONTAINERS, WORKLOAD_TYPE
from webhook.policies.shipped import preset_names, presets

# In order of amount: a request is never above its limit. With spellings that the API server keeps as they are.
CPU = (
    "0",
    "1m",
    "0.001",
    "1500u",
    "10m",
    "100m",
    "0.25",
    ".3",
    "500m",
    "1",
    "1.250",
    "+2",
    "3.",
    "1e1",
    "16",
    "1k",
)
MEMORY = (
    *(
        "0",
        "1",
        "100500m",
        "1E3",
        "65536",
        "003Mi",
        "64Mi",
        "100M",
        "256Mi",
        "0.3Gi",
        "0.5Gi",
        "1e9",
        "1G",
        "1Gi",
    ),
    *("1.5Gi", "2Gi", "9007199254740993", "100Ti", "7Ei"),
)
STORAGE = MEMORY[5:]
DEVICES = (
    *(each.replace("*", "1") for each in PATTERNS),
    *("nvidia.com/gpumem", "nvidia.com/gpucores", "example.com/fpga", "furiosa.ai/rngd-2core.12gb"),
    *(
        "nvidia.com/mig-1g.5gb",
        "volcano.sh/vgpu-memory",
        "deviceclass.resource.kubernetes.io/gpu.example.com",
    ),
)
_OF_PRESETS = [
    str(each).replace("*", "a") for policy in presets(preset_names()) for each in policy.match.images or ()
]
IMAGES = (
    *_OF_PRESETS,
    *("redis", "library/redis:7", "docker.io/redis", "index.docker.io/library/redis", "r.example:5000/redis"),
    *(
        "localhost/team/redis:1",
        "localhost:5000/mongo",
        "Upper/case/redis",
        "team/vllm@sha256:00",
        "vllm:v1@sha256:0",
    ),
    *("example.com/a/b/c/app:1.2-x", "mongo", "MONGO", "a.b/c", "docker.io/docker.io/app", "x" * 300),
)
NAMES = ("app", "c0", "proxy", "istio-proxy", "log-agent", "vllm", "step-x", "x")
KEYS = ("kubernetes.io/arch", "beta.kubernetes.io/arch", "kubernetes.io/os", "zone", "node.example/pool")
VALUES = ("arm64", "amd64", "linux", "a", "")
_TYPES = (
    "gpu",
    "stateful",
    "arm64",
    "general",
    "GPU.arm64",
    "nonsense",
    "general.gpu",
    "",
    "Gpu",
    "arm64.stateful",
)
OWNERS = ("ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Node", "TaskRun")
LABELS = {
    "app": ("web", "db", ""),
    "tier": ("front", "a"),
    PRESET: preset_names(),
    WORKLOAD_TYPE: _TYPES,
    "kubevirt.io": ("virt-launcher",),
    "pod-template-hash": ("6d4cf56db6",),
}
ANNOTATIONS = {
    SKIP_CONTAINERS: ("c0", "app-0, x-1 ,", " ,", "gone", "app-0,proxy-0,c0-0,vllm-0"),
    "note": ('it\'s \\n "quoted"', "\U0001f600 \u00e9", "plain"),
    INJECTION: ("disabled", "Disabled", "enabled"),
    "target.workload.openshift.io/management": ("{}",),
    "kubernetes.io/config.mirror": ("x",),
    LAST_APPLIED: (
        "{}",
        "not json",
        '{"spec":{"tolerations":[],"containers":[{"name":"app-0","resizePolicy":[]}]}}',
        '{"spec":{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{}}}}}',
    ),
}
TOLERATIONS: tuple[Json, ...] = (
    {"operator": "Exists"},
    {"key": "nvidia.com/gpu", "operator": "Exists"},
    {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
    {"key": "kubernetes.io/arch", "value": "arm64", "effect": "NoSchedule"},
    {"key": "kubernetes.io/arch", "operator": "Equal", "value": "arm64"},
    {"key": "x", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5},
    {"key": "x", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 9007199254740993},
    {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60},
    {"key": "dedicated", "value": "models", "effect": "NoSchedule"},
)


NAMESPACE_LABELS = {
    MODE: ("enforce", "Enforce", "audit", "off", "OFF", "dryrun", "nonsense"),
    DEFAULT_WORKLOAD_TYPE: _TYPES[:8],
    INJECTION: ("disabled", "enabled", "Disabled"),
    "team": ("a", "models", ""),
}
NAMESPACE_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/node-selector": (
        "zone=a",
        "kubernetes.io/arch=arm64",
        " beta.kubernetes.io/arch = amd64 , zone=b",
        "zone",
        "",
    ),
}
