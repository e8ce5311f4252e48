{{- define "sautikit.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "sautikit.labels" -}}
app.kubernetes.io/name: sautikit
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "sautikit.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* What the chart itself decides, over the TOML of `config`: addresses that differ from node to node, and what they share. */}}
{{- define "sautikit.env" -}}
- name: NODE_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: SAUTIKIT__ENV
  value: production
- name: SAUTIKIT__DATA_DIR
  value: /var/lib/sautikit
- name: SAUTIKIT__HTTP__LISTEN
  value: "$(NODE_IP):{{ .Values.ports.http }}"
- name: SAUTIKIT__HTTP__PUBLIC_URL
  value: {{ .Values.publicUrl | quote }}
- name: SAUTIKIT__SIP__LISTEN
  value: "$(NODE_IP):{{ .Values.ports.sip }}"
- name: SAUTIKIT__SIP__TLS_LISTEN
  value: "$(NODE_IP):{{ .Values.ports.sipTls }}"
- name: SAUTIKIT__SIP__DOMAIN
  value: {{ .Values.sipDomain | quote }}
- name: SAUTIKIT__MEDIA__LISTEN
  value: "$(NODE_IP):{{ .Values.ports.media }}"
- name: SAUTIKIT__MEDIA__PUBLIC_IP
  value: {{ .Values.mediaPublicIp | default "$(NODE_IP)" | quote }}
- name: SAUTIKIT__MEDIA__RTP_PORTS
  value: {{ .Values.ports.rtp | quote }}
- name: SAUTIKIT__NODES__LISTEN
  value: "$(NODE_IP):{{ .Values.ports.nodes }}"
- name: SAUTIKIT__METRICS__LISTEN
  value: "$(NODE_IP):{{ .Values.ports.metrics }}"
- name: SAUTIKIT__LOG__FORMAT
  value: json
{{- end -}}
