package stacktest

import (
	"testing"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
)

const (
	// NodeRole is the role of the sandbox's EKS nodes.
	NodeRole = "dev-node"
	// OnlyEKS, OnlyECS leave one platform of aws-dev.
	OnlyEKS = "ecs=null"
	OnlyECS = "eks=null"
	// WithBroker lets gateways find each other through a broker.
	WithBroker = "gateway.clustering.type=broker"
	// WithDns leads a name of Zone, a public zone of the sandbox, to a load balancer with a certificate for it.
	WithDns = "ecs.loadBalancer.dns={zoneId: " + Zone + ", names: [llm.example.com]}"
	Zone    = "Z0123456789ABCDEFGHIJ"

	application = "api://00000000-0000-4000-8000-000000000b1f"
	fargateRole = "dev-fargate"
)

// The ways in which a stack's images are pulled.
var (
	RefreshIRSA = Way{Name: "EKS, refresh, IRSA", Stack: "aws-dev", Settings: []string{OnlyEKS}}
	PodIdentity = Way{Name: "EKS, refresh, Pod Identity", Stack: "aws-dev", Settings: []string{OnlyEKS, "eks.auth=podIdentity"}}
	PullNode    = Way{Name: "EKS, node", Stack: "aws-dev", Settings: byRole(NodeRole)}
	PullFargate = Way{Name: "EKS on Fargate, node", Stack: "aws-dev", Settings: byRole(fargateRole), First: OnFargate}
	PullKubelet = Way{Name: "EKS, kubelet", Stack: "aws-dev", Settings: []string{OnlyEKS, "eks.pull=kubelet"}}
	OnECS       = Way{Name: "ECS Fargate", Stack: "aws-dev", Settings: []string{OnlyECS}}
	TrustAKS    = Way{Name: "AKS, trust aks", Stack: "azure-dev"}
	TrustEntra  = Way{Name: "AKS, trust entra, v2.0", Stack: "azure-dev", Settings: entra("2")}
	TrustEntra1 = Way{
		Name: "AKS, trust entra, v1.0", Stack: "azure-dev", Settings: entra("1"),
		First: edits.With(pulumitype.AzureApplication, "", "requestedAccessTokenVersion=1"),
	}
	OwnFederation = Way{Name: "AKS, trust aks, own federation", Stack: "azure-dev", Settings: federation}
	OwnEntra      = Way{Name: "AKS, trust entra, own federation", Stack: "azure-dev", Settings: append(entra("2"), federation...)}

	OnGKE       = Way{Name: "GKE, refresh", Stack: "google-dev"}
	GKEExisting = Way{
		Name: "GKE, refresh, existing account", Stack: "google-dev", Settings: []string{"gke.serviceAccountEmail=" + GooglePuller},
	}
	GKEPrincipal   = Way{Name: "GKE, refresh, principal", Stack: "google-dev", Settings: []string{"gke.auth=principal"}}
	GKEImpersonate = Way{
		Name: "GKE, refresh, the vendor's account", Stack: "google-dev", Settings: []string{"gke.vendorServiceAccount=" + GoogleVendor},
	}
	GKENode = Way{Name: "GKE, node", Stack: "google-dev", Settings: []string{"gke.pull=node"}}
)

// Pulls are all ways of pulling.
var Pulls = []Way{
	RefreshIRSA, PodIdentity, PullNode, PullFargate, PullKubelet, OnECS, TrustAKS, TrustEntra, TrustEntra1, OwnFederation, OwnEntra,
	OnGKE, GKEExisting, GKEPrincipal, GKEImpersonate, GKENode,
	AnyKey, OnOpenShift, AnyFederation, AnyUploaded, OwnAnyFederation,
}

var federation = []string{
	"gcp.credentialConfig=null", "gcp.federation.projectId=acme-mirror", "gcp.federation.poolId=bifrost-azure",
	"gcp.federation.providerId=bifrost-aks", "gcp.federation.serviceAccountId=bifrost-pull",
}

func byRole(role string) []string {
	return []string{OnlyEKS, "eks.pull=node", "eks.nodeRoleArns=[arn:aws:iam::111122223333:role/" + role + "]"}
}

func entra(tokenVersion string) []string {
	return []string{"aks.trust=entra", "aks.entra.appIdUri=" + application, "aks.entra.tokenVersion=" + tokenVersion}
}

// OnFargate moves the gateway's pods to Fargate.
func OnFargate(t testing.TB, w *cloud.World) {
	const trust = `{"Version":"2012-10-17","Statement":[` +
		`{"Effect":"Allow","Principal":{"Service":"eks-fargate-pods.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	account := w.AWS["111122223333"]
	arn := account.EKS[0].NodeRoleARN(account.ID, fargateRole)
	account.EKS[0].Fargate = []world.FargateProfile{{Namespace: "bifrost", PodExecutionRole: fargateRole}}
	w.Put(&world.Resource{Type: pulumitype.AwsRole, Scope: account.ID, ID: fargateRole, Seeded: true, State: map[string]any{
		"name": fargateRole, "path": "/", "arn": arn, "assumeRolePolicy": trust, "uniqueId": "AROAFARGATE0000000001",
	}})
	edits.AlsoAllowlisted(arn)(t, w)
}

// What stands around every ECS cluster of the sandbox, whether a stack file names it or not.
const (
	VPC           = "vpc-0123456789abcdef0"
	SecurityGroup = "sg-0123456789abcdef0"
)

// PublicSubnets lead to the internet gateway, in two zones.
var PublicSubnets = []string{"subnet-0c1d2e3f4a5b60718", "subnet-0d1e2f3a4b5c60718"}

// Service accounts of Google that stand around every GKE cluster of the sandbox: one that pulls, one that is the gateway's own, and one of
// the vendor's.
const (
	GooglePuller  = "existing-pull-sa@acme-dev.iam.gserviceaccount.com"
	GoogleGateway = "existing-gateway-sa@acme-dev.iam.gserviceaccount.com"
	GoogleVendor  = "hub-pull-sa@bifrost-dist.iam.gserviceaccount.com"
)
