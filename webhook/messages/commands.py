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
        "unsure-usage",
        "usage says nothing, or too little, about containers",
        "A container of which nothing was measured, or half of it, is neither `oversized` nor `undersized`. With less than three days of usage it is never `oversized`.",
        "`podtailor recommend` with the same flags has the reason for each container.",
    ),
    Message(
        "no-effect",
        "no policy could set this value",
        "Policies set what a Pod leaves open. The template sets this field, or a LimitRange or what injects the container does.",
        "Change it there. `podtailor recommend --write patch` prints the patch of the template.",
    ),
    Message(
        "too-many-policies",
        "more policies than can be in force",
        "Of the WorkloadPolicies of a namespace, the oldest 20 are in force, and there would be more.",
        "Write the sizes into the manifests instead, with `podtailor recommend --write manifests` or `--write patch`.",
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
        "missing-template",
        "a controller has no Pod template",
        "The object of one of Kubernetes' own kinds has nothing where its Pod template belongs, as in a patch for kustomize, or where lines are indented less than they should be. There is nothing to judge.",
        "Correct the indentation, or name the files that are whole; `-k DIR` renders a kustomization.",
    ),
    Message(
        "unknown-kind",
        "the kind differs in upper and lower case",
        "The kind differs from one that makes Pods in upper and lower case only. No API server takes it, and the object is not judged.",
        "Write the kind that the warning names.",
    ),
    Message(
        "kustomize",
        "a warning of kustomize",
        "`kustomize build`, or `kubectl kustomize`, has printed this while it rendered the directory after `-k`. Its result is used.",
        "Run the command that the warning begins with on the directory, and correct what it says.",
    ),
    Message(
        "no-size",
        "the file has no size for this owner",
        "The file of `--from` has recommendations, and none for an object that was named.",
        "Check kind, namespace and name in the file, and `-n`.",
    ),
    Message(
        "unreadable-arguments",
        "the arguments of the server are not understood",
        "The Deployment `podtailor` has arguments that this version of the command does not know, so default settings are assumed.",
        "Use the command in the version of the server: compare `podtailor --version` with the image in `kubectl get deployment podtailor --namespace podtailor-system --output wide`.",
    ),
    Message(
        "events-missing",
        "not all Events about it were written",
        "The API server did not take an Event that says in `kubectl describe` what was resized. The resize itself is not affected.",
        "Nothing has to be done. The output of the command says the same.",
    ),
    Message(
        "invalid-credentials",
        "the credentials of registries cannot be used",
        "The file, or the Secret, is not the JSON that `docker login` writes, or an entry of `auths` is not base64 of a user and a password.",
        "Correct what the error names, or log in again with `docker login HOST`.",
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
CHECKED_CERTIFICATES = (
    Message(
        "empty-ca-bundle",
        "the API server trusts no certificate of podtailor",
        "The caBundle of the webhook configuration is empty or not PEM, so every call of the webhook fails.",
        "A replica writes it once it is ready: `kubectl get pods -n podtailor-system` shows whether one is. With your own certificates, write your CA into the caBundle ([certificates](certificates.md)).",
    ),
    Message(
        "unknown-ca",
        "the caBundle has a CA that is not in the Secret",
        "Something else than podtailor wrote the caBundle, or the Secret was made again. Replicas correct it within half a minute.",
        "Run `podtailor certs check` again in a minute. If it stays, look for another tool that writes the webhook configuration: `kubectl get mutatingwebhookconfiguration podtailor -o yaml --show-managed-fields`.",
    ),
    Message(
        "untrusted-certificate",
        "the Secret's certificate is not trusted",
        "It is missing, has expired, is not valid yet, has another name, or was signed by a CA that is not in the caBundle.",
        "`podtailor certs show` prints both; `podtailor certs rotate` issues a new one.",
    ),
    Message(
        "other-certificate",
        "a replica does not serve the Secret's certificate",
        "It reloads the Secret within half a minute. If it stays, its volume or its right to read the Secret is missing.",
        "Run `podtailor certs check` again in a minute, then read `kubectl logs` of the Pod.",
    ),
    Message(
        "no-handshake",
        "a replica could not be asked for its certificate",
        "It does not answer, its certificate is not trusted, or you may not forward ports to it: the text says which.",
        "`kubectl describe pod` of the replica shows why it does not answer; [permissions](security.md#permissions-of-users) lists what the check needs.",
    ),
    Message(
        "expiring-certificate",
        "a certificate expires soon",
        "It expires within the time of `--within`. Replicas renew certificates of a Secret themselves after two thirds of their lifetime.",
        "`podtailor certs rotate` renews it now; your own certificates are yours to renew.",
    ),
    Message(
        "no-replica",
        "no replica of podtailor runs",
        "No Pod of podtailor is ready, so no review is answered: Pods are created unchanged, or refused under `failurePolicy: Fail`.",
        "`kubectl get pods -n podtailor-system` and `kubectl describe` show why.",
    ),
    Message(
        "lockout",
        "the webhook configuration could lock everybody out",
        "With `failurePolicy: Fail` it would also refuse the Pods that a cluster needs to recover, podtailor's own among them; podtailor does not write its caBundle.",
        "Take the selectors of the overlay `fail-closed`, which spare those Pods: `kubectl apply -k manifests/overlays/fail-closed`.",
    ),
)
"""What `podtailor certs check` finds; `not-installed` is among the errors with a cluster."""
