// Tools only, apart from ../go.mod because they ask for different libraries than Kubernetes does.
module podtailor.dev/e2e/controlplane/promtool

go 1.26.0

require github.com/prometheus/prometheus v0.314.0
