package pulumitype

// Resources of the Google Cloud provider.
const (
	GcpRepository           = "gcp:artifactregistry/repository:Repository"
	GcpRepositoryMember     = "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember"
	GcpPool                 = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool"
	GcpPoolProvider         = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
	GcpServiceAccount       = "gcp:serviceaccount/account:Account"
	GcpServiceAccountMember = "gcp:serviceaccount/iAMMember:IAMMember"
)

// Look-ups of the Google Cloud provider.
const (
	GcpGetProject = "gcp:organizations/getProject:getProject"
)
