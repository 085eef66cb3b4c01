// A server alone, apart from others because they ask for different libraries.
module podtailor.dev/e2e/usage/prometheus

go 1.26.0

require github.com/prometheus/prometheus v0.314.0
