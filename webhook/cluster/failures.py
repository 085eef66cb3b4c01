"""Why a command got no answer from a cluster, in words, with a stable name and the next command to run."""

from __future__ import annotations

import re
import shlex
from http import HTTPStatus
from ssl import SSLError

from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from webhook.errors import ClusterError

# As the API server words it (k8s.io/apiserver `pkg/endpoints/handlers/responsewriters/errors.go`).
_FORBIDDEN = re.compile(
    r'User "(?P<user>.+?)" cannot (?P<verb>\w+) resource "(?P<resource>[\w/.-]+)"'
    r' in API group "[\w.-]*"(?: in the namespace "(?P<namespace>[\w.-]+)")?'
)
_READS = {"get", "list", "watch"}
# Reading these is not in the role podtailor-reader.
_SENSITIVE = {"secrets", "pods/portforward"}
# None of Kubernetes' own roles may resize Pods, and only a template kept in step needs revisions.
_ROLES = {"pods/resize": "podtailor-resizer", "controllerrevisions": "podtailor-template-resizer"}


def failure(what: str, error: ApiException | HTTPError | OSError) -> ClusterError:
    """`what`: what was asked for."""
    if not isinstance(error, ApiException):
        return _unreachable(error)
    if not error.status:  # the client makes it of an error of TLS
        return _unreachable(error.__context__ or error)
    message = f"{what}: {error.status} {error.reason}"
    match error.status:
        case HTTPStatus.UNAUTHORIZED:
            hint = "log in again; `kubectl auth whoami` asks as the same user"
            return ClusterError(message, error.status, name="unauthorized", hint=hint)
        case HTTPStatus.FORBIDDEN:
            return ClusterError(message, error.status, name="forbidden", hint=_grant(str(error.reason)))
        case HTTPStatus.NOT_FOUND:
            hint = "`kubectl get namespaces` and `kubectl api-resources` list what there is"
            return ClusterError(message, error.status, name="not-found", hint=hint)
        case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.SERVICE_UNAVAILABLE | HTTPStatus.GATEWAY_TIMEOUT:
            return ClusterError(message, error.status, name="busy", hint="try again in a minute")
    return ClusterError(message, error.status, name="api-error")


def _unreachable(error: BaseException) -> ClusterError:
    # Errors of urllib3 hold their connection or its pool.
    held = next((each for each in (*vars(error).values(), *error.args) if hasattr(each, "host")), None)
    where = f" at {held.host}:{held.port}" if held else ""
    hint = "`kubectl cluster-info` asks the same API server; --context and --kubeconfig choose another"
    return ClusterError(
        f"the API server{where} does not answer: {_cause(error)}", name="unreachable", hint=hint
    )


def _grant(message: str) -> str:
    """The command that grants what is missing, for somebody who may grant it."""
    match = _FORBIDDEN.search(message)
    if not match:
        return "`kubectl auth can-i --list` lists what you may do"
    user, namespace = match["user"], match["namespace"]
    is_read = match["verb"] in _READS and match["resource"] not in _SENSITIVE
    role = _ROLES.get(match["resource"], "podtailor-reader" if is_read else "edit")
    if not namespace and not is_read and role == "edit":
        return "only a cluster administrator may do this: ask one"
    _, is_account, account = user.partition("system:serviceaccount:")
    subject = f"--serviceaccount={account}" if is_account else f"--user={shlex.quote(user)}"
    name = "-".join([role, *re.findall(r"[\w.-]+", user.rpartition(":")[2])])
    scope = f"rolebinding {name} --namespace={namespace}" if namespace else f"clusterrolebinding {name}"
    return f"ask an administrator to run: kubectl create {scope} --clusterrole={role} {subject}"


def _cause(error: BaseException) -> str:
    """The innermost reason: the text of urllib3's own errors repeats host and retries."""
    seen = error
    while inner := getattr(seen, "reason", None) or seen.__cause__ or seen.__context__:
        if not isinstance(inner, BaseException):
            break
        seen = inner
    if isinstance(seen, SSLError):
        return getattr(seen, "verify_message", "") or str(seen.reason)
    if isinstance(seen, OSError) and seen.strerror:
        return seen.strerror
    return "timed out" if "timed out" in str(seen) else str(seen)
