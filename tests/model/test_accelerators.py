"""Accelerators: the names of docs/workload-types.md."""

from __future__ import annotations

import pytest

from webhook.model.accelerators import NONE, Accelerators, Devices, taint_key
from webhook.model.globs import glob
from webhook.model.pod import ResourceList

ACCELERATORS = Accelerators()


@pytest.mark.parametrize(
    "name",
    [
        "nvidia.com/gpu",
        "nvidia.com/gpu.shared",
        "nvidia.com/pgpu",
        "nvidia.com/mig-1g.5gb",
        "nvidia.com/mig-1g.10gb.me",
        "amd.com/gpu",
        "amd.com/cpx_nps4",
        "gpu.intel.com/i915",
        "gpu.intel.com/xe",
        "npu.intel.com/accel",
        "google.com/tpu",
        "cloud-tpus.google.com/v3",
        "aws.amazon.com/neuron",
        "aws.amazon.com/neuroncore",
        "aws.amazon.com/neurondevice",
        "habana.ai/gaudi",
        "huawei.com/Ascend910",
        "cambricon.com/vmlu",
        "hygon.com/dcunum",
        "metax-tech.com/sgpu",
        "mthreads.com/vgpu",
        "enflame.com/gcu",
        "kunlunxin.com/xpu",
        "birentech.com/gpu",
        "iluvatar.ai/BI-V150-vgpu",
        "aliyun.com/gpu-mem",
        "volcano.sh/gpu-memory",
        "volcano.sh/vgpu-number",
        "deviceclass.resource.kubernetes.io/gpu.nvidia.com",
        "huawei.com/ascend-1980",
        "huawei.com/ascend-310",
        "nvidia.com/TU104GL_Tesla_T4",
        "nvidia.com/GP102GL_Tesla_P40",
        "nvidia.com/GA102GL_A10",
        "nvidia.com/AD102GL_L40S",
        "nvidia.com/GH100_H100_PCIe",
        "nvidia.com/GRID_T4-2Q",
        "nvidia.com/NVIDIA_A10-24Q",
        "qualcomm.com/qaic",
        "tencent.com/vcuda-core",
        "tke.cloud.tencent.com/qgpu-core",
        "koordinator.sh/gpu",
        "koordinator.sh/gpu.shared",
        "koordinator.sh/gpu-core",
        "koordinator.sh/gpu-memory-ratio",
        "furiosa.ai/rngd",
        "furiosa.ai/rngd-2core.12gb",
        "beta.furiosa.ai/npu",
        "rebellions.ai/ATOM",
        "rebellions.ai/RBLN-CR13_PF",
        "tenstorrent.com/n150",
        "vastaitech.com/va",
    ],
)
def test_is_an_accelerator(name: str) -> None:
    assert ACCELERATORS.devices({name: "1"}, {}).resources == (name,)


@pytest.mark.parametrize(
    "name",
    [
        "cpu",
        "memory",
        "hugepages-2Mi",
        "nvidia.com/gpumem",
        "nvidia.com/gpucores",
        "nvidia.com/gpumem-percentage",
        "nvidia.com/priority",
        "gpu.intel.com/i915_monitoring",
        "huawei.com/Ascend910-Memory",
        "volcano.sh/vgpu-cores",
        "aliyun.com/gpu-core.percentage",
        "vpc.amazonaws.com/efa",
        "intel.com/sriov",
        "qat.intel.com/cy",
        "sgx.intel.com/epc",
        "example.com/fpga",
        "nvidia.com/rdma_shared_device_a",
        "nvidia.com/hostdev",
        "huawei.com/ascend-310-memory",
        "koordinator.sh/rdma",
    ],
)
def test_is_no_accelerator(name: str) -> None:
    assert ACCELERATORS.devices({name: "1"}, {}) is NONE


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        ({"nvidia.com/gpu": "0"}, NONE),
        ({"nvidia.com/gpu": None}, NONE),
        ({"nvidia.com/gpu": "nonsense"}, NONE),
        ({"nvidia.com/gpu": 2}, Devices(("nvidia.com/gpu",), 2)),
        ({"nvidia.com/gpu": "16"}, Devices(("nvidia.com/gpu",), 16)),
        ({"nvidia.com/gpu": "17"}, Devices(("nvidia.com/gpu",), 1, 17)),
        ({"aliyun.com/gpu-mem": "8"}, Devices(("aliyun.com/gpu-mem",), 0)),
        ({"aws.amazon.com/neuroncore": "8"}, Devices(("aws.amazon.com/neuroncore",), 8)),
        ({"amd.com/gpu": "1", "nvidia.com/gpu": "3"}, Devices(("amd.com/gpu", "nvidia.com/gpu"), 3)),
    ],
)
def test_devices(requests: ResourceList, expected: Devices) -> None:
    assert ACCELERATORS.devices(requests, {}) == expected


def test_larger_of_request_and_limit_counts() -> None:
    """They may differ where a device class stands for the resource."""
    name = "deviceclass.resource.kubernetes.io/gpu.nvidia.com"
    assert ACCELERATORS.devices({name: "0"}, {name: "2"}) == Devices((name,), 2)
    assert ACCELERATORS.devices({}, {name: "1"}) == Devices((name,), 1)


@pytest.mark.parametrize(
    ("pattern", "name", "is_device"),
    [
        ("example.com/fpga*", "example.com/fpga-u250", True),
        ("example.com/fpga*", "example.com/fpga-memory", False),
        ("example.com/fpga-memory", "example.com/fpga-memory", True),
        ("gpu.coreweave.com/*", "gpu.coreweave.com/h100", True),
    ],
)
def test_operators_add_their_own(pattern: str, name: str, is_device: bool) -> None:
    """What comes beside a device is none, unless it is named without a star; its domain says nothing."""
    own = Accelerators((*ACCELERATORS.patterns, glob(pattern)))
    assert bool(own.devices({name: "1"}, {}).resources) is is_device


def test_names_too_long_for_a_resource_are_none() -> None:
    assert ACCELERATORS.devices({"nvidia.com/mig-" + "1" * 400: "1"}, {}) is NONE


@pytest.mark.parametrize(
    ("resource", "key"),
    [
        ("nvidia.com/mig-1g.5gb", "nvidia.com/gpu"),
        ("amd.com/cpx_nps4", "amd.com/gpu"),
        ("aws.amazon.com/neuroncore", "aws.amazon.com/neuron"),
        ("cloud-tpus.google.com/v3", "google.com/tpu"),
        ("habana.ai/gaudi", "habana.ai/gaudi"),
    ],
)
def test_taint_of_the_vendor(resource: str, key: str) -> None:
    assert taint_key(resource) == key
