"""Which extended resources are accelerators, and how many whole devices a container asks for.

The names are those that device plugins of the field register (vendors' own repositories and READMEs).
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from webhook.model import quantity
from webhook.model.globs import Glob, glob
from webhook.model.pod import ResourceList

# Parts of a device by which the vendor schedules: the name then stands for the device, but counts none.
_PARTS = (
    "aliyun.com/gpu-mem",
    "volcano.sh/gpu-memory",
    "koordinator.sh/gpu",
    "koordinator.sh/gpu-core",
    "koordinator.sh/gpu-memory",
    "koordinator.sh/gpu-memory-ratio",
    "tencent.com/vcuda-core",
    "tencent.com/vcuda-memory",
    "tke.cloud.tencent.com/qgpu-core",
    "tke.cloud.tencent.com/qgpu-memory",
)
# Chips by which KubeVirt's device plugin names GPUs that it passes through, as in TU104GL_Tesla_T4 (pci.ids).
_NVIDIA_CHIPS = ("GF1", "GK1", "GK2", "GM1", "GM2", "GP1", "GV1", "TU1", "GA1", "AD1", "GH1", "GB1", "GB2")
PATTERNS = (
    "nvidia.com/gpu",
    "nvidia.com/gpu.shared",
    "nvidia.com/pgpu",
    "nvidia.com/mig-*",
    "nvidia.com/GRID_*",
    "nvidia.com/NVIDIA_*",
    *(f"nvidia.com/{chip}*" for chip in _NVIDIA_CHIPS),
    "amd.com/gpu",
    "amd.com/*_nps*",
    "gpu.intel.com/i915",
    "gpu.intel.com/xe",
    "npu.intel.com/accel",
    "google.com/tpu",
    "cloud-tpus.google.com/*",
    "aws.amazon.com/neuron*",
    "aws.amazon.com/neuroncore",
    "habana.ai/gaudi",
    "huawei.com/Ascend*",
    "huawei.com/ascend-*",
    "cambricon.com/*mlu*",
    "hygon.com/dcu*",
    "metax-tech.com/*gpu",
    "mthreads.com/*gpu",
    "enflame.com/*gcu",
    "kunlunxin.com/*xpu",
    "birentech.com/gpu",
    "vastaitech.com/va",
    "koordinator.sh/gpu*",
    "qualcomm.com/qaic",
    "furiosa.ai/*",
    "beta.furiosa.ai/npu",
    "rebellions.ai/*",
    "tenstorrent.com/n150",
    "tenstorrent.com/n300",
    "tenstorrent.com/blackhole",
    "iluvatar.ai/*gpu",
    "aliyun.com/gpu-*",
    "volcano.sh/*gpu*",
    "deviceclass.resource.kubernetes.io/*gpu*",
    *_PARTS,
)
# What a pattern's star may not stand for: what comes beside a device is none itself.
_BESIDE = ("mem", "core", "percentage", "_monitoring")
# These name slices of a device by their cores, as in rngd-2core.12gb, and register nothing beside it.
_WITHOUT_BESIDE = ("furiosa.ai/", "rebellions.ai/")
# A DNS subdomain, a slash, a name: longer is no resource that an API server takes.
_MAX_CHARACTERS = 253 + 1 + 63

# A container that asks for more than this asks for something else than devices (shares, time slices):
# the largest accelerator nodes sold hold 16.
MAX_DEVICES = 16

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
    """The number asked for where it is past MAX_DEVICES and so counted as one device; else 0."""


NONE = Devices()


class Accelerators(Struct, frozen=True):
    """The patterns in force: the ones above, and the operator's own."""

    patterns: tuple[Glob, ...] = tuple(glob(pattern) for pattern in PATTERNS)

    def devices(self, requests: ResourceList, limits: ResourceList) -> Devices:
        """What a container asks for, quantities above zero, in either place: the larger counts."""
        asked: dict[str, int] = {}
        for asking in (limits, requests):
            for name, raw in asking.items():
                if "/" in name and self.include(name):
                    amount = quantity.read(raw)
                    if amount and amount.milli > asked.get(name, 0):
                        asked[name] = amount.milli
        if not asked:
            return NONE
        whole = [n for name, n in asked.items() if name not in _PARTS]
        count = max(whole, default=0) // 1000
        plausible = count <= MAX_DEVICES
        return Devices(tuple(sorted(asked)), count if plausible else 1, 0 if plausible else count)

    def include(self, name: str) -> bool:
        """Whether a resource name stands for a device."""
        return len(name) <= _MAX_CHARACTERS and _is_device(name, self.patterns)


@lru_cache(maxsize=1024)
def _is_device(name: str, patterns: tuple[Glob, ...]) -> bool:
    beside = not name.startswith(_WITHOUT_BESIDE) and any(
        word in name.partition("/")[2].lower() for word in _BESIDE
    )
    return any(pattern.matches(name) for pattern in patterns if pattern.is_exact or not beside)


def taint_key(resource: str) -> str:
    """The key of the taint that keeps others off the Nodes with this resource."""
    for prefix, key in _TAINTS:
        if resource.startswith(prefix):
            return key
    return resource
