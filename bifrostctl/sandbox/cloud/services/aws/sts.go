// Package aws is the part of AWS that a pull passes through: STS, EKS Pod Identity, ECR's API and its registry. It evaluates the
// roles, policies and repositories of the world.
package aws

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/judge/iam"
	"bifrost/bifrostctl/judge/token"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/loopback"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/sandbox/cloud/services/registry"
	"bifrost/bifrostctl/world"
)

// cloud serves one world.
type cloud struct {
	network *loopback.Network
	world   *served.World
}

// Register lets the network answer for AWS.
func Register(n *loopback.Network, w *served.World) error {
	a := &cloud{n, w}
	v4, dualStack := world.RegistrySuffixes()
	for _, suffix := range v4 {
		n.Handle("sts.*."+suffix, http.HandlerFunc(a.sts))
		n.Handle("api.ecr.*."+suffix, http.HandlerFunc(a.ecr))
		n.Handle("*.dkr.ecr*.*."+suffix, registry.Handler(n, a.pull))
	}
	for _, suffix := range dualStack {
		n.Handle("*.dkr-ecr*.*."+suffix, registry.Handler(n, a.pull))
	}
	n.Handle(podIdentityAgent, http.HandlerFunc(a.podIdentity))
	n.Handle(metadataService, a.metadata())
	return nil
}

// refusal is an error of an AWS API, with what the sandbox knows of its reason.
type refusal struct {
	status        int
	code, message string
	why           *hop.Refusal
}

// sts answers AssumeRoleWithWebIdentity in the query protocol.
func (a *cloud) sts(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("Action") != "AssumeRoleWithWebIdentity" {
		a.refuseXML(w, &refusal{http.StatusBadRequest, "InvalidAction", "Could not find operation " + r.FormValue("Action"), nil})
		return
	}
	role, subject, refused := a.webIdentity(r.Context(), r.FormValue("RoleArn"), r.FormValue("WebIdentityToken"))
	if refused != nil {
		a.refuseXML(w, refused)
		return
	}
	keys, err := a.credentials(role)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>`+
		`<SubjectFromWebIdentityToken>%s</SubjectFromWebIdentityToken><AssumedRoleUser><Arn>%s</Arn>`+
		`<AssumedRoleId>%s:sandbox</AssumedRoleId></AssumedRoleUser>`+
		`<Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken>`+
		`<Expiration>%s</Expiration></Credentials>`+
		`</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
		escape(subject), role.caller(), role.ID, keys.AccessKeyID, keys.SecretAccessKey, keys.Token, keys.Expiration)
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

func (a *cloud) refuseXML(w http.ResponseWriter, r *refusal) {
	if r.why != nil {
		a.network.Refusals.Add(r.why)
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(r.status)
	fmt.Fprintf(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code>`+
		`<Message>%s</Message></Error></ErrorResponse>`,
		r.code, escape(r.message))
}

// webIdentity decides whether a token may assume a role (IAM user guide, "Creating a role for web identity"): the account's OIDC
// provider for the token's issuer, its audiences, and the role's trust.
func (a *cloud) webIdentity(ctx context.Context, roleARN, raw string) (session, string, *refusal) {
	const at = hop.WebIdentity
	denied := func(why *hop.Refusal) *refusal {
		return &refusal{http.StatusForbidden, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", why}
	}
	invalid := func(message string, why *hop.Refusal) *refusal {
		return &refusal{http.StatusBadRequest, "InvalidIdentityToken", message, why}
	}
	claims, err := token.Claims(raw)
	if err != nil {
		return session{}, "", invalid("The ID Token provided is not a valid JWT.", hop.Refuse(at, hop.Invalid, "%v", err))
	}
	role := roleOf(a.world, roleARN)
	if role == nil {
		return session{}, "", denied(hop.Refuse(at, hop.Missing, "the role %s does not exist", roleARN))
	}
	issuer, _ := claims["iss"].(string)
	provider := a.oidcProvider(role.Scope, issuer)
	if provider == nil {
		return session{}, "", invalid("No OpenIDConnect provider found in your account for "+issuer,
			hop.Refuse(at, hop.IssuerMismatch, "account %s has no IAM OIDC provider for %s", role.Scope, issuer))
	}
	claims, err = token.Verifier{Client: a.network.Client(), Now: a.world.Now}.Verify(ctx, issuer, raw)
	if errors.Is(err, token.ErrExpired) {
		return session{}, "", &refusal{http.StatusBadRequest, "ExpiredTokenException", "Token expired",
			hop.Refuse(at, hop.Expired, "the ServiceAccount's token")}
	}
	if err != nil {
		return session{}, "", invalid("Couldn't retrieve verification key from your identity provider",
			hop.Refuse(at, hop.Invalid, "%v", err))
	}
	audience, subject := audienceOf(claims), fmt.Sprint(claims["sub"])
	clients, _ := provider.State["clientIdLists"].([]any)
	if !slices.Contains(clients, any(audience)) {
		return session{}, "", invalid("Incorrect token audience",
			hop.Refuse(at, hop.AudienceMismatch, "the token has %q, the IAM OIDC provider knows %v", audience, clients))
	}
	host := strings.TrimSuffix(strings.TrimPrefix(issuer, "https://"), "/")
	if why := trusts(at, role, iam.Request{
		Federated: text(provider, "arn"), Action: "sts:AssumeRoleWithWebIdentity",
		Context: map[string]string{host + ":aud": audience, host + ":sub": subject},
	}); why != nil {
		return session{}, "", denied(why)
	}
	return session{Role: roleARN, ID: text(role, "uniqueId")}, subject, nil
}

func (a *cloud) oidcProvider(account, issuer string) *world.Resource {
	host := strings.TrimPrefix(issuer, "https://")
	for _, r := range a.world.List(pulumitype.AwsOidcProvider, account) {
		if strings.TrimPrefix(text(r, "url"), "https://") == host {
			return r
		}
	}
	return nil
}

// audienceOf is a token's only audience.
func audienceOf(claims map[string]any) string {
	if list, ok := claims["aud"].([]any); ok && len(list) > 0 {
		return fmt.Sprint(list[0])
	}
	return fmt.Sprint(claims["aud"])
}

// keys are a session's credentials, as the container credentials endpoint names them.
type keys struct {
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	Token           string
	Expiration      string
}

func (a *cloud) credentials(s session) (keys, error) {
	sealed, err := s.seal(a.world, sessions, sessionLifetime)
	if err != nil {
		return keys{}, err
	}
	serial := a.world.Next()
	return keys{
		AccessKeyID:     "ASIA" + strings.ToUpper(world.Hex(16, "access key", serial)),
		SecretAccessKey: world.Hex(40, "secret access key", serial), Token: sealed,
		Expiration: a.world.Now().Add(sessionLifetime).UTC().Format(time.RFC3339),
	}, nil
}

const (
	// podIdentityAgent is the agent's address on every node (EKS user guide, "Set up the Amazon EKS Pod Identity Agent").
	podIdentityAgent    = "169.254.170.23"
	podIdentityAudience = "pods.eks.amazonaws.com"
)

// podIdentity answers as the EKS Pod Identity agent does for EKS Auth's AssumeRoleForPodIdentity.
func (a *cloud) podIdentity(w http.ResponseWriter, r *http.Request) {
	s, why := a.podSession(r.Context(), r.Header.Get("Authorization"))
	if why != nil {
		a.network.Refusals.Add(why)
		http.Error(w, "(error fetching credentials): AccessDeniedException: Unauthorized Exception! EKS does not have permissions to "+
			"assume the associated role.", http.StatusForbidden)
		return
	}
	keys, err := a.credentials(s)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(keys)
}

func (a *cloud) podSession(ctx context.Context, raw string) (session, *hop.Refusal) {
	const at = hop.PodIdentity
	claims, err := token.Claims(raw)
	if err != nil {
		return session{}, hop.Refuse(at, hop.Invalid, "%v", err)
	}
	cluster, eks := a.clusterOf(fmt.Sprint(claims["iss"]))
	if cluster == nil || eks == nil || !eks.PodIdentityAgent {
		return session{}, hop.Refuse(at, hop.Missing, "the add-on eks-pod-identity-agent does not run")
	}
	claims, err = token.Verifier{Client: a.network.Client(), Now: a.world.Now}.Verify(ctx, cluster.Issuer, raw)
	if err != nil {
		return session{}, hop.Refuse(at, hop.Invalid, "%v", err)
	}
	if audience := audienceOf(claims); audience != podIdentityAudience {
		return session{}, hop.Refuse(at, hop.AudienceMismatch, "the token has %q, the agent wants %s", audience, podIdentityAudience)
	}
	parts := strings.Split(fmt.Sprint(claims["sub"]), ":")
	namespace, serviceAccount := parts[2], parts[3]
	association := Association(a.world, cluster, namespace, serviceAccount)
	if association == nil {
		return session{}, hop.Refuse(at, hop.Missing, "cluster %s has no association for %s/%s", cluster.Name, namespace, serviceAccount)
	}
	s, err := assume(a.world, at, text(association, "roleArn"), podIdentityAudience, map[string]string{
		"aws:SourceAccount":                         cluster.Account,
		"aws:SourceArn":                             eks.ARN(cluster.Account),
		"aws:RequestTag/eks-cluster-arn":            eks.ARN(cluster.Account),
		"aws:RequestTag/eks-cluster-name":           cluster.Name,
		"aws:RequestTag/kubernetes-namespace":       namespace,
		"aws:RequestTag/kubernetes-service-account": serviceAccount,
	}, "sts:AssumeRole", "sts:TagSession")
	var why *hop.Refusal
	errors.As(err, &why)
	return s, why
}

func (a *cloud) clusterOf(issuer string) (*world.Cluster, *world.EKSCluster) {
	for _, c := range a.world.Clusters {
		if c.Issuer == issuer && c.Cloud == "eks" {
			return c, a.world.AWS[c.Account].EKSCluster(c.Region, c.Name)
		}
	}
	return nil, nil
}

// Association finds the Pod Identity association of a ServiceAccount, or nil.
func Association(w *served.World, cluster *world.Cluster, namespace, serviceAccount string) *world.Resource {
	for _, r := range w.List(pulumitype.AwsPodIdentityAssociation, cluster.Account+"/"+cluster.Region) {
		if text(r, "clusterName") == cluster.Name && text(r, "namespace") == namespace && text(r, "serviceAccount") == serviceAccount {
			return r
		}
	}
	return nil
}
