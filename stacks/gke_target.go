package stacks

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/gcp"
	"bifrost/components/kubernetes"
)

// gkeTarget is an existing cluster of GKE.
type gkeTarget struct{ podsTarget }

func (gkeTarget) title() string { return "GKE" }

func (gkeTarget) used(c *Config) bool { return c.Gke != nil }

func (t gkeTarget) facts(c *Config) Cluster {
	g := c.Gke
	signIn := append([]string{"gcloud container clusters get-credentials", g.flags()}, c.Google.impersonateFlag()...)
	return Cluster{
		Target: t.key, Context: g.Context,
		SignIn:       strings.Join(signIn, " "),
		RegistryUser: kubernetes.ArUser, TokenLife: kubernetes.ArTokenLife, Token: "a Google access token",
		IdentityAnnotation: kubernetes.GoogleAccountAnnotation, Identity: g.GatewayServiceAccountEmail, Refreshes: t.refreshes(c),
	}
}

// flags name the cluster to gcloud.
func (g *Gke) flags() string {
	return fmt.Sprintf("%s --location %s --project %s", g.ClusterName, g.Location, g.ProjectId)
}

// impersonateFlag is that of gcloud, where the stack impersonates somebody.
func (g *Google) impersonateFlag() []string {
	if g == nil || g.ImpersonateServiceAccount == "" {
		return nil
	}
	return []string{"--impersonate-service-account " + g.ImpersonateServiceAccount}
}

// madeUpAccount stands for the email of a service account that is made here.
const madeUpAccount = pulumi.String("made-up@made-up.iam.gserviceaccount.com")

// runtime stands for the service account that is made here with an email that is made up.
func (gkeTarget) runtime(c *Config, workload *kubernetes.BifrostWorkloadArgs) {
	workload.GoogleServiceAccount = optionalInput(c.Gke.GatewayServiceAccountEmail)
	if c.Gke.GatewayServiceAccount != nil {
		workload.GoogleServiceAccount = madeUpAccount
	}
}

// gatewayEmail is that of the gateway's own service account, given or made; empty where it has none.
func (g *Gke) gatewayEmail(c *Config) string {
	if own := g.GatewayServiceAccount; own != nil {
		return gcp.Email(own.Id, c.googleProject())
	}
	return g.GatewayServiceAccountEmail
}

func (gkeTarget) identified(c *Config) bool { return c.Gke.gatewayEmail(c) != "" }

func (gkeTarget) identify() string {
	return "gke.gatewayServiceAccount makes one, with a role such as roles/cloudsql.instanceUser, which the database must know as a user"
}

func (gkeTarget) runtimeIdentity(c *Config) string { return c.Gke.gatewayEmail(c) }

func (gkeTarget) refreshes(c *Config) bool { return c.gkePull().refreshes() }

func (t gkeTarget) pullSecret(c *Config) *kubernetes.PullSecretArgs {
	if !t.refreshes(c) {
		return nil
	}
	var email pulumi.StringInput
	if c.Gke.Auth == GkeSignInServiceAccount {
		email = pulumi.String(c.gkePullEmail())
	}
	return c.gkePullSecretArgs(email, nil)
}
