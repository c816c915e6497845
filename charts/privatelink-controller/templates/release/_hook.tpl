{{/* What exists only for an uninstall, in the order of its weight, and goes when all has gone well. */}}
{{- define "privatelink-controller.hook" -}}
helm.sh/hook: pre-delete
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}
