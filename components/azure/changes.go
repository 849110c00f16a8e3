package azure

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-azure-native-sdk/managedidentity/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
	"bifrost/internal/iampolicy"
)

// Inputs of the component, and how a stack names them: place is what a managed identity cannot change, shown is what a token says that
// Google's side is shown.
var (
	place = []said{{"location", "azure.location"}, {"resourceGroup", "azure.resourceGroup"}, {"identityName", "aks.identityName"}}
	shown = []said{{"issuer", "the cluster's issuer"}, {"subject", "the ServiceAccount's subject"}}
)

type said struct{ property, name string }

func (a *AksWorkloadIdentityArgs) identityName() string {
	return cmp.Or(a.IdentityName, DefaultIdentityName)
}

func (a *AksWorkloadIdentityArgs) subject() string {
	return iampolicy.ServiceAccountSubject(a.Namespace, a.ServiceAccount)
}

// register makes the component, whose inputs are the identity's place and whom it trusts. A component is compared by its inputs, so that a
// change of them is an update of it, of which a preview tells before anything is deleted. No hook of the identity itself would do: those of
// a replacement see either the former inputs or the new ones (pulumi, resource/deploy/step.go, CreateStep and DeleteStep).
func (a *AksWorkloadIdentityArgs) register(
	ctx *pulumi.Context, typ, name string, c pulumi.ComponentResource, says []func(*pulumi.ResourceHookArgs) string,
	opts ...pulumi.ResourceOption,
) (component.Scope, error) {
	s := component.Scope{Ctx: ctx, Name: name, Parent: c}
	warned, err := component.BeforeUpdate(ctx, s.Child("changes"), func(update *pulumi.ResourceHookArgs) error {
		for _, say := range says {
			text := say(update)
			if text == "" {
				continue
			}
			if err := ctx.Log.Warn(text, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return s, s.Failed("hook", err)
	}
	inputs := pulumi.Map{
		"location": pulumi.String(a.Location), "resourceGroup": pulumi.String(a.ResourceGroup),
		"identityName": pulumi.String(a.identityName()),
		"issuer":       pulumi.String(a.Issuer), "subject": pulumi.String(a.subject()),
	}
	if err := ctx.RegisterComponentResourceV2(typ, name, inputs, c, append(opts, warned)...); err != nil {
		return s, fmt.Errorf("registering %s %s: %w", typ, name, err)
	}
	return s, nil
}

// changed tells which of the inputs differ; "" where none does, or where they were not recorded yet.
func changed(update *pulumi.ResourceHookArgs, inputs []said) string {
	var changes []string
	for _, input := range inputs {
		before, was := component.KnownText(update.OldInputs[resource.PropertyKey(input.property)])
		after, is := component.KnownText(update.NewInputs[resource.PropertyKey(input.property)])
		if was && is && before != after {
			changes = append(changes, fmt.Sprintf("%s %s becomes %s", input.name, before, after))
		}
	}
	return strings.Join(changes, ", ")
}

// moved says what another place means. Azure changes none of the three in place (azure-native 2.80, provider/pkg/provider/diff.go,
// calculateDetailedDiff), and the provider lets the old identity go first (provider.go, Diff).
func (a *AksWorkloadIdentityArgs) moved(update *pulumi.ResourceHookArgs) string {
	changes := changed(update, place)
	if changes == "" {
		return ""
	}
	text := changes + ": Azure cannot move a managed identity. The present one is deleted first, with its federated credential, and " +
		"the new one has another client id and another principal id. With aks.trust entra the vendor must allowlist those before a " +
		"pull token is refreshed again: send the ids that are printed when the identity is made. With aks.trust aks, or " +
		"gcp.federation, pulls go on. The identity need not be where the cluster is: the former value keeps it"
	if a.Protect {
		text += ". protectIdentities is true, which refuses this: set it to false in the same up if the change is meant"
	}
	return text
}

// trusted says what other tokens mean: the federated credential follows in place, the vendor's side does not.
func trusted(update *pulumi.ResourceHookArgs) string {
	changes := changed(update, shown)
	if changes == "" {
		return ""
	}
	return changes + ". Where the vendor trusts the ServiceAccount's tokens (aks.trust aks without gcp.federation), send this: the first " +
		"token fails until the vendor trusts it, and vendorHandoff has it once an up succeeds"
}

// introduce prints the ids of an identity as soon as it is made. The output vendorHandoff has them too, but an `up` that fails later leaves
// the former ones there, and the first token fails until the vendor has allowlisted the new ones.
func (a *AksWorkloadIdentityArgs) introduce(s component.Scope) (pulumi.ResourceOption, error) {
	hook, err := s.Ctx.RegisterResourceHook(s.Child("made"), func(made *pulumi.ResourceHookArgs) error {
		id := func(property resource.PropertyKey) string {
			text, _ := component.KnownText(made.NewOutputs[property])
			return text
		}
		return s.Ctx.Log.Info(fmt.Sprintf("managed identity %s was made: tenant id %s, client id %s, principal id %s",
			a.identityName(), id("tenantId"), id("clientId"), id("principalId")), nil)
	}, nil)
	return pulumi.ResourceHooks(&pulumi.ResourceHookBinding{AfterCreate: []*pulumi.ResourceHook{hook}}), err
}

// inSubscription refuses an identity of another subscription than the stack's: azure-native replaces nothing when its subscription changes
// (2.80, provider.go, DiffConfig), and its next update would go to the new one (provider.go, Update).
func (a *AksWorkloadIdentityArgs) inSubscription(identity *managedidentity.UserAssignedIdentity) pulumi.StringOutput {
	return pulumi.All(identity.ID(), identity.URN(), identity.ClientId).ApplyT(func(v []any) (string, error) {
		id, urn, clientId := string(v[0].(pulumi.ID)), v[1].(pulumi.URN), v[2].(string)
		_, rest, _ := strings.Cut(id, "/subscriptions/")
		of, _, found := strings.Cut(rest, "/")
		if a.SubscriptionId == "" || !found || strings.EqualFold(of, a.SubscriptionId) {
			return clientId, nil
		}
		return "", fmt.Errorf("subscriptionId (of a stack azure.subscriptionId): the managed identity %s is in subscription %s, and this "+
			"is for %s, where it would not be found; set the former subscription, or make it anew, with other ids, by "+
			"`pulumi up --replace '%s'`",
			a.identityName(), of, a.SubscriptionId, urn)
	}).(pulumi.StringOutput)
}
