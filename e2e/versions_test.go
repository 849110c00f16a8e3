package e2e

import (
	"context"
	"debug/buildinfo"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// provider is the SDK of Pulumi's Kubernetes provider that the stacks are written for, and the sandbox's provider acts as.
const provider = "github.com/pulumi/pulumi-kubernetes/sdk/v4"

// reportVersions tells what the tests ran on.
func (s *site) reportVersions(ctx context.Context) error {
	built, err := buildinfo.ReadFile(bifrostctl)
	if err != nil {
		return err
	}
	text := ""
	for _, module := range built.Deps {
		if module.Path == provider {
			text += fmt.Sprintf("Kubernetes provider: the sandbox's, which acts as Pulumi's %s\n", module.Version)
		}
	}
	nodes, err := s.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	info := nodes.Items[0].Status.NodeInfo
	text += fmt.Sprintf("kubelet: %s\nruntime: %s, on Linux %s\n", info.KubeletVersion, info.ContainerRuntimeVersion, info.KernelVersion)
	report.add("Versions", text)
	return nil
}
