"""Which extended resources are accelerators, and how many whole devices a container asks for.

The names are those that device plugins of the field register (vendors' own repositories and READMEs).
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from webhook.model import quantity
from webhook.model.globs import Glob, glob
from webhook.model.pod import ResourceList

PATTERNS = (
    "nvidia.com/gpu",
    "nvidia.com/gpu.shared",
    "nvidia.com/pgpu",
    "nvidia.com/mig-*",
    "amd.com/gpu",
    "amd.com/*_nps*",
    "gpu.intel.com/i915",
    "gpu.intel.com/xe",
    "npu.intel.com/accel",
    "google.com/tpu",
    "cloud-tpus.google.com/*",
    "aws.amazon.com/neuron*",
    "habana.ai/gaudi",
    "huawei.com/Ascend*",
    "cambricon.com/*mlu*",
    "hygon.com/dcu*",
    "metax-tech.com/*gpu",
    "mthreads.com/*gpu",
    "enflame.com/*gcu",
    "kunlunxin.com/*xpu",
    "birentech.com/gpu",
    "iluvatar.ai/*gpu",
    "aliyun.com/gpu-*",
    "volcano.sh/*gpu*",
    "deviceclass.resource.kubernetes.io/*gpu*",
)
# What comes beside a device (its memory, its cores, a monitoring handle) is none itself...
_BESIDE = ("mem", "core", "percentage", "_monitoring")
# ...except where the vendor schedules by it: the name then stands for the device.
_SCHEDULED_BY = ("aws.amazon.com/neuroncore", "aliyun.com/gpu-mem", "volcano.sh/gpu-memory")
_WHOLE_DEVICE = "aws.amazon.com/neuroncore"

# A container that asks for more than this asks for something else than devices (shares, time slices):
# the largest accelerator nodes sold hold 16.
MOST_DEVICES = 16

# Nodes are tainted with the vendor's main name whatever slice of the device a container asks for; where
# nothing is listed, with the resource's own name, as the ExtendedResourceToleration plugin assumes.
_TAINTS = (
    ("nvidia.com/", "nvidia.com/gpu"),
    ("amd.com/", "amd.com/gpu"),
    ("aws.amazon.com/", "aws.amazon.com/neuron"),
    ("cloud-tpus.google.com/", "google.com/tpu"),
)
DEFAULT_TAINT = "nvidia.com/gpu"


class Devices(Struct, frozen=True):
    """What one container asks for: accelerator resources, and whole devices of the most wanted one."""

    resources: tuple[str, ...] = ()
    count: int = 0
    implausible: int = 0
    """The number asked for where it is past MOST_DEVICES and so counted as one device; else 0."""


NONE = Devices()


class Accelerators(Struct, frozen=True):
    """The patterns in force: the ones above, and the operator's own."""

    patterns: tuple[Glob, ...] = tuple(glob(pattern) for pattern in PATTERNS)

    def devices(self, requests: ResourceList) -> Devices:
        """What a container asks for, quantities above zero; limits count as the requests that they become."""
        asked: dict[str, int] = {}
        for name, raw in requests.items():
            if "/" in name and is_accelerator(name, self.patterns):
                amount = quantity.read(raw)
                if amount and amount.milli > 0:
                    asked[name] = amount.milli
        if not asked:
            return NONE
        whole = [n for name, n in asked.items() if name not in _SCHEDULED_BY or name == _WHOLE_DEVICE]
        count = max(whole, default=0) // 1000
        plausible = count <= MOST_DEVICES
        return Devices(tuple(sorted(asked)), count if plausible else 1, 0 if plausible else count)


@lru_cache(maxsize=1024)
def is_accelerator(name: str, patterns: tuple[Glob, ...]) -> bool:
    """Whether a resource name stands for a device."""
    if name not in _SCHEDULED_BY and any(word in name.lower() for word in _BESIDE):
        return False
    return any(pattern.matches(name) for pattern in patterns)


def taint_key(resource: str) -> str:
    """The key of the taint that keeps others off the Nodes with this resource."""
    for prefix, key in _TAINTS:
        if resource.startswith(prefix):
            return key
    return resource
