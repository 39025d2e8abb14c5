{{/* The name of everything: `paddock` for a release of that name, else RELEASE-paddock. */}}
{{- define "paddock.name" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/*
What selects the Pods of a component. Never changes: Deployments cannot change theirs. The instance is the release and not the
name, as Argo CD may write its Application's name there, which is the release's. Takes {root, component}.
*/}}
{{- define "paddock.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* The labels of an object. Takes {root, component}. */}}
{{- define "paddock.labels" -}}
{{ include "paddock.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Name, labels and annotations of an object. Takes {root, component}, and: name, cluster (cluster-scoped), labels, annotations. */}}
{{- define "paddock.metadata" -}}
name: {{ .name }}
{{- if not .cluster }}
namespace: {{ .namespace | default .root.Release.Namespace }}
{{- end }}
labels:
  {{- include "paddock.labels" . | nindent 2 }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with mergeOverwrite (deepCopy (.annotations | default dict)) .root.Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "paddock.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What the containers of all Pods have in common: image, program and security. Takes {root, program}. */}}
{{- define "paddock.container" -}}
image: {{ include "paddock.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
{{- with .root.Values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What all Pods have in common. Takes {root, account, serviceLinks}. */}}
{{- define "paddock.pod" -}}
serviceAccountName: {{ .account }}
automountServiceAccountToken: true
enableServiceLinks: {{ .serviceLinks | default false }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Where Pods of a component may run. Takes the component's values. */}}
{{- define "paddock.scheduling" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* How webhook and operator are told to look into images. Takes the values. */}}
{{- define "paddock.imageFlags" -}}
{{- with .images }}
{{- if .enabled }}
- --images
{{- with .platform }}
- --image-platform={{ . }}
{{- end }}
{{- if .caConfigMap }}
- --registry-ca=/etc/paddock/registries/ca.crt
{{- end }}
{{- range .insecureRegistries }}
- --insecure-registry={{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Resources of webhook and operator: another limit on memory where they look into images. Takes {root, resources}. */}}
{{- define "paddock.resources" -}}
{{- $resources := deepCopy .resources -}}
{{- if .root.Values.images.enabled -}}
{{- $_ := set $resources "limits" (set ($resources.limits | default dict) "memory" .root.Values.images.memoryLimit) -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end -}}
