package stacks

import (
	"maps"
	"strings"

	"bifrost/components/aws"
	"bifrost/components/azure"
	"bifrost/components/ecs"
	"bifrost/components/gcp"
	"bifrost/components/kubernetes"
	"bifrost/image"
	"bifrost/internal/check"
	"bifrost/internal/gateway"
	"bifrost/internal/iampolicy"
)

// resolve parses the image and fills in every default of the configuration: nobody behind Parse does so again. What was written
// stays beside it, for rules that ask whether a key is there at all.
func (c *Config) resolve() {
	written := *c
	c.written = &written
	c.image, c.imageProblem = image.Parse(c.Registry.Image)
	c.resolveRegistryKey()
	// What the platform, or a place, must have is there, if only empty: that it is missing is told of what was written.
	if c.Aws == nil && (c.Platform == "aws" || c.Eks != nil || c.Ecs != nil) {
		c.Aws = &Aws{}
	}
	if c.Azure == nil && (c.Platform == "azure" || c.Aks != nil) {
		c.Azure = &Azure{}
	}
	if c.Google == nil && (c.Platform == "google" || c.Gke != nil) {
		c.Google = &Google{}
	}
	c.resolveGateway()
	fill(&c.Refresher.ServiceAccount, kubernetes.DefaultPullServiceAccount)
	fill(&c.Refresher.Images.Aws, kubernetes.DefaultAwsImage)
	fill(&c.Refresher.Images.Gcloud, kubernetes.DefaultGcloudImage)
	fill(&c.Refresher.Images.Kubectl, kubernetes.DefaultKubectlImage)
	c.Eks, c.Aks, c.Gke, c.Ecs = copied(c.Eks), copied(c.Aks), copied(c.Gke), copied(c.Ecs)
	if c.Eks != nil {
		c.Eks.resolve(c.prefix())
	}
	if c.Aks != nil {
		c.Aks.resolve(c.Azure, c.prefix())
	}
	if c.Gke != nil {
		c.Gke.resolve(c.Google, c.prefix())
	}
	if c.Ecs != nil {
		c.Ecs.resolve(c)
	}
	if c.Kubernetes = copied(c.Kubernetes); c.Kubernetes != nil {
		c.Kubernetes.resolve()
	}
}

// prefix begins the default names. One that is refused begins none, so that it is told of once.
func (c *Config) prefix() string {
	if !check.NamePrefix.Pattern.MatchString(c.NamePrefix) {
		return ""
	}
	return c.NamePrefix
}

// fill gives a value that is not set its default.
func fill[T comparable](value *T, byDefault T) {
	var unset T
	if *value == unset {
		*value = byDefault
	}
}

// copied is a copy of what p points to, so that filling in defaults leaves what was written as it is.
func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// resolveGateway leaves the number of pods open where an autoscaler decides it.
func (c *Config) resolveGateway() {
	g := &c.Gateway
	fill(&g.Namespace, c.prefix()+kubernetes.DefaultNamespace)
	fill(&g.Name, kubernetes.DefaultNamespace)
	fill(&g.ServiceAccount, kubernetes.DefaultGatewayServiceAccount)
	fill(&g.AdminUsername, defaultAdminUsername)
	fill(&g.StartupSeconds, gateway.DefaultStartupSeconds)
	fill(&g.PreStopSeconds, kubernetes.PreStopSeconds(g.Ingress, g.Service))
	fill(&g.CpuRequest, kubernetes.DefaultCpuRequest)
	fill(&g.MemoryRequest, kubernetes.DefaultMemoryRequest)
	fill(&g.EphemeralStorageRequest, kubernetes.DefaultEphemeralStorageRequest)
	fill(&g.CpuLimit, kubernetes.DefaultCpuLimit)
	fill(&g.MemoryLimit, kubernetes.DefaultMemoryLimit)
	fill(&g.EphemeralStorageLimit, kubernetes.DefaultEphemeralStorageLimit)
	if g.Otel = copied(g.Otel); g.Otel != nil {
		fill(&g.Otel.Protocol, otelGrpc)
		fill(&g.Otel.TraceType, otelTraceType)
		fill(&g.Otel.ServiceName, kubernetes.DefaultNamespace)
	}
	if g.Clustering = copied(g.Clustering); g.Clustering == nil {
		g.Clustering = &Clustering{}
	}
	switch {
	case c.Aws != nil:
		fill(&g.Clustering.Region, c.Aws.Region)
	case c.Azure != nil:
		fill(&g.Clustering.Region, c.Azure.Location)
	case c.Gke != nil:
		fill(&g.Clustering.Region, c.Gke.Location)
	}
}

func (e *Eks) resolve(prefix string) {
	fill(&e.Pull, PullRefresh)
	fill(&e.Auth, SignInIrsa)
	fill(&e.OidcProvider, OidcExisting)
	fill(&e.GatewayAuth, SignInIrsa)
	fill(&e.RoleName, prefix+aws.DefaultEcrPullRoleName)
	fill(&e.PolicyName, prefix+aws.DefaultEcrPullPolicyName)
	fill(&e.SecretName, kubernetes.DefaultEcrSecretName)
	fill(&e.GatewayRoleName, prefix+aws.DefaultGatewayRoleName)
}

func (a *Aks) resolve(on *Azure, prefix string) {
	if on != nil {
		fill(&a.ResourceGroup, on.ResourceGroup)
	}
	fill(&a.Login, LoginAzureCLI)
	fill(&a.IdentityName, prefix+azure.DefaultIdentityName)
	fill(&a.FederatedCredentialName, azure.DefaultFederatedCredentialName)
	fill(&a.SecretName, kubernetes.DefaultArSecretName)
	fill(&a.TokenAudience, iampolicy.AzureTokenExchangeAudience)
	fill(&a.TokenFile, kubernetes.DefaultGcpTokenFile)
	fill(&a.Trust, TrustAks)
	if a.GatewayIdentity = copied(a.GatewayIdentity); a.GatewayIdentity != nil {
		fill(&a.GatewayIdentity.Name, azure.DefaultGatewayIdentityName)
		fill(&a.GatewayIdentity.FederatedCredentialName, azure.DefaultGatewayCredentialName)
	}
	if a.Entra = copied(a.Entra); a.Entra != nil {
		a.Entra.AppId = a.Entra.appId()
	}
}

func (g *Gke) resolve(on *Google, prefix string) {
	if on != nil {
		fill(&g.ProjectId, on.ProjectId)
	}
	fill(&g.Pull, GkePullRefresh)
	fill(&g.Auth, GkeSignInServiceAccount)
	fill(&g.ServiceAccountId, prefix+gcp.DefaultPullServiceAccountId)
	fill(&g.SecretName, kubernetes.DefaultArSecretName)
	if g.GatewayServiceAccount = copied(g.GatewayServiceAccount); g.GatewayServiceAccount != nil {
		fill(&g.GatewayServiceAccount.Id, prefix+gcp.DefaultGatewayServiceAccountId)
	}
}

// resolve needs the gateway's own values first: its tasks are as many as its replicas unless something else says how many.
func (e *Ecs) resolve(c *Config) {
	fill(&e.Name, c.prefix()+ecs.DefaultEcsName)
	fill(&e.RoleName, c.prefix()+aws.DefaultEcsExecutionName)
	fill(&e.PolicyName, c.prefix()+aws.DefaultEcsPullPolicyName)
	fill(&e.Cpu, ecs.DefaultFargateCpu)
	fill(&e.Memory, ecs.DefaultFargateMemory)
	fill(&e.CpuArchitecture, ecs.ArchitectureX86)
	fill(&e.StopTimeoutSeconds, ecs.DefaultStopTimeout)
	fill(&e.MaxHealthyPercent, ecs.DefaultMaxHealthyPercent)
	fill(&e.LogGroup, "/ecs/"+c.prefix()+strings.TrimPrefix(ecs.DefaultEcsLogGroup, "/ecs/"))
	fill(&e.LogRetentionDays, ecs.DefaultLogRetentionDays)
	fill(&e.SecretPrefix, c.prefix()+ecs.DefaultEcsSecretPrefix)
	e.ReadOnlyRoot = given(e.ReadOnlyRoot, true)
	e.MinHealthyPercent = given(e.MinHealthyPercent, ecs.DefaultMinHealthyPercent)
	e.KeepLogs = given(e.KeepLogs, true)
	e.SecretRecoveryDays = given(e.SecretRecoveryDays, ecs.DefaultSecretRecovery)
	count := c.Gateway.replicas()
	if e.Autoscaling != nil && e.Autoscaling.MinTasks > 0 {
		count = e.Autoscaling.MinTasks
	}
	e.DesiredCount = given(e.DesiredCount, count)
}

// given is p, or the default where that is nil.
func given[T any](p *T, byDefault T) *T {
	if p == nil {
		return &byDefault
	}
	return p
}

// Defaults returns a configuration with every object in it and every default filled in, for whoever describes the keys.
func Defaults() *Config {
	c := newConfig("STACK")
	c.Eks, c.Ecs, c.Gateway.Otel = &Eks{}, &Ecs{}, &Otel{}
	c.Aks, c.Gke = &Aks{GatewayIdentity: &GatewayIdentity{}}, &Gke{GatewayServiceAccount: &GatewayServiceAccount{}}
	c.Kubernetes = &Kubernetes{}
	c.resolve()
	return c
}

// Tags that say whose a thing is.
const (
	managedByTag = "managed-by"
	stackTag     = "pulumi-stack"
)

// tagsOf and labels say where things come from, beside what the stack says itself.
func (c *Config) tags() map[string]string {
	all := map[string]string{managedByTag: "pulumi", stackTag: c.stack}
	maps.Copy(all, c.Tags)
	return all
}

// labels of Kubernetes objects, likewise.
func (c *Config) labels() map[string]string {
	all := map[string]string{"app.kubernetes.io/managed-by": "pulumi", "app.kubernetes.io/part-of": "bifrost"}
	maps.Copy(all, c.Labels)
	return all
}
