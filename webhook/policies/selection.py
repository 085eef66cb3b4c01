"""Which Pods a policy applies to, and which of their containers."""

from __future__ import annotations

from pydantic import Field

from webhook.model.names import WorkloadType
from webhook.policies.kubernetes_types import LabelSelector, Model
from webhook.policies.scalars import (
    MAX_ENTRIES,
    Annotations,
    GlobPattern,
    ImagePattern,
    OwnerKind,
    Platform,
    ResourcePattern,
)


class ImagePlatforms(Model):
    """What is known of the images of a Pod's containers. An image of which it is not known never matches."""

    all: list[Platform] = Field(
        default=[],
        max_length=MAX_ENTRIES,
        description="Platforms that every image runs on, or says to.",
    )
    lacking: list[Platform] = Field(
        default=[],
        max_length=MAX_ENTRIES,
        description="Platforms that at least one image is known to lack, each of them.",
    )


class Match(Model):
    """Pods that all clauses match. Absent, null and empty mean no clause."""

    workloadTypes: list[WorkloadType] | None = Field(
        default=None, max_length=4, description="The Pod has at least one of these workload types."
    )
    namespaceSelector: LabelSelector | None = Field(
        default=None, description="Labels of the Pod's namespace (ClusterWorkloadPolicy only)."
    )
    podSelector: LabelSelector | None = Field(default=None, description="Labels of the Pod.")
    annotations: Annotations | None = Field(
        default=None, description="Annotations that the Pod has with these values."
    )
    ownerKinds: list[OwnerKind] | None = Field(
        default=None,
        max_length=MAX_ENTRIES,
        description=(
            "Kind of the Pod's controller. Deployment matches the Pods of its ReplicaSets, "
            "Pod matches Pods without a controller."
        ),
    )
    images: list[ImagePattern] | None = Field(
        default=None,
        max_length=MAX_ENTRIES,
        description="Globs on image names, without tag and digest; one matching container is enough.",
    )
    resources: list[ResourcePattern] | None = Field(
        default=None,
        max_length=MAX_ENTRIES,
        description=(
            "Globs on extended resources and huge pages; a container requests one of them, more than zero."
        ),
    )
    imagePlatforms: ImagePlatforms | None = Field(
        default=None, description="Platforms of its images. What is not known of an image does not match."
    )


class Containers(Model):
    """Which containers of a Pod the policy applies to: names and images must both match."""

    names: list[GlobPattern] | None = Field(
        default=None, max_length=MAX_ENTRIES, description="Globs on container names."
    )
    images: list[ImagePattern] | None = Field(
        default=None, max_length=MAX_ENTRIES, description="Globs on image names, without tag and digest."
    )
