// Package service says what verify asks of the clouds: one small interface for each service. Package real answers with the services
// themselves, package saved of the sandbox with its saved state.
package service

import (
	"context"
	"errors"
	"net"
	"time"

	"k8s.io/client-go/kubernetes"
)

// ErrNotFound is what a look-up of something that does not exist wraps.
var ErrNotFound = errors.New("not found")

// Clouds are the services of a stack. Those of a platform that the stack does not use are nil.
type Clouds struct {
	STS      STS
	EKS      EKS
	IAM      IAM
	ECS      ECS
	Secrets  Secrets
	AKS      AKS
	Identity ManagedIdentity
	GCP      GCP
	GKE      GKE
	Registry Registry
	// Kubernetes signs in to the stack's cluster: the named EKS or AKS cluster, or that of a given kubeconfig. Objects reads any kind of
	// object there.
	Kubernetes func(ctx context.Context) (kubernetes.Interface, error)
	Objects    func(ctx context.Context) (Objects, error)
	// Issuer asks the API server of the stack's cluster whose tokens its ServiceAccounts have.
	Issuer func(ctx context.Context) (*Issuer, error)
	// Exists asks AWS, Azure and Google Cloud for what the stack has made.
	Exists Exists
	// Gateway reaches the gateway behind a Service; nil where nothing runs.
	Gateway func(ctx context.Context, namespace, service string) (Gateway, error)
	// Pod reaches one pod of the gateway; nil where nothing runs.
	Pod func(ctx context.Context, namespace, pod string) (Pod, error)
	// LoadBalancer reaches the gateway behind the load balancer of an ECS service, whose URL is empty where the stack makes none; nil
	// where nothing runs.
	LoadBalancer func(url string) (Gateway, error)
	// Now is the time by the clouds' clocks.
	Now func() time.Time
}

// STS says who calls.
type STS interface {
	// Caller returns the account and the ARN of the caller.
	Caller(ctx context.Context) (account, arn string, err error)
}

// EKSCluster is a cluster of Amazon EKS.
type EKSCluster struct {
	ARN, Status, Version, Issuer string
	// AutoMode says that EKS Auto Mode networks the pods.
	AutoMode bool
}

// EKS is Amazon EKS.
type EKS interface {
	Cluster(ctx context.Context, name string) (*EKSCluster, error)
	// HasAddon tells whether an add-on is installed, or built in.
	HasAddon(ctx context.Context, cluster, name string) (bool, error)
	// AddonConfiguration returns the configuration of an installed add-on, as JSON or YAML.
	AddonConfiguration(ctx context.Context, cluster, name string) (string, error)
	// Associations returns the ARNs of the roles that EKS Pod Identity gives to a ServiceAccount: one or none.
	Associations(ctx context.Context, cluster, namespace, serviceAccount string) ([]string, error)
	// PullRoles returns the ARNs of the roles as which kubelets pull for pods of a namespace: those of the Fargate profiles
	// that select the namespace, or of all managed node groups.
	PullRoles(ctx context.Context, cluster, namespace string) ([]string, error)
}

// Role is a role of AWS IAM.
type Role struct {
	// ID is the unique id, which a role made again under its name does not keep.
	ARN, ID string
	// Trust is the trust document; Policies are the documents of the attached and inline policies.
	Trust    string
	Policies []string
}

// OIDCProvider is an IAM OIDC provider.
type OIDCProvider struct{ ClientIDs []string }

// IAM is AWS IAM.
type IAM interface {
	Role(ctx context.Context, name string) (*Role, error)
	OIDCProvider(ctx context.Context, arn string) (*OIDCProvider, error)
}

// ECSService is a service of Amazon ECS.
type ECSService struct {
	Status string
	// TaskDefinition is that of the primary deployment, Rollout its state: COMPLETED, IN_PROGRESS or FAILED.
	TaskDefinition, Rollout string
	RolloutReason           string
	Desired, Running        int
	Events                  []string // newest first
	// LaunchType is FARGATE or EC2; empty where capacity providers choose. The rest is where the tasks run, and who leads to them.
	LaunchType              string
	Subnets, SecurityGroups []string
	PublicIP                bool
	TargetGroups            []string
}

// TaskDefinition is a registered task definition.
type TaskDefinition struct {
	ExecutionRole string
	// Images are by container, Secrets the ARNs of all secrets, LogGroups the log groups that containers write to.
	Images    map[string]string
	Secrets   []string
	LogGroups []string
}

// StoppedTask is a task that ECS stopped, or could not start.
type StoppedTask struct {
	ARN, Reason string
	At          time.Time
	// ContainerReasons are those of its containers.
	ContainerReasons []string
}

// ECS is Amazon ECS.
type ECS interface {
	// Cluster returns the status of a cluster, such as ACTIVE.
	Cluster(ctx context.Context, name string) (status string, err error)
	Service(ctx context.Context, cluster, name string) (*ECSService, error)
	TaskDefinition(ctx context.Context, arn string) (*TaskDefinition, error)
	// StoppedTasks returns what ECS still knows of the service's stopped tasks (about an hour), newest first.
	StoppedTasks(ctx context.Context, cluster, service string) ([]StoppedTask, error)
}

// Secret is a secret of AWS Secrets Manager, or a parameter of Systems Manager.
type Secret struct {
	// KmsKey is the key that encrypts it, as an ARN, an id or an alias; empty where nobody but AWS has one.
	KmsKey string
	// Deleted is when it was scheduled for deletion, zero where it was not.
	Deleted time.Time
	// Versions are the ids of a secret's versions, by stage.
	Versions map[string]string
}

// Key is a key of AWS KMS. State is Enabled, or why it encrypts and decrypts nothing.
type Key struct{ ARN, State, Policy string }

// Secrets are AWS Secrets Manager, Systems Manager's parameters, and the keys of both.
type Secrets interface {
	Secret(ctx context.Context, region, arn string) (*Secret, error)
	// Fields are the names of the fields of a secret's value that is a JSON object, in one of its versions; none where it is something
	// else. The values go no further.
	Fields(ctx context.Context, region, arn, version string) ([]string, error)
	Parameter(ctx context.Context, region, arn string) (*Secret, error)
	Key(ctx context.Context, region, key string) (*Key, error)
}

// AKSCluster is a cluster of Azure Kubernetes Service.
type AKSCluster struct {
	Version, PowerState, TenantID string
	// Issuer is the URL of the OIDC issuer, with its trailing slash; empty where it is off.
	Issuer           string
	WorkloadIdentity bool
	// NetworkPlugin, NetworkPolicy and NetworkDataplane are those of its network profile.
	NetworkPlugin, NetworkPolicy, NetworkDataplane string
}

// AKS is Azure Kubernetes Service, in one subscription.
type AKS interface {
	Cluster(ctx context.Context, resourceGroup, name string) (*AKSCluster, error)
}

// Identity is a user-assigned managed identity.
type Identity struct{ ClientID, PrincipalID, TenantID string }

// FederatedCredential is a federated credential of a managed identity.
type FederatedCredential struct {
	Issuer, Subject string
	Audiences       []string
}

// ManagedIdentity is Azure's managed identities, in one subscription.
type ManagedIdentity interface {
	Identity(ctx context.Context, resourceGroup, name string) (*Identity, error)
	Credential(ctx context.Context, resourceGroup, identity, name string) (*FederatedCredential, error)
	// Credentials are all of the identity with a client id, in whichever resource group it is.
	Credentials(ctx context.Context, clientID string) ([]FederatedCredential, error)
}

// Pool is a workload identity pool. Usable says that it is neither deleted nor disabled.
type Pool struct {
	// Name is projects/NUMBER/locations/global/workloadIdentityPools/ID.
	Name   string
	Usable bool
}

// PoolProvider is a provider of a pool.
type PoolProvider struct {
	Usable    bool
	Issuer    string
	Audiences []string
	Mapping   map[string]string
	Condition string
}

// GCP is Google Cloud: service accounts, repositories, and its side of a federation.
type GCP interface {
	// ProjectNumber is the number of a project. Google says of one that is not there what it says of one that may not be read.
	ProjectNumber(ctx context.Context, project string) (string, error)
	Account(ctx context.Context, project, email string) (*ServiceAccount, error)
	// ProjectMembers are the members of a role in a project.
	ProjectMembers(ctx context.Context, project, role string) ([]string, error)
	// KeyCertificate is that of a key of a service account, which anybody may read; ErrNotFound where the key is no more.
	KeyCertificate(ctx context.Context, email, key string) (*KeyCertificate, error)
	Pool(ctx context.Context, project, pool string) (*Pool, error)
	Provider(ctx context.Context, project, pool, provider string) (*PoolProvider, error)
	// AccountMembers are the members of a role on a service account, RepositoryMembers those on an Artifact Registry repository.
	AccountMembers(ctx context.Context, project, email, role string) ([]string, error)
	RepositoryMembers(ctx context.Context, project, location, repository, role string) ([]string, error)
}

// Registry is a container registry.
type Registry interface {
	// Digest asks for an image's manifest, as a kubelet does, with a login, and returns its digest. The error has the registry's words.
	Digest(ctx context.Context, image, user, password string) (string, error)
}

// Login is a user name and a password.
type Login struct{ User, Password string }

// Request is what the gateway is asked.
type Request struct {
	Path string
	// Body is JSON, and is sent by POST; without one the request is a GET.
	Body []byte
	// Login goes as basic authentication, VirtualKey as a bearer token.
	Login      *Login
	VirtualKey string
	// Arrived is called with each piece of the answer's body, when it arrives; it may be nil.
	Arrived func(piece []byte)
}

// Secret tells whether the request holds what nobody else may read.
func (r Request) Secret() bool { return r.Login != nil || r.VirtualKey != "" }

// ErrExposed is what a secret request wraps that would have gone where others could read it: it was not sent.
var ErrExposed = errors.New("nothing secret is sent")

// Answer is what the gateway answered.
type Answer struct {
	Status int
	Body   []byte
}

// Gateway is the running gateway.
type Gateway interface {
	Ask(ctx context.Context, request Request) (Answer, error)
}

// Pod is one running pod of the gateway.
type Pod interface {
	Gateway
	// Listens tells whether a process of the pod takes TCP connections at a port. What is between two pods does not count.
	Listens(ctx context.Context, port int) (bool, error)
	// Log is the end of a container's log, as many lines.
	Log(ctx context.Context, container string, lines int) (string, error)
	// Tunnel is a TCP connection that a container of the pod makes, with its own resolver and through its own network policies. It runs
	// the image's nc.
	Tunnel(ctx context.Context, container, host, port string) (net.Conn, error)
}
