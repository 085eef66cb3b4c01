"""`make demo`: a control plane to play with, podtailor installed from its manifests, the examples running in it.

With --usage there is also a Prometheus with a made-up week of what they used: `make demo USAGE=1`. With --images
there is also a registry with images of Deployments in the namespace shop: `make demo IMAGES=1`.

Real are etcd, API server, controller manager, scheduler and podtailor; kwok plays the kubelets, so nothing of
the Pods themselves runs.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.controlplane.build import Unavailable
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.images.shop import registry
from tests.e2e.kubelet import Kubelet, emptied
from tests.e2e.usage.examples import prometheus
from tests.support.pods import Json
from tests.support.processes import eventually
from webhook.cli.common.terminal import print_diff
from webhook.documents import yaml_dump
from webhook.documents.files import read_file
from webhook.documents.find import Inputs, find_files
from webhook.model import quantity
from webhook.model.names import APPLIED
from webhook.workloads.templates import template_path

FOLDER = Path("build/demo")
OVERLAY = "manifests/overlays/cluster-wide"
EXAMPLES = "examples"


def main() -> None:
    folder = emptied(FOLDER.resolve())
    with ExitStack() as running:
        running.enter_context(until_interrupted())
        cluster = ControlPlane(folder)
        running.callback(cluster.stop)
        kubelet = Kubelet(cluster, folder)
        running.callback(kubelet.stop)
        say("starting etcd, API server, controller manager, scheduler and Nodes")
        cluster.start()
        say(f"kubectl apply -k {OVERLAY}")
        kubelet.apply(OVERLAY)
        cluster.kubectl("apply", "-f", "tests/e2e/volumes.yaml")
        say(f"kubectl apply -f {EXAMPLES}/")
        cluster.kubectl("apply", "-f", f"{EXAMPLES}/")
        for path in find_files(Inputs((EXAMPLES,))):
            for document in read_file(path):
                _show(cluster, document.data, path)
        usage = _usage(cluster, folder, running) if "--usage" in sys.argv else ""
        images = _images(cluster, folder, running) if "--images" in sys.argv else ""
        print(
            _GUIDE.format(
                kubeconfig=cluster.kubeconfig,
                kubectl=cluster.kubectl_path,
                folder=FOLDER,
                more=usage + images,
            ),
            flush=True,
        )
        while not threading.Event().wait(0.5):
            kubelet.try_sync()  # whatever is applied next, of ours, is what runs next


def _usage(cluster: ControlPlane, folder: Path, running: ExitStack) -> str:
    """Starts a Prometheus with a week of the Pods that run. What the guide says of it."""
    say("making up a week of usage, and starting a Prometheus with it")
    pods = cluster.kubectl_json("get", "pods")["items"]
    server = running.enter_context(prometheus(folder, pods, time.time()))
    return _USAGE.format(url=server.url)


def _images(cluster: ControlPlane, folder: Path, running: ExitStack) -> str:
    """Starts a registry, and Deployments with images of it. What the guide says of it."""
    say("starting a registry, and three Deployments with its images")
    certificate = registry(cluster, folder, running)
    return _IMAGES.format(certificate=certificate)


@contextmanager
def until_interrupted() -> Iterator[None]:
    """Ctrl-C and SIGTERM end what runs within, and are no error; one line says what the machine lacks for it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        pass
    except Unavailable as reason:
        sys.exit(f"error: {reason}")


def _show(cluster: ControlPlane, manifest: Json, path: str) -> None:
    """The first Pod of a controller as a diff against its template, and where it is."""
    at = template_path(manifest)
    if not at:
        return
    template: Any = manifest
    for step in at:
        template = template[step]
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    pod = eventually(f"{kind} {name} has a Pod on a Node", lambda: _pod_of(cluster, name))
    print(f"\n{kind} {name}: Pod {pod['metadata']['name']} on Node {pod['spec']['nodeName']}")
    print_diff(yaml_dump.dump(template), yaml_dump.dump(_in_the_words_of(template, pod)), path)


def _pod_of(cluster: ControlPlane, name: str) -> Any:
    pods = cluster.kubectl_json("get", "pods")["items"]
    return next(
        (
            pod
            for pod in pods
            if pod["metadata"]["name"].startswith(f"{name}-") and pod["spec"].get("nodeName")
        ),
        None,
    )


def _in_the_words_of(template: Json, pod: Json) -> Json:
    """The template with what podtailor adds to its Pods, without what the API server adds to every Pod."""
    metadata, spec = {**template.get("metadata", {})}, {**template["spec"]}
    if APPLIED in pod["metadata"].get("annotations", {}):
        metadata["annotations"] = {
            **metadata.get("annotations", {}),
            APPLIED: pod["metadata"]["annotations"][APPLIED],
        }
    for field in ("containers", "initContainers"):
        if field in spec:
            spec[field] = [
                {**written, **_chosen(written, live, "resources", "resizePolicy")}
                for written, live in zip(spec[field], pod["spec"][field], strict=False)
            ]
    tolerations = [each for each in pod["spec"].get("tolerations", []) if not _of_every_pod(each)]
    placed = _chosen(spec, {**pod["spec"], "tolerations": tolerations}, "nodeSelector", "tolerations")
    return {"metadata": metadata, "spec": spec | placed}


def _chosen(written: Json, live: Json, *fields: str) -> Json:
    return {field: as_written(written.get(field), live[field]) for field in fields if live.get(field)}


def as_written(written: Any, live: Any) -> Any:
    """What is live, in the order and the form in which it is written: the API server has its own of both."""
    if isinstance(written, dict) and isinstance(live, dict):
        kept = {key: as_written(value, live[key]) for key, value in written.items() if key in live}
        return {**kept, **{key: value for key, value in live.items() if key not in kept}}
    if isinstance(written, list) and isinstance(live, list):
        return [*filter(live.__contains__, written), *(each for each in live if each not in written)]
    amount = quantity.parse(str(written))
    return written if amount and amount == quantity.parse(str(live)) else live


def _of_every_pod(toleration: Json) -> bool:
    return str(toleration.get("key", "")).startswith("node.kubernetes.io/")


def say(words: str) -> None:
    print(f"demo: {words}", file=sys.stderr, flush=True)


_GUIDE = """
Everything runs. In another terminal:

  export KUBECONFIG={kubeconfig}
  alias kubectl={kubectl}
{more}
  kubectl get pods -o wide                                  # where they are
  kubectl run plain --image=example.com/web:1 --dry-run=server -o yaml
  kubectl apply -k manifests/overlays/opt-in                # only namespaces that ask for it
  kubectl label namespace default podtailor.dev/injection=enabled
  kubectl apply -k manifests/overlays/audit                 # changes nothing, says what it would
  kubectl apply -f examples/policies/models.yaml            # a policy of your own
  kubectl get cwp                                           # what is in force
  .venv/bin/podtailor explain -f examples/notebook.yaml --from-cluster
  .venv/bin/podtailor audit                                 # what would change, what slipped through
  .venv/bin/podtailor audit -o html > report.html           # the same, to look at
  .venv/bin/podtailor retrofit                              # how Pods that missed it get what they lack
  kubectl delete -k manifests/overlays/cluster-wide         # away with it

An overlay is in force a second or two after it is applied. What podtailor says is in {folder}/replica-*/podtailor.log.

Ctrl-C ends it."""

_USAGE = """\
  alias podtailor=.venv/bin/podtailor
  export PODTAILOR_PROMETHEUS={url}

  podtailor recommend                                       # what the examples need; docs/recommend.md goes on
"""

_IMAGES = """\
  alias podtailor=.venv/bin/podtailor
  export SSL_CERT_FILE={certificate}

  podtailor images -n shop                                  # what runs where; docs/images.md goes on
"""

if __name__ == "__main__":
    main()
