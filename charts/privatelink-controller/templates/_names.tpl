{{/* Names, labels and what several templates need. */}}

{{- define "privatelink-controller.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "privatelink-controller.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- $name := include "privatelink-controller.name" . }}
{{- /* A release's name may have dots, a Service's may not. */}}
{{- $release := replace "." "-" .Release.Name }}
{{- if contains $name $release }}
{{- $release | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" $release $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{/* What stands beside objects of other releases: in the whole cluster, or in a namespace of tenants. Releases of one name in
two namespaces do not meet there: a namespace has no dot, so that what is after the last one is whose it is. Called with the
root and what follows the full name. */}}
{{- define "privatelink-controller.sharedName" -}}
{{- printf "%s%s.%s" (include "privatelink-controller.fullname" (first .)) (last .) (first .).Release.Namespace }}
{{- end }}

{{- define "privatelink-controller.serviceAccount" -}}
{{- default (include "privatelink-controller.fullname" .) .Values.serviceAccount.name }}
{{- end }}

{{- define "privatelink-controller.selectorLabels" -}}
app.kubernetes.io/name: {{ include "privatelink-controller.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "privatelink-controller.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | quote }}
{{ include "privatelink-controller.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{- end }}

{{- define "privatelink-controller.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{/* The port of a URL. */}}
{{- define "privatelink-controller.port" -}}
{{- regexFind ":[0-9]+$" (urlParse .).host | trimPrefix ":" | default (ternary "443" "80" (hasPrefix "https" .)) }}
{{- end }}

{{/* The seconds of a duration such as 1h2m3s. */}}
{{- define "privatelink-controller.seconds" -}}
{{- $seconds := 0 }}
{{- range $unit, $length := dict "h" 3600 "m" 60 "s" 1 }}
{{- $seconds = regexFind (printf "[0-9]+%s" $unit) $ | trimSuffix $unit | int | mul $length | add $seconds }}
{{- end }}
{{- $seconds }}
{{- end }}

{{/* What Pod Security's level `restricted` asks for, and a little more. */}}
{{- define "privatelink-controller.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "privatelink-controller.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Whether the chart mounts the token that is exchanged with Entra. */}}
{{- define "privatelink-controller.mountsToken" -}}
{{- if and (eq .Values.azure.credential "workload-identity") (not .Values.azure.workloadIdentity.webhook) }}true{{ end }}
{{- end }}

{{/* The leader's Lease: the controller's name as the name of an object, as the program makes it. */}}
{{- define "privatelink-controller.lease" -}}
{{- regexReplaceAll "[^A-Za-z0-9.]" .Values.controllerName "-" | lower | trimAll "-." }}
{{- end }}

{{/* The product's rules for leader election, with the Lease of this installation. */}}
{{- define "privatelink-controller.leaseRules" -}}
{{- $lease := include "privatelink-controller.lease" . }}
{{- range (.Files.Get "files/lease-role.yaml" | fromYaml).rules }}
{{- if .resourceNames }}
{{- $_ := set . "resourceNames" (list $lease) }}
{{- end }}
{{ list . | toYaml }}
{{- end }}
{{- end }}
