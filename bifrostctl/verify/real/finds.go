package real

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"bifrost/stacks"
)

// Choice is something that a key of a stack file may name.
type Choice struct {
	Value string
	// About tells it from others, for people.
	About string
	// And are keys that go with it, such as a cluster's location.
	And map[string]string
}

// finds looks up what a key may name.
type finds func(ctx context.Context, c *stacks.Config) ([]Choice, error)

// Finder looks up what keys of a stack file may name, where credentials are at hand.
type Finder struct {
	keys map[string]finds
}

// lookUpTime is how long one look-up may take. AWS' SDK looks for a machine's own credentials for seconds.
const lookUpTime = 15 * time.Second

// NewFinder asks the clouds with the credentials of this machine.
func NewFinder() *Finder {
	all := map[string]finds{"kubernetes.context": contexts, "kubernetes.clusterName": contextClusters}
	for key, find := range awsFinds {
		all[key] = signedIn(find)
	}
	for key, find := range azureFinds {
		all[key] = find
	}
	for key, find := range googleFinds {
		all[key] = find
	}
	return &Finder{all}
}

// SignIns are the keys whose look-up needs a login alone: whoever gets none there has no credentials.
var SignIns = map[string]string{"aws.accountId": "AWS", "azure.subscriptionId": "Azure", "google.projectId": "Google Cloud",
	"kubernetes.context": "Kubernetes"}

// Logins make the credentials that are missing.
var Logins = map[string]string{"AWS": "aws sso login", "Azure": "az login", "Google Cloud": "gcloud auth application-default login",
	"Kubernetes": "export KUBECONFIG=FILE"}

// Knows tells whether a key can be looked up.
func (f *Finder) Knows(key string) bool { return f.keys[key] != nil }

// Find looks up what a key may name, for the stack as far as its file says yet. It returns none for a key that it does not know.
func (f *Finder) Find(ctx context.Context, key string, c *stacks.Config) ([]Choice, error) {
	find := f.keys[key]
	if find == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpTime)
	defer cancel()
	found, err := find(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("look %s up: %w", key, err)
	}
	slices.SortFunc(found, func(a, b Choice) int { return strings.Compare(a.Value, b.Value) })
	return slices.CompactFunc(found, func(a, b Choice) bool { return a.Value == b.Value }), nil
}

// contexts are those of the kubeconfig that kubectl would read.
func contexts(_ context.Context, c *stacks.Config) ([]Choice, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	if c.Kubernetes != nil && c.Kubernetes.KubeconfigFile != "" {
		file, err := c.KubeconfigPath("")
		if err != nil {
			return nil, err
		}
		rules.ExplicitPath = file
	}
	config, err := rules.Load()
	if err != nil {
		return nil, errors.New("the kubeconfig does not parse") // its words may hold a secret
	}
	var found []Choice
	for name, of := range config.Contexts {
		choice := Choice{Value: name, And: map[string]string{"kubernetes.clusterName": of.Cluster}}
		if cluster := config.Clusters[of.Cluster]; cluster != nil {
			choice.About = cluster.Server
		}
		found = append(found, choice)
	}
	return found, nil
}

// contextClusters are the names of the clusters that contexts lead to.
func contextClusters(ctx context.Context, c *stacks.Config) ([]Choice, error) {
	found, err := contexts(ctx, c)
	var clusters []Choice
	for _, context := range found {
		if c.Kubernetes == nil || c.Kubernetes.Context == "" || c.Kubernetes.Context == context.Value {
			clusters = append(clusters, Choice{Value: context.And["kubernetes.clusterName"], About: context.About})
		}
	}
	return clusters, err
}
