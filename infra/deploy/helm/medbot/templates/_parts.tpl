{{- define "medbot.labels" -}}
app.kubernetes.io/name: medbot
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "medbot.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* What every pod has: nobody's user, a root that it cannot write, no token of the cluster, and the secrets as files. */}}
{{- define "medbot.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: secret
    secret: {secretName: {{ .Values.secret }}, defaultMode: 0440}
  - name: own
    emptyDir: {medium: Memory, sizeLimit: 1Mi}
  - name: tmp
    emptyDir: {sizeLimit: 8Gi}
  - name: erasures
    {{- if .Values.erasures.claim }}
    persistentVolumeClaim: {claimName: {{ .Values.erasures.claim }}}
    {{- else if not .Values.erasures.ephemeral }}
    {{- fail "erasures.claim is empty: name a claim for the list of what was erased, or set erasures.ephemeral" }}
    {{- else }}
    emptyDir: {sizeLimit: 64Mi}
    {{- end }}
initContainers:
  # A secret's files belong to root and are open to the pod's group; medbot wants a master key that is its own.
  - name: own-secrets
    image: {{ include "medbot.image" . }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    command: [install, -m, "0400", /secret/master.key, /secret/medbot.toml, /own]
    securityContext: {{ include "medbot.confined" . | nindent 6 }}
    resources:
      requests: {cpu: 10m, memory: 16Mi}
      limits: {memory: 32Mi}
    volumeMounts:
      - {name: secret, mountPath: /secret, readOnly: true}
      - {name: own, mountPath: /own}
{{- end }}

{{- define "medbot.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "medbot.container" -}}
image: {{ include "medbot.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext: {{ include "medbot.confined" . | nindent 2 }}
volumeMounts:
  - {name: own, mountPath: /run/medbot, readOnly: true}
  - {name: tmp, mountPath: /tmp}
{{- end }}

{{- define "medbot.environment" -}}
- {name: MEDBOT_CONFIG, value: /run/medbot/medbot.toml}
- {name: MEDBOT_MASTER_KEY_FILE, value: /run/medbot/master.key}
- {name: MEDBOT_METRICS, value: "0.0.0.0:9090"}
{{- if and .Values.ingress.enabled (not .Values.trustedProxies) }}
{{- fail "trustedProxies is empty: name the addresses or the network of the ingress controller's pods" }}
{{- end }}
{{- with .Values.trustedProxies }}
- {name: MEDBOT_TRUSTED_PROXIES, value: {{ join "," . | quote }}}
{{- end }}
{{- range $name, $value := .Values.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}
