package pulumitype

// Resources of the Google Cloud provider.
const (
	GcpRepository           = "gcp:artifactregistry/repository:Repository"
	GcpRepositoryMember     = "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember"
	GcpPool                 = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool"
	GcpPoolProvider         = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
	GcpCluster              = "gcp:container/cluster:Cluster"
	GcpProjectMember        = "gcp:projects/iAMMember:IAMMember"
	GcpServiceAccount       = "gcp:serviceaccount/account:Account"
	GcpServiceAccountMember = "gcp:serviceaccount/iAMMember:IAMMember"
	GcpServiceAccountKey    = "gcp:serviceaccount/key:Key"
)

// Look-ups of the Google Cloud provider.
const (
	GcpGetCluster        = "gcp:container/getCluster:getCluster"
	GcpGetProject        = "gcp:organizations/getProject:getProject"
	GcpGetServiceAccount = "gcp:serviceaccount/getAccount:getAccount"
)
