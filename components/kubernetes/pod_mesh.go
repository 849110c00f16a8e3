package kubernetes

// podMarks are labels and annotations of pods.
type podMarks struct{ labels, annotations map[string]string }

// outsideMesh tells each mesh to leave a pod alone. A mesh puts its proxy into each new pod of a namespace that it looks after. The proxy
// goes on after the pod's own containers have ended, and a Job whose pods have one never completes. Istio takes a label, in older releases
// an annotation (Istio, "Installing the Sidecar", "Controlling the injection policy"), and its ambient mode another label ("Add workloads
// to the mesh"); the others are Kuma ("Data plane proxy on Kubernetes"), Linkerd ("Automatic Proxy Injection"), Consul ("Annotations and
// labels", connect-inject), and Open Service Mesh, the former add-on of AKS ("Sidecar injection").
var outsideMesh = podMarks{
	labels: map[string]string{
		"sidecar.istio.io/inject":   "false",
		"istio.io/dataplane-mode":   "none",
		"kuma.io/sidecar-injection": "disabled",
	},
	annotations: map[string]string{
		"sidecar.istio.io/inject":              "false",
		"linkerd.io/inject":                    "disabled",
		"consul.hashicorp.com/connect-inject":  "false",
		"openservicemesh.io/sidecar-injection": "disabled",
	},
}
