// Package apiparts has pieces of the Kubernetes API as a stack file may hold them, for tests: the program's rules and the API server's own
// code must think the same of each.
package apiparts

import "sigs.k8s.io/yaml"

// Part is a piece at a key of the configuration.
type Part struct {
	// Key is where it stands in the configuration, and Yaml is what.
	Key, Yaml string
	// At is where in it the program finds something wrong, and Want is what it says; empty where nothing is.
	At, Want string
}

// Value is the piece as a stack file has it.
func (p Part) Value() any {
	var v any
	if err := yaml.Unmarshal([]byte(p.Yaml), &v); err != nil {
		panic(err)
	}
	return v
}

// Keys of the configuration that hold pieces.
const (
	tolerations = "gateway.scheduling.tolerations"
	affinity    = "gateway.scheduling.affinity"
	volumes     = "gateway.extraVolumes"
	containers  = "gateway.extraContainers"
	egress      = "gateway.networkPolicy.extraEgress"
)

// Refused are pieces with one thing wrong.
var Refused = map[string]Part{
	"effect":                      {tolerations, `[{key: a, operator: Exists, effect: NoSchedul}]`, "[0].effect", `"NoSchedul": supported values: "NoSchedule"`},
	"operator":                    {tolerations, `[{key: a, operator: Equals, value: b}]`, "[0].operator", "did you mean Equal?"},
	"taint's key":                 {tolerations, `[{key: "a b", operator: Exists}]`, "[0].key", "a key such as team"},
	"no taint's key":              {tolerations, `[{operator: Equal, value: b}]`, "[0].key", "only operator Exists fits"},
	"value for Exists":            {tolerations, `[{key: a, operator: Exists, value: b}]`, "[0].value", "operator Exists compares none"},
	"taint's value":               {tolerations, `[{key: a, value: "b c"}]`, "[0].value", "a label's value"},
	"seconds for another effect":  {tolerations, `[{key: a, operator: Exists, effect: NoSchedule, tolerationSeconds: 5}]`, "[0].tolerationSeconds", "only effect NoExecute"},
	"no terms":                    {affinity, `{nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}`, ".nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms", "at least one"},
	"operator of nodes":           {affinity, nodes(`{key: a, operator: in, values: [b]}`), nodesAt + ".operator", `did you mean In?`},
	"no operator of nodes":        {affinity, nodes(`{key: a, values: [b]}`), nodesAt + ".operator", `Required value: In, NotIn`},
	"no values":                   {affinity, nodes(`{key: a, operator: In}`), nodesAt + ".values", "at least one"},
	"values for Exists":           {affinity, nodes(`{key: a, operator: Exists, values: [b]}`), nodesAt + ".values", "compares with none"},
	"two values for Gt":           {affinity, nodes(`{key: a, operator: Gt, values: ["1", "2"]}`), nodesAt + ".values", "one number"},
	"value of nodes":              {affinity, nodes(`{key: a, operator: In, values: ["b c"]}`), nodesAt + ".values[0]", "a label's value"},
	"weight":                      {affinity, `{nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 101, preference: {matchExpressions: [{key: a, operator: Exists}]}}]}}`, ".nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight", "1 to 100"},
	"no topology":                 {affinity, `{podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {a: b}}}]}}`, ".podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey", "Required value"},
	"label of pods":               {affinity, `{podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, labelSelector: {matchLabels: {"a b": c}}}]}}`, ".podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.matchLabels[a b]", "a key such as team"},
	"operator of pods":            {affinity, `{podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, labelSelector: {matchExpressions: [{key: a, operator: Gt, values: ["1"]}]}}]}}`, ".podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.matchExpressions[0].operator", `"In", "NotIn"`},
	"volume without a name":       {volumes, `[{emptyDir: {}}]`, "[0].name", "Required value"},
	"volume's name":               {volumes, `[{name: My_Volume, emptyDir: {sizeLimit: 1Gi}}]`, "[0].name", "lowercase letters"},
	"volume of two":               {volumes, `[{name: a, emptyDir: {sizeLimit: 1Gi}, configMap: {name: x}}]`, "[0].emptyDir", "configMap is there, too"},
	"file outside":                {volumes, `[{name: a, configMap: {name: x, items: [{key: k, path: ../k}]}}]`, "[0].configMap.items[0].path", "inside the volume"},
	"container without a name":    {containers, `[{image: x/y:1}]`, "[0].name", "Required value"},
	"container's name":            {containers, `[{name: Side_Car, image: x/y:1}]`, "[0].name", "lowercase letters"},
	"container without an image":  {containers, `[{name: a}]`, "[0].image", "Required value"},
	"pull policy":                 {containers, `[{name: a, image: x/y:1, imagePullPolicy: IfNotThere}]`, "[0].imagePullPolicy", `"IfNotPresent"`},
	"port":                        {containers, `[{name: a, image: x/y:1, ports: [{containerPort: 70000}]}]`, "[0].ports[0].containerPort", "1 to 65535"},
	"port's name":                 {containers, `[{name: a, image: x/y:1, ports: [{containerPort: 80, name: My_Port}]}]`, "[0].ports[0].name", "at most 15"},
	"protocol":                    {containers, `[{name: a, image: x/y:1, ports: [{containerPort: 80, protocol: tcp}]}]`, "[0].ports[0].protocol", "did you mean TCP?"},
	"probe of nothing":            {containers, `[{name: a, image: x/y:1, livenessProbe: {periodSeconds: 5}}]`, "[0].livenessProbe", "one of exec, grpc"},
	"probe of two":                {containers, `[{name: a, image: x/y:1, readinessProbe: {exec: {command: [a]}, tcpSocket: {port: 1}}}]`, "[0].readinessProbe.tcpSocket", "exec is there, too"},
	"probe's port":                {containers, `[{name: a, image: x/y:1, livenessProbe: {httpGet: {path: /, port: 0}}}]`, "[0].livenessProbe.httpGet.port", "1 to 65535"},
	"probe's scheme":              {containers, `[{name: a, image: x/y:1, livenessProbe: {httpGet: {path: /, port: 80, scheme: https}}}]`, "[0].livenessProbe.httpGet.scheme", "did you mean HTTPS?"},
	"probe's time":                {containers, `[{name: a, image: x/y:1, livenessProbe: {tcpSocket: {port: 80}, timeoutSeconds: -1}}]`, "[0].livenessProbe.timeoutSeconds", "at least 0"},
	"quantity":                    {containers, `[{name: a, image: x/y:1, resources: {requests: {cpu: 100mm}}}]`, "[0].resources.requests[cpu]", "quantity"},
	"resource":                    {containers, `[{name: a, image: x/y:1, resources: {limits: {ram: 1Gi}}}]`, "[0].resources.limits[ram]", `"memory"`},
	"request above its limit":     {containers, `[{name: a, image: x/y:1, resources: {requests: {memory: 2Gi}, limits: {memory: 1Gi}}}]`, "[0].resources.requests[memory]", "above the limit"},
	"variable without a name":     {containers, `[{name: a, image: x/y:1, env: [{value: b}]}]`, "[0].env[0].name", "Required value"},
	"variable's name":             {containers, `[{name: a, image: x/y:1, env: [{name: "A=B", value: b}]}]`, "[0].env[0].name", "without ="},
	"variable from nothing":       {containers, `[{name: a, image: x/y:1, env: [{name: A, valueFrom: {}}]}]`, "[0].env[0].valueFrom", "one of configMapKeyRef"},
	"variable twice":              {containers, `[{name: a, image: x/y:1, env: [{name: A, value: b, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]}]`, "[0].env[0].valueFrom", "value is there, too"},
	"mount twice":                 {containers, `[{name: a, image: x/y:1, volumeMounts: [{name: tmp, mountPath: /a}, {name: tmp, mountPath: /a}]}]`, "[0].volumeMounts[1].mountPath", "Duplicate"},
	"mount without a path":        {containers, `[{name: a, image: x/y:1, volumeMounts: [{name: tmp}]}]`, "[0].volumeMounts[0].mountPath", "Required value"},
	"mount outside":               {containers, `[{name: a, image: x/y:1, volumeMounts: [{name: tmp, mountPath: /a, subPath: ../b}]}]`, "[0].volumeMounts[0].subPath", "inside the volume"},
	"seccomp":                     {containers, `[{name: a, image: x/y:1, securityContext: {seccompProfile: {type: runtimeDefault}}}]`, "[0].securityContext.seccompProfile.type", "did you mean RuntimeDefault?"},
	"privileged without a way up": {containers, `[{name: a, image: x/y:1, securityContext: {privileged: true, allowPrivilegeEscalation: false}}]`, "[0].securityContext.privileged", "allowPrivilegeEscalation"},
	"hook of nothing":             {containers, `[{name: a, image: x/y:1, lifecycle: {preStop: {}}}]`, "[0].lifecycle.preStop", "one of exec"},
	"peer of nothing":             {egress, `[{to: [{}]}]`, "[0].to[0]", "Required value"},
	"peer of two":                 {egress, `[{to: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]`, "[0].to[0].ipBlock", "alone"},
	"block":                       {egress, `[{to: [{ipBlock: {cidr: 10.0.0.0}}]}]`, "[0].to[0].ipBlock.cidr", "address range"},
	"exception outside":           {egress, `[{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}]`, "[0].to[0].ipBlock.except[0]", "not a part of"},
	"port of a rule":              {egress, `[{ports: [{port: 70000}]}]`, "[0].ports[0].port", "1 to 65535"},
	"protocol of a rule":          {egress, `[{ports: [{port: 53, protocol: Udp}]}]`, "[0].ports[0].protocol", "did you mean UDP?"},
	"last port of a rule":         {egress, `[{ports: [{port: 53, endPort: 50}]}]`, "[0].ports[0].endPort", "53 to 65535"},
	"last port without the first": {egress, `[{ports: [{endPort: 50}]}]`, "[0].ports[0].port", "Required value"},
}

const nodesAt = ".nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]"

func nodes(requirement string) string {
	return "{nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [" + requirement + "]}]}}}"
}

// Taken are pieces in which nothing is wrong.
var Taken = map[string]Part{
	"tolerations": {Key: tolerations, Yaml: `[{operator: Exists}, {key: a}, {key: example.com/a, operator: Equal, value: b, effect: NoExecute, tolerationSeconds: 30}, {key: a, operator: Exists, effect: PreferNoSchedule}]`},
	"affinity": {Key: affinity, Yaml: `
nodeAffinity:
  requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In, values: [b]}, {key: c, operator: DoesNotExist}, {key: d, operator: Gt, values: ["1"]}], matchFields: [{key: metadata.name, operator: In, values: [node-1]}]}]}
  preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: [{key: a, operator: Exists}]}}]
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, podAffinityTerm: {topologyKey: kubernetes.io/hostname, namespaces: [a], labelSelector: {matchExpressions: [{key: a, operator: NotIn, values: [b]}]}}}]
`},
	"volumes": {Key: volumes, Yaml: `
- {name: nothing}
- {name: a, emptyDir: {sizeLimit: 1Gi, medium: Memory}}
- {name: b, configMap: {name: x, optional: true, items: [{key: k, path: d/k, mode: 292}]}}
- {name: c, projected: {sources: [{serviceAccountToken: {path: token, audience: a, expirationSeconds: 3600}}]}}
- {name: d, csi: {driver: secrets-store.csi.k8s.io, readOnly: true}}
`},
	"containers": {Key: containers, Yaml: `
- name: a
  image: x/y:1
  imagePullPolicy: Always
  ports: [{containerPort: 80, name: http}, {containerPort: 53, protocol: UDP}]
  env: [{name: a.b-c, value: ""}, {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
  resources: {requests: {cpu: 0, memory: 64Mi}, limits: {memory: 64Mi, ephemeral-storage: 1Gi}}
  livenessProbe: {httpGet: {path: /, port: http, httpHeaders: [{name: A, value: ""}]}, periodSeconds: 5}
  readinessProbe: {tcpSocket: {port: 80}}
  lifecycle: {preStop: {exec: {command: [a]}}}
  volumeMounts: [{name: tmp, mountPath: /a, subPath: b, readOnly: true}]
  securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}
`},
	"egress": {Key: egress, Yaml: `
- {to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 6379}, {port: redis, protocol: TCP}, {port: 1, endPort: 9}]}
- {to: [{namespaceSelector: {}, podSelector: {matchLabels: {a: b}}}]}
- {}
`},
}
