{{- define "podtailor.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "podtailor.secret" -}}
{{ ternary .Values.certificates.secretName "podtailor-webhook-tls" (eq .Values.certificates.from "secret") }}
{{- end -}}

{{- define "podtailor.labels" -}}
{{- /* Adds labels to an object read from a file; its own labels win. */ -}}
{{- $labels := dict "app.kubernetes.io/part-of" "podtailor" "app.kubernetes.io/managed-by" .context.Release.Service "helm.sh/chart" (printf "%s-%s" .context.Chart.Name .context.Chart.Version) -}}
{{- $_ := set .object.metadata "labels" (merge $labels (.object.metadata.labels | default dict)) -}}
{{- end -}}
