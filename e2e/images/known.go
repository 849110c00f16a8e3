package images

import (
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// What the clusters' own manifests name. The stacks name the others, and any name that is not known is the gateway's.
const (
	Pause         = "registry.k8s.io/pause:3.10.1"
	CoreDNS       = "registry.k8s.io/coredns/coredns:v1.12.4"
	KubeRouter    = "docker.io/cloudnativelabs/kube-router:v2.1.0"
	MetricsServer = "registry.k8s.io/metrics-server/metrics-server:v0.8.0"
	// Tool has busybox with all its commands, for clients and small servers.
	Tool = "docker.io/library/busybox:1.37"
	// AWSVendor and GoogleVendor hold the CLIs that are installed on this machine: see Vendors.
	AWSVendor    = "e2e.test/vendor/aws-cli:installed"
	GoogleVendor = "e2e.test/vendor/google-cloud-cli:installed"
)

type known struct {
	repository string
	image      func() (v1.Image, error)
}

// sh are what a script may count on in an image with a shell.
var sh = []string{"sh", "base64", "cat", "date", "mkdir", "printf", "sleep", "test", "[", "tr", "sed", "env", "id", "ls"}

// known are all images. aws-cli has no kubectl, Google's images have none either, kubectl's has no shell. None but the gateway's sets a
// user: they run as root unless the pod says otherwise.
func (c Config) known() []known {
	program := func(name string) map[string]string {
		return map[string]string{"/usr/local/bin/" + name: filepath.Join(c.Programs, name)}
	}
	rows := []struct {
		repository string
		spec       Spec
	}{
		{`(^|/)pause$`, Spec{Files: map[string]string{"/pause": filepath.Join(c.Programs, "pause")}, Entrypoint: []string{"/pause"}, User: "65535:65535"}},
		{`(^|/)kubectl$`, Spec{Files: map[string]string{"/bin/kubectl": filepath.Join(c.Programs, "kubectl")}, Entrypoint: []string{"/bin/kubectl"}}},
		{`(^|/)aws-cli$`, Spec{Files: program("aws"), Busybox: sh, CA: c.CA, Env: trusting, Entrypoint: []string{"/usr/local/bin/aws"}}},
		{`(^|/)(google-cloud-cli|cloud-sdk)$`, Spec{Files: program("gcloud"), Busybox: append([]string{"wget"}, sh...), CA: c.CA, Env: trusting,
			Cmd: []string{"/bin/sh"}}},
		{`(^|/)coredns$`, Spec{Files: map[string]string{"/coredns": filepath.Join(c.Programs, "coredns")}, Entrypoint: []string{"/coredns"}}},
		{`(^|/)kube-router$`, Spec{Files: program("kube-router"), Busybox: sh, Entrypoint: []string{"/usr/local/bin/kube-router"}}},
		{`(^|/)metrics-server$`, Spec{Files: map[string]string{"/metrics-server": filepath.Join(c.Programs, "metrics-server")},
			Entrypoint: []string{"/metrics-server"}}},
		{`(^|/)busybox$`, Spec{Busybox: []string{"*"}, CA: c.CA, Env: trusting, Cmd: []string{"sh"}}},
	}
	all := []known{{``, c.gateway}}
	for _, r := range rows {
		all = append(all, known{r.repository, r.spec.Build})
	}
	return all
}

// trusting are the variables with which the clouds' CLIs and libraries take the image's authorities instead of those they bring along
// (AWS CLI user guide, "Environment variables"; gcloud topic configurations, core/custom_ca_certs_file; requests, "SSL Cert Verification").
var trusting = []string{
	"SSL_CERT_FILE=" + caFile, "CURL_CA_BUNDLE=" + caFile, "AWS_CA_BUNDLE=" + caFile, "REQUESTS_CA_BUNDLE=" + caFile,
	"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE=" + caFile,
}
