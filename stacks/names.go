package stacks

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
)

// givenName is a key that gives a name at a cloud. Where a provider could make a name up and was given one, it lets the old thing go before
// the new one comes (pulumi-terraform-bridge, pkg/tfbridge/schema.go, nameRequiresDeleteBeforeReplace; pulumi-azure-native, Diff).
type givenName struct {
	key, name string
	// lost says what another name takes away, with the former name and this one; empty where nothing is.
	lost string
}

// warnOfRenames tells in a preview what a changed name takes away, and refuses a new one that somebody else has.
func (c *Config) warnOfRenames(ctx *pulumi.Context, provider pulumi.ProviderResource) error {
	names, lost := map[string]string{}, map[string]givenName{}
	for _, given := range c.givenNames() {
		names[given.key], lost[given.key] = given.name, given
	}
	for _, thing := range c.namedThings() {
		names[thing.id()] = thing.key
	}
	return component.WarnOfRenames(ctx, "names", names, func(key, before string) string {
		given := lost[key]
		if given.lost == "" {
			return ""
		}
		return fmt.Sprintf("%s: %s", key, fmt.Sprintf(given.lost, before, given.name))
	}, func(fresh []string, before resource.PropertyMap) error {
		return errors.Join(c.refuseTaken(ctx, provider, fresh), c.refuseHalfRenamed(ctx, provider, fresh, before))
	})
}

func (c *Config) givenNames() []givenName {
	var all []givenName
	if c.makesRoles() {
		all = append(all, givenName{"aws.iamPath", cmp.Or(c.Aws.IamPath, "/"), "the roles and policies below %[1]s go before those below " +
			"%[2]s come: nobody can pull meanwhile"})
	}
	if c.Ecs != nil {
		all = append(all, c.ecsNames()...)
	}
	if c.Eks != nil {
		all = append(all, c.eksNames()...)
	}
	if c.Aks != nil {
		all = append(all, c.aksNames()...)
	}
	if c.onKubernetes() != nil && !c.Gateway.ExistingNamespace {
		all = append(all, givenName{"gateway.namespace", c.Gateway.Namespace,
			"the namespace %[1]s is deleted once %[2]s has the gateway, with all that is in it: the volumes of SQLite, and what others " +
				"put there"})
	}
	return all
}

// makesRoles tells whether something of IAM is made below aws.iamPath.
func (c *Config) makesRoles() bool {
	return c.Ecs != nil || c.Eks != nil && (!c.Registry.Mirror || len(c.Eks.GatewayPolicyArns) > 0)
}

func (c *Config) ecsNames() []givenName {
	e := c.Ecs
	secrets := fmt.Sprintf("the secrets below %%[1]s are deleted once the tasks read those below %%[2]s; Secrets Manager keeps them for "+
		"%d days",
		*e.SecretRecoveryDays)
	if *e.SecretRecoveryDays == 0 {
		secrets = "the secrets below %[1]s are deleted for good once the tasks read those below %[2]s"
	}
	logs := ""
	if !*e.KeepLogs {
		logs = "the log group %[1]s is deleted with its logs once the tasks write to %[2]s; ecs.keepLogs true keeps it"
	}
	all := []givenName{
		{"ecs.name", e.Name, "the service %[1]s and its tasks go before %[2]s comes: nothing answers until the new tasks are healthy"},
		{"ecs.roleName", e.RoleName, "the execution role %[1]s goes before %[2]s comes: no task can start meanwhile"},
		{"ecs.policyName", e.PolicyName, "the policy %[1]s goes before %[2]s comes: no task can pull meanwhile"},
		{"ecs.secretPrefix", e.SecretPrefix, secrets},
		{"ecs.logGroup", e.LogGroup, logs},
	}
	if e.TaskRoleArn == "" {
		all = append(all, givenName{"ecs.taskRoleName", c.taskRoleName(),
			"the role %[1]s, as which the running tasks sign in, goes before %[2]s comes"})
	}
	if c.makesZone() {
		all = append(all, givenName{"ecs.clustering", c.ecsClusteringArgs().DnsName(), "the private name %[2]s comes beside %[1]s, which " +
			"goes once the tasks have moved: those of the two do not find each other meanwhile"})
	}
	return all
}

func (c *Config) eksNames() []givenName {
	e := c.Eks
	all := []givenName{{"eks.policyName", e.PolicyName, "the policy %[1]s goes before %[2]s comes: nobody can pull with it meanwhile"}}
	if c.eksPull().makesRole() {
		all = append(all, givenName{"eks.roleName", e.RoleName, "the role %[1]s goes before %[2]s comes: nobody can pull meanwhile"})
	}
	if len(e.GatewayPolicyArns) > 0 {
		all = append(all, givenName{"eks.gatewayRoleName", e.GatewayRoleName, "the role %[1]s, as which the running pods sign in, goes " +
			"before %[2]s comes, for which they are made anew, one after the other"})
	}
	return all
}

func (c *Config) aksNames() []givenName {
	return []givenName{
		{"aks.federatedCredentialName", c.Aks.FederatedCredentialName,
			"the federated credential %[1]s goes before %[2]s comes: nobody can sign in with it meanwhile"},
	}
}
