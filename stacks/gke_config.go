package stacks

// Gke is an existing cluster, and who pulls the image there.
type Gke struct {
	// ClusterName is an existing cluster, of Standard or of Autopilot: Kubernetes 1.27 or newer, 1.24 for rollout identity. Its workload
	// pool is on, but for pull node and for mirrors. Required.
	ClusterName string
	// Location is the cluster's region or zone, such as europe-west1 or europe-west1-b. Required.
	Location string
	// ProjectId is the id of the cluster's project. Default: google.projectId.
	ProjectId string
	// Pull is who pulls the image: refresh, with a pull Secret that is kept fresh; node, as the service accounts of the node pools, without
	// a Secret. Default refresh.
	Pull GkePull
	// Auth is how the refresher signs in: serviceAccount, as a service account that trusts its ServiceAccount; principal, as its
	// ServiceAccount itself, which Google knows as a principal, without a service account. Default serviceAccount.
	Auth GkeSignIn
	// ServiceAccountId is the id of the service account that is made in google.projectId, and that the vendor allowlists by its email. With
	// another id the vendor must allowlist another one. Default bifrost-pull-sa.
	ServiceAccountId string
	// ServiceAccountEmail is an existing service account of google.projectId instead: the refresher's ServiceAccount is let act as it, and
	// nothing else is changed.
	ServiceAccountEmail string
	// VendorServiceAccount is the email of a service account that the vendor provides: the refresher's token is that one's. The vendor lets
	// the refresher impersonate it, with the role Service Account Token Creator.
	VendorServiceAccount string
	// SecretName is the name of the pull Secret. Default ar-pull-secret.
	SecretName string
	// Context of secrets.kubeconfig. Default: the current one.
	Context string
	// GatewayServiceAccountEmail is an existing service account of the gateway's own, for Vertex AI for instance. It never pulls. It must
	// let the gateway's ServiceAccount act as it, which verify looks for.
	GatewayServiceAccountEmail string
	// GatewayServiceAccount makes a service account of the gateway's own instead, with given roles.
	GatewayServiceAccount *GatewayServiceAccount
}

// GatewayServiceAccount is a service account of the gateway's own, made here for its ServiceAccount alone. It never pulls.
type GatewayServiceAccount struct {
	// Id of the service account. With another id the one of the running pods goes once the pods are replaced. Default bifrost-gateway-sa.
	Id string
	// Roles that it has in google.projectId, such as roles/aiplatform.user. Who deploys needs the right to set the project's IAM policy.
	Roles []string
}
