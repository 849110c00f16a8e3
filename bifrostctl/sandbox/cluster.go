package sandbox

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"bifrost/bifrostctl/sandbox/cloud"
)

// connect reaches the real cluster that the request names; nil where it names none.
func (r Request) connect(ctx context.Context) (*cloud.Cluster, error) {
	if r.Kubeconfig == "" {
		return nil, nil
	}
	cluster, err := cloud.Connect(ctx, r.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("--kubeconfig %s: %w", r.Kubeconfig, err)
	}
	return cluster, nil
}

// enter puts the real cluster into the world of the stack, before it is seeded. A stack belongs to one kind of cluster: its objects
// would be in the other.
func (f folders) enter(world *cloud.World, cluster *cloud.Cluster) error {
	if cluster == nil {
		return nil
	}
	if world.API() == nil && hasObjects(world) {
		return fmt.Errorf("--kubeconfig: the stack's Kubernetes objects are in the sandbox's own cluster: run without --kubeconfig, or "+
			"delete the folder %s to start afresh", f.stack)
	}
	world.Live = cluster
	return nil
}

// settled refuses a request without the real cluster that the stack belongs to, and one with a cluster that the stack has no use for.
func (f folders) settled(world *cloud.World, request Request, server string) error {
	switch {
	case world.Live == nil && world.API() != nil:
		return fmt.Errorf("the stack's Kubernetes objects are in the real cluster %s: give its --kubeconfig again, or delete the folder "+
			"%s to start afresh", world.API().Server, f.stack)
	case world.Live != nil && server == "":
		return errors.New("--kubeconfig: stack " + request.Stack + " has no Kubernetes cluster: name one (eks.clusterName, " +
			"aks.clusterName, gke.clusterName), or run without --kubeconfig")
	}
	return nil
}

func hasObjects(world *cloud.World) bool {
	for _, r := range world.Resources {
		if strings.HasPrefix(r.Type, "kubernetes:") {
			return true
		}
	}
	return false
}
