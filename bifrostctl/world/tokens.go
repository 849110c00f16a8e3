package world

import "bifrost/bifrostctl/internal/pulumitype"

// The tokens of what is seeded, as tests name them.
const (
	VPCType                 = pulumitype.AwsVpc
	SubnetType              = pulumitype.AwsSubnet
	RouteTableType          = pulumitype.AwsRouteTable
	VPCEndpointType         = pulumitype.AwsVpcEndpoint
	SecurityGroupType       = pulumitype.AwsSecurityGroup
	CertificateType         = pulumitype.AwsCertificate
	KeyType                 = pulumitype.AwsKey
	TopicType               = pulumitype.AwsTopic
	BucketType              = pulumitype.AwsBucket
	LoadBalancerType        = pulumitype.AwsLoadBalancer
	TargetGroupType         = pulumitype.AwsTargetGroup
	ListenerType            = pulumitype.AwsListener
	PolicyType              = pulumitype.AwsPolicy
	RoleType                = pulumitype.AwsRole
	OIDCProviderType        = pulumitype.AwsOidcProvider
	ECRRepositoryType       = pulumitype.AwsEcrRepository
	ECRRepositoryPolicyType = pulumitype.AwsEcrRepositoryPolicy
	PoolType                = pulumitype.GcpPool
	PoolProviderType        = pulumitype.GcpPoolProvider
	ServiceAccountType      = pulumitype.GcpServiceAccount
	ImpersonationType       = pulumitype.GcpServiceAccountMember
	ARRepositoryType        = pulumitype.GcpRepository
	ARReaderType            = pulumitype.GcpRepositoryMember
	ApplicationType         = pulumitype.AzureApplication
	ManagedIdentityType     = pulumitype.AzureManagedIdentity
)
