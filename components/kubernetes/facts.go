package kubernetes

import (
	"time"

	"bifrost/internal/registrykey"
)

// Names that clouds give a meaning to.
const (
	// IrsaAnnotation of a ServiceAccount names the role of its pods on EKS (Amazon EKS user guide, "IAM roles for service accounts").
	IrsaAnnotation = "eks.amazonaws.com/role-arn"
	// AzureClientAnnotation of a ServiceAccount names the client id of its identity on AKS (Azure Workload Identity, "Labels and
	// annotations").
	AzureClientAnnotation = "azure.workload.identity/client-id"
	// GoogleAccountAnnotation of a ServiceAccount names the service account of Google as which its pods sign in on GKE (Google Kubernetes
	// Engine, "Authenticate to Google Cloud APIs from GKE workloads").
	GoogleAccountAnnotation = "iam.gke.io/gcp-service-account"
	// EcrUser and ArUser are the users of logins with a token, at Amazon ECR and at Artifact Registry.
	EcrUser = "AWS"
	ArUser  = "oauth2accesstoken"
	// RegistryKeyUser is the user of a login with the key of a service account at Artifact Registry.
	RegistryKeyUser = registrykey.User
	// GoogleTokenAudience is the audience of a ServiceAccount's token for Google's security token service, where nothing asks for another
	// one. The provider at Google Cloud must allow it.
	GoogleTokenAudience = "sts.googleapis.com"
)

// How long tokens live: Amazon ECR, GetAuthorizationToken; Google Cloud's security token service and IAM credentials.
const (
	EcrTokenLife = 12 * time.Hour
	ArTokenLife  = time.Hour
)

// The least and the most seconds for which a credential configuration can ask (Google's AIP 4117, service_account_impersonation).
const (
	MinArTokenLife = 600
	MaxArTokenLife = 43200
)
