"""Errors of a call of the command line, and warnings beside its output."""

from __future__ import annotations

from webhook.messages.message import Message

COMMANDS = (
    Message(
        "wrong-usage",
        "the command was called wrongly",
        "An option does not exist, lacks a value, has a value of another form, or excludes another one. Nothing was read or changed.",
        "The error says what to write; the line `hint:` names the help of the command, such as `podtailor audit --help`.",
    ),
    Message(
        "file-exists",
        "the file would be overwritten",
        "A command that makes a new file finds one of its name, and leaves it as it is.",
        "Name another file or directory. `podtailor certs issue --force` replaces certificates.",
    ),
    Message(
        "no-pods",
        "the input has no Pods and no Pod templates",
        "None of the files has an object that makes Pods, or only custom resources whose template podtailor does not know.",
        "Check the path. For a custom resource, name its template, as in `--controller Rollout.v1alpha1.argoproj.io=spec.template`.",
    ),
    Message(
        "no-policies",
        "the input has no policy",
        "None of the files has a ClusterWorkloadPolicy or a WorkloadPolicy.",
        "Check the path, and `apiVersion` and `kind`. `podtailor policies show general` prints one to start from.",
    ),
    Message(
        "no-tests",
        "the input has no policy test",
        "None of the files has a PolicyTest with tests in it.",
        "Check the path. `podtailor test --init FILE -f MANIFESTS` writes a first draft.",
    ),
    Message(
        "unknown-policy",
        "there is no policy of this name",
        "Neither the files, nor the cluster, nor what ships has a policy of this name. A WorkloadPolicy is named `NAMESPACE/NAME`.",
        "`podtailor policies list --all` lists all names.",
    ),
    Message(
        "unknown-preset",
        "there is no preset of this name",
        "podtailor ships no preset of this name. The error lists those that there are.",
        "Correct the name after `--preset`; `podtailor policies list --all` shows what each preset sets.",
    ),
    Message(
        "untested-policy",
        "no test would notice a change of this policy",
        "`podtailor test --init` has written tests for manifests, and a policy that was given matches none of them.",
        "Add a manifest that the policy matches with `-f`, or leave the policy out.",
    ),
    Message(
        "ignored-template",
        "the Pod template of a custom resource is not judged",
        "A custom resource has something that looks like a Pod template. podtailor judges it only if you name its place.",
        "Add the `--controller` flag in the line `hint:`.",
    ),
    Message(
        "kustomize",
        "a warning of kustomize",
        "`kustomize build`, or `kubectl kustomize`, has printed this while it rendered the directory after `-k`. Its result is used.",
        "Run the command that the warning begins with on the directory, and correct what it says.",
    ),
    Message(
        "unreadable-arguments",
        "the arguments of the server are not understood",
        "The Deployment `podtailor` has arguments that this version of the command does not know, so default settings are assumed.",
        "Use the command in the version of the server: compare `podtailor --version` with the image in `kubectl get deployment podtailor --namespace podtailor-system --output wide`.",
    ),
)

CERTIFICATES = (
    Message(
        "invalid-certificate",
        "the file is no certificate that can be used",
        "The file is not PEM, or the private key does not belong to the certificate.",
        "`openssl x509 -noout -text -in FILE` shows what it is. `podtailor certs issue --out DIRECTORY` makes a new pair.",
    ),
    Message(
        "not-rotated",
        "the certificates were not changed",
        "The Secret is missing or is not podtailor's, a replica does not serve its certificate yet, or the new CA has not signed yet. Nothing was changed.",
        "`podtailor certs check` shows what does not agree, `podtailor certs show` which CA signed. Run the command again once they do ([certificates](certificates.md)).",
    ),
)
