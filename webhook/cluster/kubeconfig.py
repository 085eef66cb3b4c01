"""Which kubeconfig files and which context, by the rules of kubectl; in words what is wrong with them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kubernetes.config import ConfigException
from kubernetes.config.kube_config import KubeConfigMerger
from yaml import MarkedYAMLError

from webhook.documents.yaml_words import plain_words
from webhook.errors import ClusterError


def find(kubeconfig: str | None, context: str | None) -> tuple[str, str]:
    """The files, joined as in KUBECONFIG, and the name of the context. Raises ClusterError.

    The variable is read here, because the client reads it when it is imported.
    """
    files = kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
    if not any(Path(file).expanduser().exists() for file in files.split(os.pathsep) if file):
        hint = "name one with --kubeconfig or KUBECONFIG; `kubectl config view` shows the one of kubectl"
        raise ClusterError(f"no kubeconfig at {files}", name="no-kubeconfig", hint=hint)
    with as_cluster_error(files):
        each = (KubeConfigMerger(file).config for file in files.split(os.pathsep))
        # The current context of the first file that has one, as in kubectl; the client takes the last one.
        current = next(filter(None, (config.safe_get("current-context") for config in each if config)), None)
        names = [node["name"] for node in KubeConfigMerger(files).config["contexts"]]
    wanted = context or current
    if wanted is None:
        hint = "`kubectl config use-context NAME` sets it; --context NAME chooses one once"
        raise ClusterError(f"kubeconfig {files}: no current context", name="unknown-context", hint=hint)
    if wanted not in names:
        message = f"kubeconfig {files}: no context {wanted}; there are {', '.join(names) or 'none'}"
        raise ClusterError(message, name="unknown-context", hint="`kubectl config get-contexts` lists them")
    return files, wanted


@contextmanager
def as_cluster_error(files: str, context: str | None = None) -> Iterator[None]:
    """Turn what the client raises for a broken kubeconfig into ClusterError."""
    try:
        yield
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{mark.name}:{mark.line + 1}:{mark.column + 1}" if mark else files
        raise _invalid(f"kubeconfig {place}: not YAML: {plain_words(str(error.problem))}") from error
    except ConfigException as error:
        where = f"kubeconfig {files}" + (f", context {context}" if context else "")
        raise _invalid(f"{where}: {_in_words(error)}") from error
    except OSError as error:
        raise _invalid(f"kubeconfig {error.filename or files}: {error.strerror or error}") from error
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise _invalid(f"kubeconfig {files}: not a kubeconfig") from error


def _in_words(error: ConfigException) -> str:
    words = str(error)
    if words.endswith("file is empty"):
        return "empty"
    missing = re.search(r"Expected object with name (.+) in .+/(\w+) list", words)
    if missing:
        return f"no {missing[1]} in its {missing[2]}"
    return words.removeprefix("Invalid kube-config file. ").removesuffix(".")


def _invalid(message: str) -> ClusterError:
    hint = "`kubectl config view` reads the same file"
    return ClusterError(message, name="invalid-kubeconfig", hint=hint)
