"""Errors of files: manifests, policies, tests of policies."""

from __future__ import annotations

from webhook.messages.message import Message

INPUT = (
    Message(
        "unreadable-file",
        "the file cannot be read",
        "The file does not exist, you may not read it, or it is not UTF-8.",
        "Check the path and its permissions. Save the file as UTF-8 if it has another encoding.",
    ),
    Message(
        "unwritable-file",
        "the file cannot be written",
        "The command may not write the file, as with `mutate --in-place` or `images --cache`, or create one beside it. No file has changed.",
        "Check the permissions of the file and its folder, and the room on the disk.",
    ),
    Message(
        "no-manifests",
        "the input has nothing to check",
        "The directory itself has no `.yaml`, `.yml` or `.json` file; or the input of `audit` or `mutate --check` has no object with `apiVersion` and `kind`, such as when the command that should write it has failed.",
        "Name another directory, or the files themselves; `-R` reads subdirectories too. For `-f -`, run the command before the pipe alone.",
    ),
    Message(
        "not-rendered",
        "a chart, a template or a kustomization",
        "The folder is a Helm chart or a kustomization, or the file is a template: there are no manifests before they are rendered.",
        "Run the command of the hint: `helm template CHART | podtailor audit -f -`, or `podtailor audit -k DIR`.",
    ),
    Message(
        "rendering-failed",
        "the kustomization could not be rendered",
        "Neither kustomize nor kubectl is installed, or the one that is refused the kustomization.",
        "Install one of them, or correct what its message names; `kubectl kustomize DIR` shows it again.",
    ),
    Message(
        "invalid-yaml",
        "the document is not YAML",
        "The document is neither YAML nor JSON as kubectl reads it. The other documents of the file are read.",
        "Correct the line that the error names; often the mistake is at the end of the line above.",
    ),
    Message(
        "uneditable-yaml",
        "the text of the document cannot be edited",
        "No edit of the text gives the data that the policies want, as where a merge key would have to change. The file stays as it is.",
        "Write the anchors of that object out, or take the data of `podtailor mutate -f FILE -o json`.",
    ),
    Message(
        "invalid-field",
        "every API server would reject the field",
        "A field of a Pod or Pod template has a value that every API server rejects. The object is not judged.",
        "Correct the field that the error names.",
    ),
    Message(
        "duplicate-key",
        "a mapping has a key twice",
        "A mapping has the same key twice, and readers of YAML differ in which of the two they take. In a policy that is an error; in a manifest the last one is used, as by kubectl.",
        "Remove one of the two; the error names both lines.",
    ),
    Message(
        "invalid-policy",
        "the policy cannot be used",
        "A policy, or a file of policy tests, has a field that is unknown, missing or of the wrong type. It is not used, and no command judges by the other policies alone.",
        "Correct the field that the error names. [The reference](reference.md) lists all fields; `podtailor policies lint PATH` checks again.",
    ),
    Message(
        "duplicate-policy",
        "another policy has the same kind and name",
        "Two documents define a policy of the same kind, namespace and name.",
        "Rename or remove one of them; the error names both places.",
    ),
    Message(
        "invalid-test",
        "the test cannot be run",
        "A policy test needs exactly one manifest that makes Pods, and presets that exist. The other tests are run.",
        "Set `manifest`, or `select` to choose one object of the file.",
    ),
    Message(
        "invalid-usage",
        "a file of measured usage cannot be used",
        "An object has a field that is unknown, missing or of another type, a namespace is there twice, or it is another file. Nothing is recommended from it.",
        "Correct the field that the error names; times are seconds since 1970, amounts are quantities such as `250m`.",
    ),
    Message(
        "invalid-cache",
        "a file of what is known of images cannot be used",
        "A line has a field that is unknown, missing or of another form, or it is another file; or it is so in the ConfigMap `podtailor-image-platforms`. Nothing is taken from it, and it stays as it is.",
        "Correct the field that the error names, or delete the line: what it says can be found out again ([images](images.md)).",
    ),
)
