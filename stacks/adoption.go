package stacks

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AdoptionType is the type token of the part that remembers which provider at Google Cloud the stack has.
const AdoptionType = "bifrost:index:Adoption"

// adoption has the provider of gcp.federation as its input, and no children. What the stack has already it cannot take over.
type adoption struct{ pulumi.ResourceState }

// provider is PROJECT/POOL/PROVIDER, which is how agreed.adopted names it.
func (f *Federation) provider() string { return f.ProjectId + "/" + f.PoolId + "/" + f.ProviderId }

// adopted is what gcp.federation.adopt takes over; empty where it takes nothing.
func (c *Config) adopted() string {
	if !c.federated() || !c.Gcp.Federation.Adopt {
		return ""
	}
	return c.Gcp.Federation.provider()
}

// guardAdoption says in a preview what it means to take over a pool and a provider that this stack has not made, and stops an `up` before
// anything is changed unless that is agreed to.
func (c *Config) guardAdoption(ctx *pulumi.Context) error {
	if !c.federated() {
		return nil
	}
	var opts []pulumi.ResourceOption
	if c.adopted() != "" {
		hook, err := ctx.RegisterResourceHook("gcp-adoption-meant", func(*pulumi.ResourceHookArgs) error {
			return c.stopAdoption(ctx)
		}, &pulumi.ResourceHookOptions{OnDryRun: true})
		if err != nil {
			return fmt.Errorf("adoption: %w", err)
		}
		hooks := []*pulumi.ResourceHook{hook}
		opts = append(opts, pulumi.ResourceHooks(&pulumi.ResourceHookBinding{BeforeCreate: hooks, BeforeUpdate: hooks}))
	}
	made := &adoption{}
	inputs := pulumi.Map{"provider": pulumi.String(c.Gcp.Federation.provider())}
	if err := registered(ctx, AdoptionType, "gcp-adoption", inputs, made, opts...); err != nil {
		return fmt.Errorf("adoption: %w", err)
	}
	return ctx.RegisterResourceOutputs(made, pulumi.Map{})
}

func (c *Config) stopAdoption(ctx *pulumi.Context) error {
	f := c.Gcp.Federation
	text := fmt.Sprintf("gcp.federation.adopt takes over the pool %[1]s and its provider %[2]s in project %[3]s, whoever made them. The "+
		"provider then trusts the refresher on %[4]s alone: whoever signs in through it today no longer can; and `pulumi "+
		"destroy` of this stack deletes both. See whom it trusts with `gcloud iam workload-identity-pools providers describe %[2]s "+
		"--workload-identity-pool %[1]s --project %[3]s --location global`", f.PoolId, f.ProviderId, f.ProjectId, c.googleToken().cluster)
	if c.agreed().Adopted == c.adopted() {
		return ctx.Log.Warn(text, nil)
	}
	text += ". `pulumi up` stops here, before anything is changed, until agreed.adopted confirms it. Where the stack's own provider was " +
		"restored: " + c.agree("adopted", c.adopted()) + "; where the stack has it already, remove gcp.federation.adopt"
	if ctx.DryRun() {
		return ctx.Log.Warn(text, nil)
	}
	return errors.New(text)
}
