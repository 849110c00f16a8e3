package report

import (
	"cmp"
	"fmt"
)

func azureCredential(inputs map[string]any) []Right {
	var all []Right
	for _, audience := range list(inputs["audiences"]) {
		all = append(all, Right{
			Kind: Trusts, Who: text(inputs["subject"]) + " of " + text(inputs["issuer"]), Does: "become",
			On: "the identity " + text(inputs["resourceName"]), When: "aud is " + audience,
		})
	}
	return all
}

func azureAssignment(inputs map[string]any) []Right {
	return []Right{{
		Kind: Grants, Who: text(inputs["principalId"]), Does: "do what the role allows: " + text(inputs["roleDefinitionId"]),
		On: text(inputs["scope"]), When: text(inputs["condition"]),
	}}
}

// gcpMember is a binding of a role on what a property names.
func gcpMember(property string) func(map[string]any) []Right {
	return func(inputs map[string]any) []Right {
		condition, _ := inputs["condition"].(map[string]any)
		return []Right{{
			Kind: Grants, Who: text(inputs["member"]), Does: "do what the role allows: " + text(inputs["role"]),
			On: cmp.Or(text(inputs[property]), text(inputs["project"])), When: text(condition["expression"]),
		}}
	}
}

// gcpProvider: whoever has a token that the provider takes is a principal of the pool.
func gcpProvider(inputs map[string]any) []Right {
	oidc, _ := inputs["oidc"].(map[string]any)
	audiences := list(oidc["allowedAudiences"])
	if len(audiences) == 0 {
		audiences = []string{"the provider's own name"}
	}
	var all []Right
	for _, audience := range audiences {
		when := "aud is " + audience
		if condition := text(inputs["attributeCondition"]); condition != "" {
			when += ", and " + condition
		}
		all = append(all, Right{
			Kind: Trusts, Who: "tokens of " + text(oidc["issuerUri"]), Does: "sign in to",
			On: fmt.Sprintf("the pool %s of %s", text(inputs["workloadIdentityPoolId"]), text(inputs["project"])), When: when,
		})
	}
	return all
}
