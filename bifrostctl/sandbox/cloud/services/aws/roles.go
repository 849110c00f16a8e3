package aws

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/judge/iam"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/mint"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

const (

	// sessions is the issuer that seals session tokens.
	sessions        = "https://sts.amazonaws.com/sessions"
	sessionLifetime = time.Hour
)

func text(r *world.Resource, key string) string {
	s, _ := r.State[key].(string)
	return s
}

func roleOf(w *served.World, arn string) *world.Resource {
	for _, r := range w.Resources {
		if r.Type == pulumitype.AwsRole && !r.Deleted && text(r, "arn") == arn {
			return r
		}
	}
	return nil
}

// session is a role that somebody has assumed; it is what session and registry tokens hold.
type session struct {
	Role string `json:"role"`
	ID   string `json:"id"`
}

func (s session) account() string { return strings.Split(s.Role, ":")[4] }

// caller is the session's name in messages.
func (s session) caller() string {
	parts := strings.SplitN(s.Role, ":role/", 2)
	return strings.Replace(parts[0], ":iam:", ":sts:", 1) + ":assumed-role/" + parts[1][strings.LastIndex(parts[1], "/")+1:] + "/sandbox"
}

func (s session) seal(w *served.World, issuer string, lifetime time.Duration) (string, error) {
	return mint.Sign(w.World, issuer, map[string]any{"role": s.Role, "id": s.ID}, lifetime)
}

// documents are the policies of a role: attached and inline.
func documents(w *served.World, role *world.Resource) []string {
	var all []string
	for _, r := range w.Resources {
		if r.Deleted || r.Scope != role.Scope || text(r, "role") != role.ID {
			continue
		}
		switch r.Type {
		case pulumitype.AwsRolePolicy:
			all = append(all, text(r, "policy"))
		case pulumitype.AwsRolePolicyAttachment:
			if policy := w.Get(pulumitype.AwsPolicy, role.Scope, text(r, "policyArn")); policy != nil {
				all = append(all, text(policy, "policy"))
			}
		}
	}
	return all
}

// may asks a role's own policies about an action: one allows it, none denies it, and its permissions boundary, where the sandbox
// knows that policy, allows it too.
func may(w *served.World, role *world.Resource, request iam.Request) (iam.Decision, error) {
	d, err := together(documents(w, role), request)
	boundary := w.Get(pulumitype.AwsPolicy, role.Scope, text(role, "permissionsBoundary"))
	if err != nil || boundary == nil {
		return d, err
	}
	bounded, err := iam.Evaluate(text(boundary, "policy"), request)
	d.Allowed, d.Denied = d.Allowed && bounded.Allowed, d.Denied || bounded.Denied
	return d, err
}

func together(documents []string, request iam.Request) (iam.Decision, error) {
	var all iam.Decision
	for _, document := range documents {
		d, err := iam.Evaluate(document, request)
		if err != nil {
			return iam.Decision{}, err
		}
		all.Allowed, all.Denied = all.Allowed || d.Allowed, all.Denied || d.Denied
	}
	all.Allowed = all.Allowed && !all.Denied
	return all, nil
}

// trusts asks a role's trust document, and says why it does not let the caller in.
func trusts(at hop.Hop, role *world.Resource, request iam.Request) *hop.Refusal {
	d, err := iam.Evaluate(text(role, "assumeRolePolicy"), request)
	name := text(role, "arn")
	switch {
	case err != nil:
		return hop.Refuse(at, hop.Unsupported, "the trust document of %s: %v", name, err)
	case d.Allowed:
		return nil
	case !d.Principal && request.Federated != "":
		return hop.Refuse(at, hop.IssuerMismatch, "the trust of %s does not name %s", name, request.Federated)
	case !d.Principal:
		return hop.Refuse(at, hop.NoTrust, "the trust of %s does not name %s", name, request.Service)
	case !d.Action || len(d.Missed) == 0:
		return hop.Refuse(at, hop.NoTrust, "the trust of %s does not allow %s", name, request.Action)
	}
	miss := d.Missed[0]
	reason := hop.ConditionFailed
	switch {
	case strings.HasSuffix(miss.Key, ":sub"):
		reason = hop.SubjectMismatch
	case strings.HasSuffix(miss.Key, ":aud"):
		reason = hop.AudienceMismatch
	}
	return hop.Refuse(at, reason, "the trust of %s wants %s = %s, and it is %q", name, miss.Key, strings.Join(miss.Want, " or "), miss.Got)
}

// assume takes a role for a service of AWS itself, such as ec2.amazonaws.com for a node.
func assume(w *served.World, at hop.Hop, roleARN, service string, context map[string]string, actions ...string) (session, error) {
	role := roleOf(w, roleARN)
	if role == nil {
		return session{}, hop.Refuse(at, hop.Missing, "the role %s does not exist", roleARN)
	}
	for _, action := range actions {
		if refusal := trusts(at, role, iam.Request{Service: service, Action: action, Context: context}); refusal != nil {
			return session{}, refusal
		}
	}
	return session{Role: roleARN, ID: text(role, "uniqueId")}, nil
}

// Allowed tells whether a role's policies allow each of the actions on a resource; context holds the condition keys of the request.
func Allowed(w *served.World, roleARN, resource string, context map[string]string, actions ...string) error {
	role := roleOf(w, roleARN)
	if role == nil {
		return fmt.Errorf("the role %s does not exist", roleARN)
	}
	for _, action := range slices.Sorted(slices.Values(actions)) {
		d, err := may(w, role, iam.Request{Action: action, Resource: resource, Context: context})
		if err != nil {
			return err
		}
		if !d.Allowed {
			return fmt.Errorf("%s is not allowed to %s on %s", roleARN, action, resource)
		}
	}
	return nil
}

// MayUseKey tells whether a role may do something with a KMS key: the key's policy allows it to the role itself, or leaves it to the
// account's policies, of which one of the role's then has to allow it (KMS developer guide, "Default key policy").
func MayUseKey(w *served.World, roleARN string, key *world.Resource, action string, context map[string]string) error {
	account := strings.Join(strings.Split(roleARN, ":")[:5], ":") + ":root"
	request := iam.Request{AWS: []string{roleARN}, Action: action, Resource: text(key, "arn"), Context: context}
	own, err := iam.Evaluate(text(key, "policy"), request)
	if err != nil || own.Allowed || own.Denied {
		return denied(own, err, "the policy of KMS key %s denies %s to %s", key.ID, action, roleARN)
	}
	request.AWS = []string{account, strings.Split(account, ":")[4]}
	left, err := iam.Evaluate(text(key, "policy"), request)
	if err != nil || !left.Allowed {
		return denied(iam.Decision{Denied: true}, err,
			"the policy of KMS key %s neither allows %s to %s nor leaves it to the account's policies", key.ID, action, roleARN)
	}
	return Allowed(w, roleARN, text(key, "arn"), context, action)
}

func denied(d iam.Decision, err error, format string, args ...any) error {
	if err != nil || !d.Denied {
		return err
	}
	return fmt.Errorf(format, args...)
}

// ServiceMayUseKey tells whether a KMS key's policy lets a service of AWS do something with it.
func ServiceMayUseKey(key *world.Resource, service, action string) bool {
	d, err := iam.Evaluate(text(key, "policy"), iam.Request{Service: service, Action: action, Resource: text(key, "arn")})
	return err == nil && d.Allowed
}
