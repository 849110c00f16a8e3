// Package checks is the links that verify looks at. Every check has its inputs in the value whose method it is; none knows what another
// one found. The services may be real ones or those of the sandbox.
package checks

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	pulumikubernetes "k8s.io/client-go/kubernetes"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// Stack is a stack as its configuration and its outputs describe it.
type Stack struct {
	Name    string
	Config  *stacks.Config
	Outputs Outputs
	// Things are what the stack has made.
	Things []service.Thing
	Access Access
}

// Access is what the user lets the checks use, and asks for beside the ordinary ones.
type Access struct {
	// Admin is the administration's login, VirtualKey that of the completions.
	Admin      *service.Login
	VirtualKey string
	// Model is asked for completions; empty asks none.
	Model string
	// Database lets a pod connect to the database, with the gateway's own password.
	Database bool
}

// Outputs are the stack's outputs, as far as verify reads them.
type Outputs struct {
	Rollout stacks.Rollout `json:"rollout"`
	Handoff []Principal    `json:"vendorHandoff"`
	EKS     *Cluster       `json:"eks"`
	AKS     *Cluster       `json:"aks"`
	ECS     *ECS           `json:"ecs"`
	GKE     *Cluster       `json:"gke"`
	// Kubernetes is a cluster of no cloud's.
	Kubernetes *Cluster `json:"kubernetes"`
}

// Principal is an entry of the hand-off.
type Principal struct {
	Platform            string   `json:"platform"`
	Purpose             string   `json:"purpose"`
	AccountID           string   `json:"accountId"`
	PrincipalArn        string   `json:"principalArn"`
	PrincipalID         string   `json:"principalId"`
	Repositories        []string `json:"repositories"`
	Trust               string   `json:"trust"`
	Issuer              string   `json:"issuer"`
	Subject             string   `json:"subject"`
	Audience            string   `json:"audience"`
	AttributeCondition  string   `json:"attributeCondition"`
	ClientID            string   `json:"clientId"`
	TenantID            string   `json:"tenantId"`
	ServiceAccountEmail string   `json:"serviceAccountEmail"`
	// Those of GKE: the project, and who pulls, where no service account does or its nodes do. Impersonates is a service account of the
	// vendor's whose token the refresher gets.
	ProjectID           string   `json:"projectId"`
	ProjectNumber       string   `json:"projectNumber"`
	GooglePrincipal     string   `json:"principal"`
	NodeServiceAccounts []string `json:"nodeServiceAccounts"`
	Impersonates        string   `json:"impersonates"`
	// Jwks are the keys of the issuer of any cluster, where Google cannot reach it.
	Jwks string `json:"jwks"`
}

// GoogleMembers are who pulls on GKE, as IAM writes them: a service account, a ServiceAccount itself, or the nodes' service accounts.
func (p Principal) GoogleMembers() []string {
	if p.Platform != "gke" {
		return nil
	}
	if p.GooglePrincipal != "" {
		return []string{p.GooglePrincipal}
	}
	var all []string
	for _, email := range append([]string{p.ServiceAccountEmail}, p.NodeServiceAccounts...) {
		if email != "" {
			all = append(all, "serviceAccount:"+email)
		}
	}
	return all
}

// Cluster names the objects of a stack in a Kubernetes cluster.
type Cluster struct {
	Namespace      string `json:"namespace"`
	Deployment     string `json:"deployment"`
	Service        string `json:"service"`
	PullSecret     string `json:"pullSecret"`
	FirstRunJob    string `json:"firstRunJob"`
	RefreshCronJob string `json:"refreshCronJob"`
	// GatewayRoleArn is the gateway's own role on EKS, where it has one.
	GatewayRoleArn string `json:"gatewayRoleArn"`
	// GatewayClientID is the client id of the gateway's own identity on AKS, where the stack makes one.
	GatewayClientID string `json:"gatewayClientId"`
	// GatewayServiceAccount is the email of the gateway's own service account on GKE, where the stack makes one.
	GatewayServiceAccount string `json:"gatewayServiceAccount"`
	// Broker is the Deployment of the cluster's broker, where the stack runs one.
	Broker string `json:"broker"`
}

// ECS names what a stack has in Amazon ECS.
type ECS struct {
	Cluster        string `json:"cluster"`
	Service        string `json:"service"`
	TaskDefinition string `json:"taskDefinition"`
	LogGroup       string `json:"logGroup"`
	// BrokerTaskDefinition is that of the cluster's broker, where the stack runs one.
	BrokerTaskDefinition string `json:"brokerTaskDefinition"`
	// URL is that of the load balancer, where the stack makes one.
	URL string `json:"url"`
}

// ReadOutputs takes the outputs from their JSON text.
func ReadOutputs(text []byte) (Outputs, error) {
	var o Outputs
	if err := json.Unmarshal(text, &o); err != nil {
		return o, fmt.Errorf("read the outputs of the stack: %w", err)
	}
	return o, nil
}

// Of are the categories for a stack that is up.
func Of(s Stack, c service.Clouds) []check.Category {
	c.Objects = shared(c.Objects)
	client := shared(c.Kubernetes)
	var trust, pull, workload, database, gateway, configuration, names []check.Check
	cluster := s.Outputs.Cluster()
	full := s.Outputs.Rollout == stacks.RolloutFull
	onKubernetes := full && cluster != nil && cluster.Deployment != ""
	var o *objects
	if onKubernetes {
		o = newObjects(client, s.names(cluster), s.kind())
	}
	for _, at := range s.places() {
		trust = append(trust, at.trust(s, c, o)...)
	}
	made := s.madeChecks(c)
	// An up that failed has made things, and has no outputs.
	if onKubernetes || slices.ContainsFunc(slices.Concat(trust, made), needs(clusterAPI)) {
		configuration = append(configuration, s.reachable(clusterAPI, client))
	}
	if onKubernetes {
		configuration = append(configuration, needing(workloadExists, s.kubernetesConfiguration(o))...)
		names = needing(clusterAPI, s.namedChecks(c, false))
		pull = needing(clusterAPI, s.pull(c, o))
		workload = needing(clusterAPI, s.kubernetesWorkload(c, o))
		gateway = s.gateway(c, o)
		if s.Access.Database {
			database = needing(workloadExists, s.database(c, o))
		}
	}
	names = append(names, s.namedArnChecks(c)...)
	if full && s.Outputs.ECS != nil {
		configuration = append(configuration, needing(ecsServiceExists, s.ecsConfiguration(c))...)
		workload = append(workload, s.ecsWorkload(c)...)
		gateway = append(gateway, s.ecsGateway(c)...)
	}
	categories := []check.Category{{Name: "configuration", Checks: append(s.configuration(), needing(stackOutputs, configuration)...)}}
	for _, category := range []check.Category{
		{Name: "what the stack made", Checks: made}, {Name: "what the stack names", Checks: names},
		{Name: "identity trust", Checks: trust}, {Name: "image pull", Checks: pull}, {Name: "workload", Checks: workload},
		{Name: "database", Checks: database}, {Name: "gateway", Checks: gateway},
	} {
		if len(category.Checks) > 0 {
			category.Checks = needing(stackOutputs, category.Checks)
			categories = append(categories, category)
		}
	}
	return inOrder(append(s.signedIn(c), categories...))
}

// inOrder lets checks wait for those without which they mean nothing, as far as the stack has these.
func inOrder(categories []check.Category) []check.Category {
	there := map[string]bool{}
	for _, category := range categories {
		for _, c := range category.Checks {
			there[c.Code] = true
		}
	}
	for _, category := range categories {
		for i := range category.Checks {
			c := &category.Checks[i]
			for _, need := range append(slices.Clone(standsOn[c.Code]), signInOf(c.Code)...) {
				if there[need] {
					c.Needs = append(slices.Clip(c.Needs), need)
				}
			}
		}
	}
	return categories
}

// names are those of the outputs, with the pull Secret of a mirror, which is not made here.
func (s Stack) names(c *Cluster) *Cluster {
	all := *c
	all.PullSecret = cmp.Or(s.Config.Registry.PullSecret, c.PullSecret)
	return &all
}

// The codes of checks without which others mean nothing.
const (
	stackOutputs     = "stack-outputs"
	clusterAPI       = "cluster-api"
	workloadExists   = "workload-exists"
	ecsServiceExists = "ecs-service-exists"
)

// reachable is the check of the way to the API server.
func (s Stack) reachable(code string, client clientFunc) check.Check {
	return check.Check{Code: code, Description: "the cluster's API server lets you in", Run: func(ctx context.Context) check.Result {
		c, err := client(ctx)
		if err != nil {
			return check.Unasked(s.clusterLogin(), "there is no way to the API server: %v", err)
		}
		version, err := c.Discovery().ServerVersion()
		if err != nil {
			return check.Unasked(s.clusterLogin(), "the API server does not answer: %v", err)
		}
		return check.Pass("Kubernetes %s", strings.TrimPrefix(version.GitVersion, "v"))
	}}
}

// needing adds a need to every check.
func needing(code string, all []check.Check) []check.Check {
	for i := range all {
		all[i].Needs = append(slices.Clip(all[i].Needs), code)
	}
	return all
}

// needs tells of a check whether it needs another.
func needs(code string) func(check.Check) bool {
	return func(c check.Check) bool { return slices.Contains(c.Needs, code) }
}

// shared makes a look-up once, for all the checks that need it.
func shared[T any](look func(context.Context) (T, error)) func(context.Context) (T, error) {
	var once sync.Once
	var value T
	var err error
	return func(ctx context.Context) (T, error) {
		once.Do(func() { value, err = look(ctx) })
		return value, err
	}
}

type clientFunc = func(context.Context) (pulumikubernetes.Interface, error)

// up is the command that makes the clouds what the stack's files say, also where somebody changed them by hand.
func (s Stack) up() string { return "pulumi up --refresh --stack " + s.Name }

// handOff is how the vendor learns of the principals. Of a key it knows already: there is no letter.
func (s Stack) handOff() string {
	if cluster, _ := s.Config.Cluster(); cluster.StaticKey {
		return "ask the vendor, who gave the key, to let its service account read the repository"
	}
	return "send the vendor the letter that `bifrostctl handoff " + s.Name + "` prints"
}

// toldAnew makes the clouds what the stack's files say, where the vendor does not know yet who pulls then: an up ends at the pull, and
// another one comes through once the vendor does. A token of whoever pulled before is worth nothing any more.
func (s Stack) toldAnew() string {
	again := s.up()
	if refresh := s.refresh(); refresh != again {
		again = refresh + ", then " + again
	}
	return s.up() + ", which may end at a refused pull, then " + s.handOff() + ", and once the vendor has done that, " + again
}

// unreadable is the result of a check whose question could not be asked: skipped where a right is missing, unknown where nobody is signed
// in or nothing answers.
func unreadable(what string, err error, login string) check.Result {
	if service.Forbidden(err) {
		return check.Skip("%s cannot be read: %v", what, err)
	}
	return check.Unasked(login, "%s cannot be read: %v", what, err)
}

// principal is the first of a platform in the hand-off; a zero one where there is none.
func (s Stack) principal(platform string) Principal {
	for _, p := range s.Outputs.Handoff {
		if p.Platform == platform {
			return p
		}
	}
	return Principal{}
}

// name is the last part of an ARN or a path.
func name(arn string) string { return path.Base(arn) }

func missing(err error) bool { return errors.Is(err, service.ErrNotFound) }

func quoted(all []string) string {
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}

// Cluster is the Kubernetes cluster of the stack; nil where it has none.
func (o Outputs) Cluster() *Cluster { return cmp.Or(o.EKS, o.AKS, o.GKE, o.Kubernetes) }
