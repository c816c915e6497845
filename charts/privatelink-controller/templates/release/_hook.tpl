{{/* What exists only for an uninstall, in the order of its weight, and goes when all has gone well. Argo CD knows the same (3.3
and later), without an order: what comes too early is tried again. */}}
{{- define "privatelink-controller.hook" -}}
helm.sh/hook: pre-delete
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
argocd.argoproj.io/hook: PreDelete
argocd.argoproj.io/hook-delete-policy: BeforeHookCreation,HookSucceeded
{{- end }}
