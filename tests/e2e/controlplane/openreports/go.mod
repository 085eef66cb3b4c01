// For its CustomResourceDefinitions alone: nothing of it is built.
module podtailor.dev/e2e/controlplane/openreports

go 1.26.0

require github.com/openreports/reports-api v0.2.1
