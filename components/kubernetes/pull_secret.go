package kubernetes

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
)

// PullSecretType is the type token of PullSecret.
const PullSecretType = "bifrost:index:PullSecret"

// PullSecret is an image pull Secret whose content never outlives a registry token, and what keeps it fresh: a
// ServiceAccount that may create and patch this one Secret and nothing else, a CronJob, and a Job for the first token. The
// Secret is written in place, so that pulls never meet a missing one, and Pulumi never reverts its content. It is ready to be used once it
// holds its first token: pods that name it depend on Ready. With RegistryKey it is the Secret alone, with that key.
type PullSecret struct {
	pulumi.ResourceState
	component.Rights

	// SecretName is the Secret's name and waits for nothing. A Job that failed is replaced by the next up: were the name an output of it,
	// the spec of a running Deployment would be unknown meanwhile, and the provider would delete the Deployment first.
	SecretName pulumi.StringOutput `pulumi:"secretName"`
	// FirstRun is the name of the Job that fetched the first token; empty with a key, as CronJob is.
	FirstRun pulumi.StringOutput `pulumi:"firstRun"`
	// CronJob is the name of the CronJob.
	CronJob pulumi.StringOutput `pulumi:"cronJob"`
}

// NewPullSecret makes the Secret and what keeps it fresh.
func NewPullSecret(ctx *pulumi.Context, name string, args *PullSecretArgs, opts ...pulumi.ResourceOption) (*PullSecret, error) {
	if err := component.Refuse(PullSecretType, name, args.Validate(nil)); err != nil {
		return nil, err
	}
	c := &PullSecret{}
	s, err := register(ctx, PullSecretType, name, c, opts...)
	if err != nil {
		return nil, err
	}
	if args.RegistryKey != nil {
		return c, c.hold(s, args)
	}
	r := args.refresher()

	config, err := r.newCredentialConfig(s)
	if err != nil {
		return nil, s.Failed("credential configuration", err)
	}
	serviceAccount, err := r.newServiceAccount(s)
	if err != nil {
		return nil, s.Failed("service account", err)
	}
	secret, err := r.newSecret(s)
	if err != nil {
		return nil, s.Failed("secret", err)
	}
	mayWrite, err := r.newRights(s, serviceAccount.Metadata.Name())
	if err != nil {
		return nil, s.Failed("right to write the secret", err)
	}
	if err := r.newNetworkPolicy(s, args.NetworkPolicy); err != nil {
		return nil, s.Failed("network policy", err)
	}
	if err := r.newAlertRules(s, args.AlertRules); err != nil {
		return nil, s.Failed("alert rules", err)
	}

	ca, err := r.newCa(s)
	if err != nil {
		return nil, s.Failed("network's authorities", err)
	}
	needs := append(ca, mayWrite)

	pod := r.pod(serviceAccount.Metadata.Name(), config)
	// Not before the Secret: a run would heal it into being, and Pulumi's create would then meet an existing name.
	cronJob, err := r.newCronJob(s, pod, append(needs, secret))
	if err != nil {
		return nil, s.Failed("cron job", err)
	}
	firstRun, err := r.newFirstRun(s, pod, secret, slices.Concat(needs, args.DependsOn))
	if err != nil {
		return nil, s.Failed("first run", err)
	}

	c.SecretName = pulumi.String(r.secretName).ToStringOutput()
	c.FirstRun = firstRun.Metadata.Name().Elem()
	c.CronJob = cronJob.Metadata.Name().Elem()
	c.Resources = []pulumi.Resource{secret, firstRun}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"secretName": c.SecretName, "firstRun": c.FirstRun, "cronJob": c.CronJob,
	})
}
