package kubelet

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"text/template"

	"bifrost/e2e/controlplane"
	"bifrost/e2e/machine"
)

func (n *Node) file(name string) string { return filepath.Join(n.dir, name) }

// socket is containerd's.
func (n *Node) socket() string { return n.file("containerd.sock") }

// arguments are how a program is called on the node.
func (n *Node) arguments(program string) []string {
	switch program {
	case Containerd:
		return []string{"--config=" + n.file("containerd.toml"), "--log-level=info"}
	case KubeProxy:
		return []string{"--config=" + n.file("proxy.yaml")}
	}
	arguments := []string{
		"--config=" + n.file("kubelet.yaml"), "--kubeconfig=" + n.identity.Kubeconfig, "--hostname-override=" + n.Name,
		"--node-ip=" + n.Host.Address.String(), "--root-dir=" + n.file("kubelet"), "--cert-dir=" + n.file("certs"), "--v=2",
	}
	if n.config.CredentialProviderConfig != "" {
		arguments = append(arguments, "--image-credential-provider-config="+n.config.CredentialProviderConfig,
			"--image-credential-provider-bin-dir="+n.config.CredentialProviders)
	}
	return arguments
}

// writeFiles writes the programs' configurations.
func (n *Node) writeFiles() error {
	plugins, err := machine.Plugins()
	if err != nil {
		return err
	}
	runc, err := machine.Tool("runc")
	if err != nil {
		return err
	}
	facts := map[string]any{
		"Dir": n.dir, "Socket": n.socket(), "Pause": n.config.Pause, "Runc": runc, "Plugins": plugins, "Name": n.Name,
		"Address": n.Host.Address, "PodsOfNode": n.config.Network.PodsOf(n.config.Number), "Pods": n.config.Network.Pods,
		"DNS": machine.DNSService, "Resolver": machine.Resolver, "Group": n.group.Path, "Identity": n.identity,
		"ProxyKubeconfig": n.config.Cluster.KubeconfigOf(controlplane.ProxyUser),
	}
	if err := os.MkdirAll(n.file("cni"), 0o755); err != nil {
		return err
	}
	var errs []error
	for name, text := range files {
		var b bytes.Buffer
		if err := template.Must(template.New(name).Parse(text)).Execute(&b, facts); err != nil {
			return err
		}
		errs = append(errs, os.WriteFile(n.file(name), b.Bytes(), 0o600))
	}
	return errors.Join(errs...)
}

// files of a node, by their path in its folder.
var files = map[string]string{
	// Without CAP_SYS_RESOURCE nobody may lower a score of the OOM killer. A profile of AppArmor would be loaded into the machine's kernel.
	"containerd.toml": `version = 3
root = "{{.Dir}}/containerd"
state = "{{.Dir}}/state"
[grpc]
  address = "{{.Socket}}"
[ttrpc]
  address = "{{.Socket}}.ttrpc"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = "{{.Pause}}"
[plugins.'io.containerd.nri.v1.nri']
  disable = true
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = "runc"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        BinaryName = "{{.Runc}}"
        SystemdCgroup = false
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["{{.Plugins}}"]
    conf_dir = "{{.Dir}}/cni"
`,
	// Pods' addresses are the network's own: what leaves the node keeps them, so that policies and logs are about real ones.
	"cni/10-pods.conflist": `{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "pods", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "{{.Dir}}/ipam",
    "ranges": [[{"subnet": "{{.PodsOfNode}}"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}
]}
`,
	// For pods that have the node's own name server.
	"resolv.conf": "nameserver {{.Resolver}}\n",
	"kubelet.yaml": `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
failSwapOn: false
cgroupDriver: cgroupfs
cgroupRoot: {{.Group}}
enforceNodeAllocatable: [pods]
containerRuntimeEndpoint: unix://{{.Socket}}
address: {{.Address}}
healthzBindAddress: {{.Address}}
readOnlyPort: 0
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: {{.Identity.Authority}}}}
authorization: {mode: Webhook}
tlsCertFile: {{.Identity.Certificate}}
tlsPrivateKeyFile: {{.Identity.Key}}
clusterDomain: cluster.local
clusterDNS: [{{.DNS}}]
resolvConf: {{.Dir}}/resolv.conf
serializeImagePulls: false
# Nothing is throttled: many pods come and go, and no event is lost.
registryPullQPS: 0
eventRecordQPS: 0
kubeAPIQPS: 1000
kubeAPIBurst: 1000
# The disk is the machine's: how full it is, is not the tests'.
imageMinimumGCAge: 24h
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 50Mi, nodefs.available: 0%, imagefs.available: 0%}
# As often as a kubelet may: tests wait for what it says.
nodeStatusUpdateFrequency: 5s
volumeStatsAggPeriod: 5s
syncFrequency: 10s
volumePluginDir: {{.Dir}}/volumeplugins
podLogsDir: {{.Dir}}/podlogs
`,
	"proxy.yaml": `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clientConnection: {kubeconfig: {{.ProxyKubeconfig}}}
hostnameOverride: {{.Name}}
clusterCIDR: {{.Pods}}
healthzBindAddress: {{.Address}}:10256
metricsBindAddress: 127.0.0.1:10249
# These are the machine's.
conntrack: {maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
nodePortAddresses: [{{.Address}}/32]
`,
}
