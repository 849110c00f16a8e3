package pulls_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/world"
)

var update = flag.Bool("update", false, "write the table of docs/identity.md anew")

// TestPullModes: each way goes up, stays up, and hands off who pulls.
func TestPullModes(t *testing.T) {
	t.Parallel()
	for _, m := range stacktest.Pulls {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			s := m.Onboard(t)
			told := s.Engine.MustUp().Outputs["vendorHandoff"]
			full := s.Set().Engine.MustUp()
			require.Equal(t, told, full.Outputs["vendorHandoff"])
			stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")
			gone := s.Engine.Destroy()
			require.NoError(t, gone.Err, gone.Diagnostics)
		})
	}
}

// pullCase is one link of a mode's chain that is changed, and the hop that then refuses.
type pullCase struct {
	mode stacktest.Way
	// changed says what is different, for the table.
	changed string
	// The stack goes up with rollout identity, or, with afterUp, whole. Then the clouds are edited, and settings overlaid. The next
	// up fails.
	afterUp  bool
	edit     edits.Edit
	settings []string
	hop      hop.Hop
	reason   hop.Reason
}

var (
	newECRTag = "registry.image=444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:2.1.1"
	newARTag  = "registry.image=europe-west1-docker.pkg.dev/bifrost-dist/acme-hub/bifrost:2.1.1"
	// Another image of the refresher makes another first run.
	newRun = "refresher.images.kubectl=registry.k8s.io/kubectl:v1.34.4"
)

const (
	getToken   = "ecr:GetAuthorizationToken"
	layers     = "ecr:BatchCheckLayerAvailability"
	getImage   = "ecr:BatchGetImage"
	download   = "ecr:GetDownloadUrlForLayer"
	trustOf    = "assumeRolePolicy"
	aPool      = "acme-hub-azure-pool"
	aProvider  = "acme-hub-azure-provider"
	subjectOld = "system:serviceaccount:bifrost:bifrost-pull"
	subjectNew = "system:serviceaccount:bifrost:somebody-else"
)

var pullCases = []pullCase{
	{mode: stacktest.RefreshIRSA, changed: "the role is not on the vendor's allowlist", edit: edits.NotAllowlisted(edits.PullRole), hop: hop.Ecr, reason: hop.NotAllowlisted},
	{mode: stacktest.RefreshIRSA, changed: "the vendor's repository has no policy", edit: edits.Removed(pulumitype.AwsEcrRepositoryPolicy, ""), hop: hop.Ecr, reason: hop.NotAllowlisted},
	{mode: stacktest.RefreshIRSA, changed: "the vendor's policy lacks BatchGetImage", edit: edits.WithoutAction(pulumitype.AwsEcrRepositoryPolicy, "", "policy", getImage), hop: hop.Ecr, reason: hop.NotAllowlisted},
	{mode: stacktest.RefreshIRSA, changed: "the vendor's policy lacks GetDownloadUrlForLayer", edit: edits.WithoutAction(pulumitype.AwsEcrRepositoryPolicy, "", "policy", download), hop: hop.Ecr, reason: hop.NotAllowlisted},
	{mode: stacktest.RefreshIRSA, changed: "the vendor's policy lacks BatchCheckLayerAvailability", edit: edits.WithoutAction(pulumitype.AwsEcrRepositoryPolicy, "", "policy", layers), hop: hop.Ecr, reason: hop.NotAllowlisted},
	{mode: stacktest.RefreshIRSA, changed: "the role was made again under its name", afterUp: true, edit: edits.With(pulumitype.AwsRole, edits.PullRole, "uniqueId=AROAANOTHER0000000001"), settings: []string{newECRTag, newRun}, hop: hop.Ecr, reason: hop.NotAllowlisted},
	{mode: stacktest.RefreshIRSA, changed: "the policy lacks GetAuthorizationToken", edit: edits.WithoutAction(edits.PolicyType, "", "policy", getToken), hop: hop.EcrToken, reason: hop.NoTokenPermission},
	{mode: stacktest.RefreshIRSA, changed: "the policy lacks BatchGetImage", edit: edits.WithoutAction(edits.PolicyType, "", "policy", getImage), hop: hop.Ecr, reason: hop.NoPullPermission},
	{mode: stacktest.RefreshIRSA, changed: "the policy lacks GetDownloadUrlForLayer", edit: edits.WithoutAction(edits.PolicyType, "", "policy", download), hop: hop.Ecr, reason: hop.NoPullPermission},
	{mode: stacktest.RefreshIRSA, changed: "the policy lacks BatchCheckLayerAvailability", edit: edits.WithoutAction(edits.PolicyType, "", "policy", layers), hop: hop.Ecr, reason: hop.NoPullPermission},
	{mode: stacktest.RefreshIRSA, changed: "the policy names another repository", edit: edits.Replacing(edits.PolicyType, "", "policy", "repository/acme-hub", "repository/other"), hop: hop.Ecr, reason: hop.NoPullPermission},
	{mode: stacktest.RefreshIRSA, changed: "the policy is detached from the role", edit: edits.Removed(edits.AttachmentType, ""), hop: hop.EcrToken, reason: hop.NoTokenPermission},
	{mode: stacktest.RefreshIRSA, changed: "the trust names another ServiceAccount", edit: edits.Replacing(pulumitype.AwsRole, edits.PullRole, trustOf, subjectOld, subjectNew), hop: hop.WebIdentity, reason: hop.SubjectMismatch},
	{mode: stacktest.RefreshIRSA, changed: "the trust names another audience", edit: edits.Replacing(pulumitype.AwsRole, edits.PullRole, trustOf, `:aud":"sts.amazonaws.com"`, `:aud":"sts.example.com"`), hop: hop.WebIdentity, reason: hop.AudienceMismatch},
	{mode: stacktest.RefreshIRSA, changed: "the trust names the OIDC provider of another cluster", edit: edits.Replacing(pulumitype.AwsRole, edits.PullRole, trustOf, "oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/", "oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/0"), hop: hop.WebIdentity, reason: hop.IssuerMismatch},
	{mode: stacktest.RefreshIRSA, changed: "the trust allows sts:AssumeRole instead of sts:AssumeRoleWithWebIdentity", edit: edits.Replacing(pulumitype.AwsRole, edits.PullRole, trustOf, "sts:AssumeRoleWithWebIdentity", "sts:AssumeRole"), hop: hop.WebIdentity, reason: hop.NoTrust},
	{mode: stacktest.RefreshIRSA, changed: "the IAM OIDC provider does not know the audience", edit: edits.With(pulumitype.AwsOidcProvider, "", "clientIdLists=[other]"), hop: hop.WebIdentity, reason: hop.AudienceMismatch},
	{mode: stacktest.RefreshIRSA, changed: "the vendor has no such repository", edit: edits.Removed(pulumitype.AwsEcrRepository, ""), hop: hop.Ecr, reason: hop.ImageNotFound},
	{mode: stacktest.RefreshIRSA, changed: "the vendor has no such tag", edit: edits.With(pulumitype.AwsEcrRepository, "", "tags=[2.0.9]"), hop: hop.Ecr, reason: hop.ImageNotFound},
	{mode: stacktest.RefreshIRSA, changed: "the pull Secret is deleted", afterUp: true, edit: edits.Removed(edits.SecretKind, "ecr-pull-secret"), settings: []string{newECRTag}, hop: hop.PullSecret, reason: hop.SecretMissing},
	{mode: stacktest.RefreshIRSA, changed: "no refresh for 13 hours", afterUp: true, edit: edits.Later(13 * time.Hour), settings: []string{newECRTag}, hop: hop.Ecr, reason: hop.Expired},
	{mode: stacktest.RefreshIRSA, changed: "the refresher's Role lacks patch", afterUp: true, edit: edits.With(edits.RoleKind, "secret-manager", "rules[0].verbs=[create]"), settings: []string{newRun}, hop: hop.APIServer, reason: hop.Forbidden},
	{mode: stacktest.RefreshIRSA, changed: "the refresher's Role lacks create, and the Secret is deleted", afterUp: true, edit: edits.All(edits.With(edits.RoleKind, "secret-manager", "rules[0].verbs=[patch]"), edits.Removed(edits.SecretKind, "ecr-pull-secret")), settings: []string{newRun}, hop: hop.APIServer, reason: hop.Forbidden},
	{mode: stacktest.RefreshIRSA, changed: "the refresher's RoleBinding is deleted", afterUp: true, edit: edits.Removed(edits.BindingKind, "secret-manager-binding"), settings: []string{newRun}, hop: hop.APIServer, reason: hop.Forbidden},

	{mode: stacktest.PodIdentity, changed: "the association is deleted", edit: edits.Removed(edits.AssociationType, ""), hop: hop.Container, reason: hop.Failed},
	{mode: stacktest.PodIdentity, changed: "the association names another ServiceAccount", edit: edits.With(edits.AssociationType, "", "serviceAccount=somebody-else"), hop: hop.Container, reason: hop.Failed},
	{mode: stacktest.PodIdentity, changed: "the trust lacks sts:TagSession", edit: edits.WithoutAction(pulumitype.AwsRole, edits.PullRole, trustOf, "sts:TagSession"), hop: hop.PodIdentity, reason: hop.NoTrust},
	{mode: stacktest.PodIdentity, changed: "the trust lacks sts:AssumeRole", edit: edits.WithoutAction(pulumitype.AwsRole, edits.PullRole, trustOf, "sts:AssumeRole"), hop: hop.PodIdentity, reason: hop.NoTrust},
	{mode: stacktest.PodIdentity, changed: "the trust names another namespace", edit: edits.Replacing(pulumitype.AwsRole, edits.PullRole, trustOf, `kubernetes-namespace":"bifrost"`, `kubernetes-namespace":"other"`), hop: hop.PodIdentity, reason: hop.ConditionFailed},
	{mode: stacktest.PodIdentity, changed: "the trust names another cluster", edit: edits.Replacing(pulumitype.AwsRole, edits.PullRole, trustOf, "cluster/dev", "cluster/prod"), hop: hop.PodIdentity, reason: hop.ConditionFailed},
	{mode: stacktest.PodIdentity, changed: "the role is not on the vendor's allowlist", edit: edits.NotAllowlisted(edits.PullRole), hop: hop.Ecr, reason: hop.NotAllowlisted},

	{mode: stacktest.PullNode, changed: "the node role is not on the vendor's allowlist", edit: edits.NotAllowlisted(stacktest.NodeRole), hop: hop.Ecr, reason: hop.NotAllowlisted},
	{mode: stacktest.PullNode, changed: "the policy is detached from the node role", edit: edits.Removed(edits.AttachmentType, ""), hop: hop.EcrToken, reason: hop.NoTokenPermission},
	{mode: stacktest.PullNode, changed: "the pods run on Fargate, and the node role was given", edit: stacktest.OnFargate, hop: hop.EcrToken, reason: hop.NoTokenPermission},
	{mode: stacktest.PullNode, changed: "the cluster has nodes of another role", edit: edits.EKS(func(c *world.EKSCluster) { c.NodeRoles = append(c.NodeRoles, "other-node") }), hop: hop.Kubelet, reason: hop.Missing},
	{mode: stacktest.PullFargate, changed: "the pod execution role is not on the vendor's allowlist", edit: edits.NotAllowlisted("dev-fargate"), hop: hop.Ecr, reason: hop.NotAllowlisted},

	{mode: stacktest.PullKubelet, changed: "the nodes' kubelets are not configured for it", edit: edits.EKS(func(c *world.EKSCluster) { c.CredentialProvider = false }), hop: hop.Kubelet, reason: hop.Missing},
	{mode: stacktest.PullKubelet, changed: "the trust names another ServiceAccount", edit: edits.Replacing(pulumitype.AwsRole, edits.PullRole, trustOf, "serviceaccount:bifrost:bifrost-sa", "serviceaccount:bifrost:other"), hop: hop.WebIdentity, reason: hop.SubjectMismatch},
	{mode: stacktest.PullKubelet, changed: "kubelets may not ask for tokens of that audience", afterUp: true, edit: edits.Removed(edits.BindingKind, "token-audience"), settings: []string{newECRTag}, hop: hop.Kubelet, reason: hop.Forbidden},
	{mode: stacktest.PullKubelet, changed: "the role is not on the vendor's allowlist", edit: edits.NotAllowlisted(edits.PullRole), hop: hop.Ecr, reason: hop.NotAllowlisted},

	{mode: stacktest.OnECS, changed: "the execution role is not on the vendor's allowlist", edit: edits.NotAllowlisted(edits.ExecutionRole), hop: hop.Ecr, reason: hop.NotAllowlisted},
	{mode: stacktest.OnECS, changed: "the trust names another account", edit: edits.Replacing(pulumitype.AwsRole, edits.ExecutionRole, trustOf, "111122223333", "999988887777"), hop: hop.Task, reason: hop.ConditionFailed},
	{mode: stacktest.OnECS, changed: "the policy lacks GetAuthorizationToken", edit: edits.WithoutAction(edits.PolicyType, "", "policy", getToken), hop: hop.EcrToken, reason: hop.NoTokenPermission},
	{mode: stacktest.OnECS, changed: "the policy lacks BatchGetImage", edit: edits.WithoutAction(edits.PolicyType, "", "policy", getImage), hop: hop.Ecr, reason: hop.NoPullPermission},
	{mode: stacktest.OnECS, changed: "the execution role may not read the secrets", afterUp: true, edit: edits.WithoutAction(edits.RolePolicyType, "", "policy", "secretsmanager:GetSecretValue"), settings: []string{newECRTag}, hop: hop.Task, reason: hop.Forbidden},
	{mode: stacktest.OnECS, changed: "the execution role may not write the log", afterUp: true, edit: edits.WithoutAction(edits.RolePolicyType, "", "policy", "logs:CreateLogStream"), settings: []string{newECRTag}, hop: hop.Task, reason: hop.Forbidden},

	{mode: stacktest.TrustAKS, changed: "the provider trusts another issuer", edit: edits.With(pulumitype.GcpPoolProvider, aProvider, "oidc.issuerUri=https://westeurope.oic.prod-aks.azure.com/other/"), hop: hop.GoogleSTS, reason: hop.IssuerMismatch},
	{mode: stacktest.TrustAKS, changed: "the token has another audience", settings: []string{"aks.tokenAudience=api://other"}, hop: hop.GoogleSTS, reason: hop.AudienceMismatch},
	{mode: stacktest.TrustAKS, changed: "the refresher has another ServiceAccount", settings: []string{"refresher.serviceAccount=somebody-else"}, hop: hop.GoogleSTS, reason: hop.ConditionFailed},
	{mode: stacktest.TrustAKS, changed: "the gateway has another namespace", settings: []string{"gateway.namespace=other"}, hop: hop.GoogleSTS, reason: hop.ConditionFailed},
	{mode: stacktest.TrustAKS, changed: "the provider maps no subject", edit: edits.With(pulumitype.GcpPoolProvider, aProvider, "attributeMapping={attribute.x: assertion.sub}"), hop: hop.GoogleSTS, reason: hop.Invalid},
	{mode: stacktest.TrustAKS, changed: "the pool is deleted", edit: edits.With(pulumitype.GcpPool, aPool, "state=DELETED"), hop: hop.GoogleSTS, reason: hop.Missing},
	{mode: stacktest.TrustAKS, changed: "the provider is disabled", edit: edits.With(pulumitype.GcpPoolProvider, aProvider, "disabled=true"), hop: hop.GoogleSTS, reason: hop.Missing},
	{mode: stacktest.TrustAKS, changed: "the credential configuration names another provider", settings: []string{"gcp.credentialConfig.audience=//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/acme-hub-azure-pool/providers/other-provider"}, hop: hop.GoogleSTS, reason: hop.Missing},
	{mode: stacktest.TrustAKS, changed: "the subject may not act as the service account", edit: edits.Removed(pulumitype.GcpServiceAccountMember, ""), hop: hop.Impersonation, reason: hop.NoImpersonation},
	{mode: stacktest.TrustAKS, changed: "another subject may act as the service account", edit: edits.With(pulumitype.GcpServiceAccountMember, "", "member=principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/acme-hub-azure-pool/subject/"+subjectNew), hop: hop.Impersonation, reason: hop.NoImpersonation},
	{mode: stacktest.TrustAKS, changed: "the service account does not exist", settings: []string{"gcp.credentialConfig.service_account_impersonation_url=https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/other-pull@bifrost-dist.iam.gserviceaccount.com:generateAccessToken"}, hop: hop.Impersonation, reason: hop.NoImpersonation},
	{mode: stacktest.TrustAKS, changed: "the service account may not read the repository", edit: edits.Removed(pulumitype.GcpRepositoryMember, ""), hop: hop.ArtifactRegistry, reason: hop.NoPullPermission},
	{mode: stacktest.TrustAKS, changed: "the registry has no such tag", edit: edits.With(pulumitype.GcpRepository, "", "tags=[2.0.9]"), hop: hop.ArtifactRegistry, reason: hop.ImageNotFound},
	{mode: stacktest.TrustAKS, changed: "no refresh for 2 hours", afterUp: true, edit: edits.Later(2 * time.Hour), settings: []string{newARTag}, hop: hop.ArtifactRegistry, reason: hop.Expired},
	{mode: stacktest.TrustAKS, changed: "the pull Secret is deleted", afterUp: true, edit: edits.Removed(edits.SecretKind, "ar-pull-secret"), settings: []string{newARTag}, hop: hop.PullSecret, reason: hop.SecretMissing},

	{mode: stacktest.TrustEntra, changed: "the federated credential is deleted", edit: edits.Removed(edits.CredentialType, ""), hop: hop.Entra, reason: hop.Missing},
	{mode: stacktest.TrustEntra, changed: "the federated credential has another subject", edit: edits.With(edits.CredentialType, "", "subject="+subjectNew), hop: hop.Entra, reason: hop.SubjectMismatch},
	{mode: stacktest.TrustEntra, changed: "the federated credential has another audience", edit: edits.With(edits.CredentialType, "", "audiences=[api://other]"), hop: hop.Entra, reason: hop.AudienceMismatch},
	{mode: stacktest.TrustEntra, changed: "the federated credential's issuer lacks its trailing slash", edit: issuerWithoutSlash, hop: hop.Entra, reason: hop.IssuerMismatch},
	{mode: stacktest.TrustEntra, changed: "the app registration does not exist", edit: edits.Removed(pulumitype.AzureApplication, ""), hop: hop.Entra, reason: hop.Missing},
	{mode: stacktest.TrustEntra, changed: "the app registration gives tokens of version 1", edit: edits.With(pulumitype.AzureApplication, "", "requestedAccessTokenVersion=1"), hop: hop.GoogleSTS, reason: hop.IssuerMismatch},
	{mode: stacktest.TrustEntra, changed: "the provider trusts another tenant", edit: edits.Replacing(pulumitype.GcpPoolProvider, aProvider, "attributeCondition", "00000000-0000-4000-8000-000000000002", "00000000-0000-4000-8000-00000000000f"), hop: hop.GoogleSTS, reason: hop.ConditionFailed},
	{mode: stacktest.TrustEntra, changed: "the managed identity was made again, unknown to the stack", edit: identityMadeAgain, hop: hop.Entra, reason: hop.Missing},
	{mode: stacktest.TrustEntra, changed: "the provider trusts another client id", edit: edits.Replacing(pulumitype.GcpPoolProvider, aProvider, "attributeCondition", "assertion.azp == '", "assertion.azp == '0"), hop: hop.GoogleSTS, reason: hop.ConditionFailed},
	{mode: stacktest.TrustEntra, changed: "the provider expects another audience", edit: edits.With(pulumitype.GcpPoolProvider, aProvider, "oidc.allowedAudiences=[api://other]"), hop: hop.GoogleSTS, reason: hop.AudienceMismatch},

	{mode: stacktest.OwnFederation, changed: "the condition names another subject", edit: edits.Replacing(pulumitype.GcpPoolProvider, "bifrost-aks", "attributeCondition", subjectOld, subjectNew), hop: hop.GoogleSTS, reason: hop.ConditionFailed},
	{mode: stacktest.OwnFederation, changed: "the token is one of another cluster, which another provider of the pool lets in", edit: anotherClusterInPool, hop: hop.Impersonation, reason: hop.NoImpersonation},
	{mode: stacktest.OwnFederation, changed: "the reader's binding is deleted", edit: edits.Removed(pulumitype.GcpRepositoryMember, "bifrost-pull@acme-mirror"), hop: hop.ArtifactRegistry, reason: hop.NoPullPermission},
	{mode: stacktest.OwnFederation, changed: "the workload identity user is deleted", edit: edits.Removed(pulumitype.GcpServiceAccountMember, "bifrost-pull@acme-mirror"), hop: hop.Impersonation, reason: hop.NoImpersonation},
}

func init() { pullCases = slices.Concat(pullCases, googleCases, anyCases) }

// anotherClusterInPool: the token says the same of namespace and ServiceAccount, and comes in through a provider that somebody else added to
// the pool, with the mapping that Google's documentation has for clusters.
func anotherClusterInPool(t testing.TB, w *cloud.World) {
	edits.With(pulumitype.GcpPoolProvider, "bifrost-aks", "attributeMapping={google.subject: assertion.sub}")(t, w)
}

func issuerWithoutSlash(t testing.TB, w *cloud.World) {
	for _, r := range edits.The(t, w, edits.CredentialType, "") {
		r.State["issuer"] = strings.TrimSuffix(r.State["issuer"].(string), "/")
	}
}

func identityMadeAgain(t testing.TB, w *cloud.World) {
	for _, r := range edits.The(t, w, pulumitype.AzureManagedIdentity, "") {
		r.State["clientId"], r.State["principalId"] = world.GUID("another client"), world.GUID("another principal")
	}
}

func (c pullCase) name() string { return c.mode.Name + "/" + c.changed }

// TestPullCases: whatever link is changed, the up fails, and what it prints names the hop and the reason.
func TestPullCases(t *testing.T) {
	t.Parallel()
	for _, c := range pullCases {
		t.Run(c.name(), func(t *testing.T) {
			t.Parallel()
			s := c.mode.Start(t)
			if c.afterUp {
				s.Engine.MustUp()
			} else {
				s = c.mode.Onboard(t)
			}
			if c.edit != nil {
				c.edit(t, s.World)
			}
			s.Set(c.settings...)
			up := s.Engine.Up()
			require.Error(t, up.Err)
			require.Contains(t, up.Messages(), fmt.Sprintf("%s: %s: ", c.hop, c.reason))
			for _, secret := range []string{"eyJhbGciOi", stacktest.Secret, "PRIVATE KEY"} {
				require.NotContains(t, up.Messages(), secret, "a token or secret is printed")
			}
		})
	}
}

// TestSlowFederation: the first-run Job tries again while a credential is fresh, and gives up after its seventh try.
func TestSlowFederation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode stacktest.Way
		typ  string
		hop  hop.Hop
	}{{stacktest.TrustAKS, pulumitype.GcpPoolProvider, hop.GoogleSTS}, {stacktest.TrustEntra, edits.CredentialType, hop.Entra}} {
		t.Run(c.mode.Name, func(t *testing.T) {
			t.Parallel()
			s := c.mode.Start(t)
			s.Set("rollout=identity")
			s.Engine.MustUp()
			id := edits.The(t, s.World, c.typ, "")[0].ID
			s.Set()
			s.World.Unready[id] = 7
			require.Contains(t, s.Engine.Up().Messages(), fmt.Sprintf("%s: %s: ", c.hop, hop.NotReady))
			s.World.Unready[id] = 6
			s.Engine.MustUp()
		})
	}
}

const identityDoc = "../../../docs/identity.md"

// TestIdentityDoc: the table of docs/identity.md is that of the cases.
func TestIdentityDoc(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- begin cases: written by go test ./rehearsals/pulls -run TestIdentityDoc -update -->\n", "<!-- end cases -->\n"
	text, err := os.ReadFile(identityDoc)
	require.NoError(t, err)
	before, rest, ok := bytes.Cut(text, []byte(begin))
	require.True(t, ok)
	_, after, ok := bytes.Cut(rest, []byte(end))
	require.True(t, ok)
	table := refusals()
	want := string(before) + begin + table + end + string(after)
	if *update {
		require.NoError(t, os.WriteFile(identityDoc, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(text), "run: go test ./rehearsals/pulls -run TestIdentityDoc -update")
	require.GreaterOrEqual(t, len(pullCases), 40)
}

// refusals is a row for each hop and reason of a mode, with the changes that end there.
func refusals() string {
	type row struct{ mode, hop, reason string }
	var rows []row
	changes := map[row][]string{}
	for _, c := range pullCases {
		r := row{c.mode.Name, fmt.Sprint(c.hop), fmt.Sprint(c.reason)}
		if changes[r] == nil {
			rows = append(rows, r)
		}
		changes[r] = append(changes[r], c.changed)
	}
	var table strings.Builder
	table.WriteString("| Mode | Hop that refuses | Reason | What is changed |\n|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", r.mode, r.hop, r.reason, strings.Join(changes[r], "; "))
	}
	return table.String()
}
