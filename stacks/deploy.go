package stacks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/kubernetes"
)

// Options are what the program needs besides the stack's configuration.
type Options struct {
	// Dir is the project's folder, where relative paths in the configuration begin; empty is the working directory.
	Dir string
	// Readme is the text of Pulumi.README.md, exported as the output readme where the stack is in Pulumi Cloud.
	Readme string
	// Keys are all configuration keys that the stack sets, with their prefixes: mistyped ones are refused.
	Keys []string
}

// platform is where a stack runs.
type platform struct {
	// objects are those of the configuration that it reads, of platformObjects.
	objects  []string
	validate func(*Config, *checker)
	// provider is that of the cloud, guarded against another account; nil where there is no cloud.
	provider func(*pulumi.Context, *Config) (pulumi.ProviderResource, error)
	// signedIn refuses credentials of another account; nil where the first look-up tells.
	signedIn func(*pulumi.Context, *Config, pulumi.ProviderResource) error
	// places are where a stack of the platform can run the gateway.
	places []target
}

// platforms are the platforms by name, as in the configuration key platform.
var platforms = map[string]platform{
	"aws":    {[]string{"aws", "eks", "ecs"}, validateAws, newAwsProvider, signedInAws, []target{onEks, onEcs}},
	"azure":  {[]string{"azure", "aks", "gcp"}, validateAzure, newAzureProvider, nil, []target{onAks}},
	"google": {[]string{"google", "gke"}, validateGoogle, newGoogleProvider, nil, []target{onGke}},

	"kubernetes": {[]string{"kubernetes", "gcp"}, validateAny, nil, nil, []target{onAny}},
}

func platformNames() []string { return slices.Sorted(maps.Keys(platforms)) }

// Deploy is the program. A refused configuration is a *ConfigError, and nothing is registered.
func Deploy(ctx *pulumi.Context, opts Options) error {
	config, err := Parse(ctx.Stack(), read(ctx, opts))
	if err != nil {
		return err
	}
	for _, warning := range config.warnings() {
		if err := ctx.Log.Warn(warning, nil); err != nil {
			return err
		}
	}
	if note := config.withoutSchema(); note != "" {
		if err := ctx.Log.Info(note, nil); err != nil {
			return err
		}
	}
	if err := config.deploy(ctx); err != nil {
		return fmt.Errorf("stack %s: %w", ctx.Stack(), err)
	}
	ctx.Export("rollout", pulumi.String(config.Rollout))
	if ctx.Organization() != noOrganization {
		ctx.Export("readme", pulumi.String(opts.Readme))
	}
	return nil
}

// noOrganization is the organization of every stack that is not in Pulumi Cloud (pulumi, pkg/backend/diy). There nobody would see the page
// that the output readme is the text of, and each `up` would print it.
const noOrganization = "organization"

// deployment is the stack's part at one place, after the look-ups.
type deployment interface {
	// standing is what others count on there.
	standing() standing
	// identities makes who pulls the image. It returns what the vendor must be told of, and outputs that come before the workload.
	identities(*pulumi.Context) (handoff pulumi.Array, outputs pulumi.Map, err error)
	// workload makes the gateway, and returns the place's outputs.
	workload(*pulumi.Context) (pulumi.Map, error)
}

// deploy is the recipe: look at what is there, make the identities, hand them off to the vendor; then, in rollout full, the gateway.
func (c *Config) deploy(ctx *pulumi.Context) error {
	on := platforms[c.Platform]
	var provider pulumi.ProviderResource
	var err error
	if on.provider != nil {
		if provider, err = on.provider(ctx, c); err != nil {
			return err
		}
	}
	if on.signedIn != nil {
		if err := on.signedIn(ctx, c, provider); err != nil {
			return err
		}
	}
	adopting, err := c.adopt(ctx)
	if err != nil {
		return err
	}
	places := c.targets()
	deployments, standings := make([]deployment, len(places)), map[string]standing{}
	for i, at := range places {
		if deployments[i], err = at.lookUp(ctx, c, provider); err != nil {
			return err
		}
		standings[at.name()] = deployments[i].standing()
	}

	if err := c.warnOfRenames(ctx, provider); err != nil {
		return err
	}
	guards, err := c.guardPlaces(ctx, standings)
	if err != nil {
		return err
	}
	if err := c.guardAdoption(ctx); err != nil {
		return err
	}
	handoff, early := pulumi.Array{}, make([]pulumi.Map, len(places))
	for i := range places {
		told, outputs, err := deployments[i].identities(ctx)
		if err != nil {
			return err
		}
		handoff, early[i] = append(handoff, told...), outputs
	}
	ctx.Export("vendorHandoff", handoff)

	for i, at := range places {
		outputs := early[i]
		if c.Rollout == RolloutFull {
			if outputs, err = deployments[i].workload(ctx); err != nil {
				return err
			}
			if err := guards[at.name()].ready(ctx, outputs); err != nil {
				return err
			}
		}
		if len(outputs) > 0 {
			ctx.Export(at.name(), outputs)
		}
	}
	return adopting.unknown(c.Rollout)
}

func secretString(s string) pulumi.StringOutput {
	return pulumi.ToSecret(pulumi.String(s)).(pulumi.StringOutput)
}

// kubernetesParts are the rooms of a deployment on any Kubernetes: the namespace, the pull Secret, the gateway. Without pull there is
// no pull Secret that is made here: the nodes pull by themselves, or with one that exists.
type kubernetesParts struct {
	at       cluster
	provider pulumi.ProviderResource
	pull     *kubernetes.PullSecretArgs
	// identity, where there is one, adds the gateway's runtime identity and the right to pull to its arguments.
	identity func(*kubernetes.BifrostWorkloadArgs)
}

// deployKubernetes makes them in the order in which each needs the one before.
func (c *Config) deployKubernetes(ctx *pulumi.Context, parts kubernetesParts) (pulumi.Map, error) {
	on := pulumi.Providers(parts.provider)
	space := &kubernetes.BifrostNamespaceArgs{Name: c.Gateway.Namespace, Existing: c.Gateway.ExistingNamespace}
	space.ReadinessGates = kubernetes.TargetsPods(c.Gateway.Ingress, c.Gateway.Service)
	if !space.Existing {
		space.Labels = c.labels()
	}
	namespace, err := kubernetes.NewBifrostNamespace(ctx, parts.at.name(), space, on)
	if err != nil {
		return nil, err
	}

	outputs := pulumi.Map{"namespace": namespace.Name}
	workload := c.workloadArgs(parts.at)
	workload.Namespace = namespace.Name
	workload.Image = c.image.String()
	workload.PullSecret = optionalInput(c.Registry.PullSecret)
	if parts.identity != nil {
		parts.identity(&workload)
	}
	if parts.pull != nil {
		pull := *parts.pull
		c.completePullSecret(&pull, namespace.Name)
		pullSecret, err := kubernetes.NewPullSecret(ctx, parts.at.name()+"-pull", &pull, on)
		if err != nil {
			return nil, err
		}
		workload.PullSecret = pullSecret.SecretName
		workload.DependsOn = append(workload.DependsOn, pullSecret.Ready()...)
		outputs["pullSecret"] = pullSecret.SecretName
		if parts.at.refreshes(c) {
			outputs["firstRunJob"], outputs["refreshCronJob"] = pullSecret.FirstRun, pullSecret.CronJob
		}
	}

	if workload.ExistingConfigSecret == "" {
		config, err := c.configJSON(parts.at)
		if err != nil {
			return nil, err
		}
		workload.Config = config
	}
	gateway, err := kubernetes.NewBifrostWorkload(ctx, parts.at.name()+"-gateway", &workload, on)
	if err != nil {
		return nil, err
	}

	broker, err := c.newBroker(ctx, parts, &workload, gateway)
	if err != nil {
		return nil, err
	}

	outputs["deployment"], outputs["service"] = gateway.Deployment, gateway.Service
	if c.Gateway.Ingress != nil {
		outputs["ingressAddress"] = gateway.IngressAddress
	}
	if broker != nil {
		outputs["broker"] = broker.Deployment
	}
	if urls := c.Gateway.urls(); len(urls) > 0 {
		outputs["urls"] = pulumi.ToStringArray(urls)
	}
	return outputs, nil
}

// urls are where clients reach the gateway from outside the cluster.
func (g *Gateway) urls() []string {
	var urls []string
	add := func(hosts []string, path string, clear bool) {
		scheme := "https"
		if clear {
			scheme = "http"
		}
		for _, host := range hosts {
			urls = append(urls, scheme+"://"+host+cmp.Or(path, "/"))
		}
	}
	if i := g.Ingress; i != nil {
		add(i.Hosts, i.Path, i.AllowHttp)
	}
	if r := g.HttpRoute; r != nil {
		add(r.Hosts, r.Path, r.Section == "")
	}
	return urls
}
