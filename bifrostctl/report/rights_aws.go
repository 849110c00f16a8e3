package report

import (
	"fmt"
	"strings"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/judge/iam"
)

// unreadable stands for a document that cannot be taken apart.
const unreadable = "what its document says"

// awsDocument reads the rights in a property that holds an IAM document.
func awsDocument(property string) func(map[string]any) []Right {
	return func(inputs map[string]any) []Right { return documentRights(Grants, inputs[property]) }
}

func documentRights(kind Kind, document any) []Right {
	text, isText := document.(string)
	if !isText {
		return nil
	}
	if text == changes.Unknown || text == changes.Masked {
		return []Right{{Kind: kind, Does: text}}
	}
	grants, err := iam.Grants(text)
	if err != nil {
		return []Right{{Kind: kind, Does: unreadable, When: err.Error()}}
	}
	var all []Right
	for _, g := range grants {
		all = append(all, Right{Kind: kind, Denied: g.Effect != "Allow", Who: g.Principal, Does: g.Action, On: g.Resource,
			When: g.Condition})
	}
	return all
}

func awsRole(inputs map[string]any) []Right {
	all := documentRights(Trusts, inputs["assumeRolePolicy"])
	inline, _ := inputs["inlinePolicies"].([]any)
	for _, each := range inline {
		policy, _ := each.(map[string]any)
		all = append(all, documentRights(Grants, policy["policy"])...)
	}
	for _, arn := range list(inputs["managedPolicyArns"]) {
		all = append(all, Right{Kind: Grants, Does: "do what the policy allows", On: arn})
	}
	if boundary := text(inputs["permissionsBoundary"]); boundary != "" {
		all = append(all, Right{Kind: Grants, Denied: true, Does: "do more than the boundary allows", On: boundary})
	}
	return all
}

func awsAttachment(inputs map[string]any) []Right {
	return []Right{{Kind: Grants, Who: text(inputs["role"]), Does: "do what the policy allows", On: text(inputs["policyArn"])}}
}

// awsIssuer: whoever has a token of the issuer is somebody whom trust documents of the account may name.
func awsIssuer(inputs map[string]any) []Right {
	var all []Right
	for _, audience := range list(inputs["clientIdLists"]) {
		all = append(all, Right{Kind: Trusts, Who: "tokens of " + text(inputs["url"]), Does: "sign in to the account", When: "aud is " +
			audience})
	}
	return all
}

func awsAssociation(inputs map[string]any) []Right {
	return []Right{{
		Kind: Trusts, Does: "become", On: text(inputs["roleArn"]),
		Who: fmt.Sprintf("pods of ServiceAccount %s/%s in cluster %s", text(inputs["namespace"]), text(inputs["serviceAccount"]),
			text(inputs["clusterName"])),
	}}
}

// awsRule is of a security group: the other side is an address range or another group.
func awsRule(does string) func(map[string]any) []Right {
	return func(inputs map[string]any) []Right {
		other := ""
		for _, property := range []string{"cidrIpv4", "cidrIpv6", "referencedSecurityGroupId", "prefixListId"} {
			if value := text(inputs[property]); value != "" {
				other = anybody(value)
			}
		}
		return []Right{{Kind: Reaches, Who: other, Does: does, On: text(inputs["securityGroupId"]), When: ports(inputs)}}
	}
}

func ports(inputs map[string]any) string {
	protocol, from, to := text(inputs["ipProtocol"]), text(inputs["fromPort"]), text(inputs["toPort"])
	switch {
	case protocol == "-1" || protocol == "":
		return "any port"
	case from == to:
		return fmt.Sprintf("%s %s", protocol, from)
	}
	return fmt.Sprintf("%s %s to %s", protocol, from, to)
}

// anybody names the address ranges that leave nobody out.
func anybody(addresses string) string {
	if addresses == "0.0.0.0/0" || addresses == "::/0" {
		return "anybody (" + addresses + ")"
	}
	return addresses
}

func isAnybody(who string) bool { return strings.HasPrefix(who, "anybody") }

func awsLoadBalancer(inputs map[string]any) []Right {
	if inputs["internal"] == true {
		return []Right{{Kind: Reaches, Who: "the network of its subnets", Does: "reach the load balancer"}}
	}
	return []Right{{Kind: Reaches, Who: "anybody (the internet)", Does: "reach the load balancer"}}
}

// text is a value as a text; empty of what is not there.
func text(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	case float64, bool, int:
		return fmt.Sprint(value)
	}
	return ""
}

// list are the texts of a list.
func list(value any) []string {
	if single, is := value.(string); is {
		return []string{single}
	}
	members, _ := value.([]any)
	var all []string
	for _, each := range members {
		all = append(all, text(each))
	}
	return all
}
