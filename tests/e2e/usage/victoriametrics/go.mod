// A server alone, apart from others because they ask for different libraries.
module podtailor.dev/e2e/usage/victoriametrics

go 1.26.5

require github.com/VictoriaMetrics/VictoriaMetrics v1.148.9
