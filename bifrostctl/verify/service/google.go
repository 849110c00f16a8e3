package service

import (
	"context"
	"time"
)

// GKECluster is a cluster of Google Kubernetes Engine.
type GKECluster struct {
	// Status is RUNNING where all is well.
	Status, Version string
	// WorkloadPool is PROJECT.svc.id.goog; empty where it is off.
	WorkloadPool string
	Autopilot    bool
	// Datapath is its provider of the data path; Calico tells whether network policy enforcement is on.
	Datapath  string
	Calico    bool
	NodePools []GKENodePool
}

// GKENodePool is a pool of nodes of one kind.
type GKENodePool struct {
	// ServiceAccount is as whom the nodes run; empty or default for Compute Engine's own.
	Name, ServiceAccount string
	// Scopes are the URLs of what the nodes' tokens are good for.
	Scopes []string
	// MetadataServer tells whether pods there get tokens of their own.
	MetadataServer bool
}

// GKE is Google Kubernetes Engine.
type GKE interface {
	Cluster(ctx context.Context, project, location, name string) (*GKECluster, error)
}

// ServiceAccount is one of Google Cloud. UniqueID is what one that is made again under its email does not keep.
type ServiceAccount struct {
	UniqueID string
	Disabled bool
}

// KeyCertificate is what Google publishes of a key of a service account: from when until when it is good.
type KeyCertificate struct{ From, Until time.Time }

// Issuer is the issuer of a cluster's tokens, with the ids of the keys that sign them now.
type Issuer struct {
	URL  string
	Keys []string
}
