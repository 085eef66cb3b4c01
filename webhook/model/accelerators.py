"""Which extended resources are accelerators, and how many whole devices a container requests.

Names as device plugins register them, from the vendors' repositories and READMEs.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from webhook.model import quantity
from webhook.model.globs import Glob, glob
from webhook.model.pod import ResourceList

# Parts of a device: the name means that a device is requested, the quantity is no number of devices.
PARTS = (
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
    *PARTS,
)
# Words that a star may not match: these resources accompany a device and are none themselves.
ACCOMPANYING = ("mem", "core", "percentage", "_monitoring")
# These name slices of a device by cores, as in rngd-2core.12gb, and register no accompanying resource.
NO_ACCOMPANYING = ("furiosa.ai/", "rebellions.ai/")
# A DNS subdomain, a slash, a name: the API server rejects longer ones.
MAX_CHARACTERS = 253 + 1 + 63

# More than this is no number of devices but of shares or time slices: the largest nodes sold hold 16.
MAX_DEVICES = 16

# Nodes are tainted with the vendor's main name, for slices of a device too; for other vendors with the
# name of the resource, as the plugin ExtendedResourceToleration assumes.
TAINTS = (
    ("nvidia.com/", "nvidia.com/gpu"),
    ("amd.com/", "amd.com/gpu"),
    ("aws.amazon.com/", "aws.amazon.com/neuron"),
    ("cloud-tpus.google.com/", "google.com/tpu"),
)
DEFAULT_TAINT = "nvidia.com/gpu"


class Devices(Struct, frozen=True):
    """What one container requests: accelerator resources, and the largest number of whole devices of one."""

    resources: tuple[str, ...] = ()
    count: int = 0
    implausible: int = 0
    """The requested number if it exceeds MAX_DEVICES, and so counts as one device; else 0."""


NONE = Devices()


class Accelerators(Struct, frozen=True):
    """The patterns above, and those that the server is configured with."""

    patterns: tuple[Glob, ...] = tuple(glob(pattern) for pattern in PATTERNS)

    def devices(self, requests: ResourceList, limits: ResourceList) -> Devices:
        """Quantities above zero; of request and limit the larger one."""
        requested: dict[str, int] = {}
        for resources in (limits, requests):
            for name, raw in resources.items():
                if "/" in name and self.include(name):
                    amount = quantity.read(raw)
                    if amount and amount.milli > requested.get(name, 0):
                        requested[name] = amount.milli
        if not requested:
            return NONE
        whole = [n for name, n in requested.items() if name not in PARTS]
        count = max(whole, default=0) // 1000
        plausible = count <= MAX_DEVICES
        return Devices(tuple(sorted(requested)), count if plausible else 1, 0 if plausible else count)

    def include(self, name: str) -> bool:
        """Whether the resource is a device."""
        return len(name) <= MAX_CHARACTERS and _is_device(name, self.patterns)


@lru_cache(maxsize=1024)
def _is_device(name: str, patterns: tuple[Glob, ...]) -> bool:
    is_accompanying = not name.startswith(NO_ACCOMPANYING) and any(
        word in name.partition("/")[2].lower() for word in ACCOMPANYING
    )
    return any(pattern.matches(name) for pattern in patterns if pattern.is_exact or not is_accompanying)


def taint_key(resource: str) -> str:
    """The key of the taint on Nodes with this resource."""
    for prefix, key in TAINTS:
        if resource.startswith(prefix):
            return key
    return resource
