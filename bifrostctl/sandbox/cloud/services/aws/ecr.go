package aws

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/judge/iam"
	"bifrost/bifrostctl/judge/token"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/mint"
	"bifrost/bifrostctl/sandbox/cloud/services/registry"
	"bifrost/bifrostctl/world"
)

const (
	// registryTokens is the issuer that seals ECR's tokens, which live 12 hours (ECR API reference, GetAuthorizationToken).
	registryTokens   = "https://ecr.amazonaws.com/tokens"
	registryLifetime = 12 * time.Hour
)

// ecr answers GetAuthorizationToken in the JSON protocol. The caller is whoever the session token is sealed for; the signature of the
// request is not checked.
func (a *cloud) ecr(w http.ResponseWriter, r *http.Request) {
	fail := func(status int, code, message string) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
	}
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetAuthorizationToken") {
		fail(http.StatusBadRequest, "UnknownOperationException", "")
		return
	}
	var s session
	if err := mint.Open(a.world.World, sessions, r.Header.Get("X-Amz-Security-Token"), &s); err != nil {
		a.network.Refusals.Add(hop.Refuse(hop.EcrToken, hop.Invalid, "the session token: %v", err))
		fail(http.StatusBadRequest, "UnrecognizedClientException", "The security token included in the request is invalid.")
		return
	}
	if why := a.mayGetToken(s); why != nil {
		a.network.Refusals.Add(why)
		fail(http.StatusBadRequest, "AccessDeniedException", fmt.Sprintf(
			"User: %s is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the "+
				"ecr:GetAuthorizationToken action", s.caller()))
		return
	}
	sealed, err := s.seal(a.world, registryTokens, registryLifetime)
	if err != nil {
		fail(http.StatusInternalServerError, "ServerException", err.Error())
		return
	}
	region := strings.Split(r.Host, ".")[2]
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(map[string]any{"authorizationData": []any{map[string]any{
		"authorizationToken": base64.StdEncoding.EncodeToString([]byte("AWS:" + sealed)),
		"expiresAt":          float64(a.world.Now().Add(registryLifetime).Unix()),
		"proxyEndpoint":      fmt.Sprintf("https://%s.dkr.ecr.%s.%s", s.account(), region, world.DNSSuffix(world.Partition(region))),
	}}})
}

func (a *cloud) mayGetToken(s session) *hop.Refusal {
	role := roleOf(a.world, s.Role)
	if role == nil || text(role, "uniqueId") != s.ID {
		return hop.Refuse(hop.EcrToken, hop.Missing, "the role %s does not exist any more", s.Role)
	}
	// The action has no resource type: nothing but "*" fits.
	d, err := may(a.world, role, iam.Request{Action: "ecr:GetAuthorizationToken", Resource: "*"})
	if err != nil {
		return hop.Refuse(hop.EcrToken, hop.Unsupported, "policies of %s: %v", s.Role, err)
	}
	if !d.Allowed {
		return hop.Refuse(hop.EcrToken, hop.NoTokenPermission, "no policy of %s allows ecr:GetAuthorizationToken on *", s.Role)
	}
	return nil
}

// RegistryOf tells whose and in which region a registry of ECR is; false for any other host (the form by which kubelets know one:
// cloud-provider-aws, cmd/ecr-credential-provider, ecrPrivateHostPattern; the domains that it lacks are those of partitions).
func RegistryOf(host string) (account, region string, ok bool) {
	place := registryHost.FindStringSubmatch(host)
	if place == nil {
		return "", "", false
	}
	v4, dualStack := world.RegistrySuffixes()
	if of := map[string][]string{".": v4, "-": dualStack}[place[2]]; !slices.Contains(of, place[4]) {
		return "", "", false
	}
	return place[1], place[3], true
}

var registryHost = regexp.MustCompile(`^(\d{12})\.dkr([.-])ecr(?:-fips)?\.([a-z0-9-]+)\.([a-z0-9.-]+)$`)

// pull is ECR's registry: the token's principal needs the three actions from its own policies and, in another account, from the
// repository's as well (ECR user guide, "Repository policies vs. IAM policies").
func (a *cloud) pull(_ context.Context, r registry.Request) (digest string, refusal *registry.Answer) {
	var s session
	err := mint.Open(a.world.World, registryTokens, r.Password, &s)
	switch {
	case errors.Is(err, token.ErrExpired):
		return "", &registry.Answer{
			Status: http.StatusForbidden, Code: "DENIED", Message: "Your authorization token has expired. Reauthenticate and try again.",
			Refusal: hop.Refuse(hop.Ecr, hop.Expired, "the token of %s is older than %s", s.Role, registryLifetime),
		}
	case err != nil || r.User != "AWS":
		return "", &registry.Answer{
			Status: http.StatusUnauthorized, Code: "DENIED", Message: "Your Authorization Token is invalid.",
			Refusal: hop.Refuse(hop.Ecr, hop.Invalid, "the login is not one that ECR gave (user %q)", r.User),
		}
	}
	account, region, ok := RegistryOf(r.Host)
	if !ok {
		return "", &registry.Answer{Status: http.StatusNotFound, Code: "NAME_UNKNOWN", Message: "no such registry"}
	}
	repository := world.ECRRepository{Account: account, Region: region, Name: r.Repository}
	held := a.world.Get(pulumitype.AwsEcrRepository, repository.Account+"/"+repository.Region, repository.Name)
	actions := world.PullActions
	if held != nil && held.State["cached"] == true {
		actions = slices.Concat(world.ImportActions, actions)
	}
	if why := a.mayPull(s, repository, actions); why != nil {
		kind := "identity-based"
		if why.Reason == hop.NotAllowlisted {
			kind = "resource-based"
		}
		return "", &registry.Answer{
			Status: http.StatusForbidden, Code: "DENIED", Refusal: why,
			Message: fmt.Sprintf("User: %s is not authorized to perform: ecr:BatchGetImage on resource: %s because no %s policy allows "+
				"the ecr:BatchGetImage action", s.caller(), repository.ARN(), kind),
		}
	}
	if held == nil {
		return "", &registry.Answer{
			Status: http.StatusNotFound, Code: "NAME_UNKNOWN",
			Message: fmt.Sprintf("The repository with name '%s' does not exist in the registry with id '%s'", repository.Name,
				repository.Account),
			Refusal: hop.Refuse(hop.Ecr, hop.ImageNotFound, "there is no repository %s", repository.ARN()),
		}
	}
	if !registry.Has(held, r.Reference) || !a.world.HasImage(r.Host+"/"+r.Repository) {
		return "", &registry.Answer{
			Status: http.StatusNotFound, Code: "MANIFEST_UNKNOWN", Message: "Requested image not found",
			Refusal: hop.Refuse(hop.Ecr, hop.ImageNotFound, "%s has no %s", repository.ARN(), r.Reference),
		}
	}
	delete(held.State, "cached")
	return registry.Digest(held, r.Reference), nil
}

func (a *cloud) mayPull(s session, repository world.ECRRepository, actions []string) *hop.Refusal {
	role := roleOf(a.world, s.Role)
	if role == nil || text(role, "uniqueId") != s.ID {
		return hop.Refuse(hop.Ecr, hop.Missing, "the role %s, for which the token was given, does not exist any more", s.Role)
	}
	for _, action := range actions {
		own, err := may(a.world, role, iam.Request{Action: action, Resource: repository.ARN()})
		if err != nil {
			return hop.Refuse(hop.Ecr, hop.Unsupported, "policies of %s: %v", s.Role, err)
		}
		theirs, why := a.repositoryAllows(s, repository, action)
		sameAccount := s.account() == repository.Account
		switch {
		case why != nil && why.Reason == hop.Unsupported:
			return why
		case own.Denied:
			return hop.Refuse(hop.Ecr, hop.NoPullPermission, "a policy of %s denies %s on %s", s.Role, action, repository.ARN())
		case theirs.Denied:
			return hop.Refuse(hop.Ecr, hop.NotAllowlisted, "the policy of repository %s denies %s to %s", repository.ARN(), action, s.Role)
		case sameAccount && (own.Allowed || why == nil && theirs.Allowed):
		case !own.Allowed:
			return hop.Refuse(hop.Ecr, hop.NoPullPermission, "no policy of %s allows %s on %s", s.Role, action, repository.ARN())
		case why != nil:
			return why
		case !theirs.Allowed:
			return hop.Refuse(hop.Ecr, hop.NotAllowlisted, "the policy of repository %s does not let %s do %s", repository.ARN(), s.Role,
				action)
		}
	}
	return nil
}

// repositoryAllows asks the repository's policy. IAM resolves a principal to its unique id when a policy is saved: a role that was
// made again under its name is a stranger.
func (a *cloud) repositoryAllows(s session, repository world.ECRRepository, action string) (iam.Decision, *hop.Refusal) {
	policy := a.world.Get(pulumitype.AwsEcrRepositoryPolicy, repository.Account+"/"+repository.Region, repository.Name)
	if policy == nil {
		return iam.Decision{}, nil
	}
	account := "arn:" + strings.Split(s.Role, ":")[1] + ":iam::" + s.account() + ":root"
	d, err := iam.Evaluate(text(policy, "policy"),
		iam.Request{AWS: []string{s.Role, account, s.account()}, Action: action, Resource: repository.ARN()})
	if err != nil {
		return d, hop.Refuse(hop.Ecr, hop.Unsupported, "the policy of repository %s: %v", repository.ARN(), err)
	}
	if !d.Allowed || !strings.Contains(text(policy, "policy"), `"`+s.Role+`"`) {
		return d, nil
	}
	key := world.GrantKey(repository.ARN(), s.Role)
	known, seen := a.world.Grants[key]
	if !seen {
		a.world.Grants[key] = s.ID
		return d, nil
	}
	if known != s.ID {
		return d, hop.Refuse(hop.Ecr, hop.NotAllowlisted,
			"the policy of repository %s means the role %s that was (%s), not the one made again under its name (%s)", repository.ARN(),
			s.Role, known, s.ID)
	}
	return d, nil
}
