package sandbox

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/world"
)

var update = flag.Bool("update", false, "write the table of docs/identity.md anew")

// pullMode is a way in which a stack's images are pulled.
type pullMode struct {
	name, stack string
	settings    []string
	// first is a change of the clouds before anything is made.
	first edit
}

const nodeRole = "dev-node"

var (
	refreshIRSA        = pullMode{name: "EKS, refresh, IRSA", stack: "aws-dev", settings: []string{"ecs=null"}}
	refreshPodIdentity = pullMode{name: "EKS, refresh, Pod Identity", stack: "aws-dev", settings: []string{"ecs=null", "eks.auth=podIdentity"}}
	pullNode           = pullMode{name: "EKS, node", stack: "aws-dev", settings: []string{
		"ecs=null", "eks.pull=node", "eks.nodeRoleArns=[arn:aws:iam::111122223333:role/" + nodeRole + "]",
	}}
	pullFargate = pullMode{name: "EKS on Fargate, node", stack: "aws-dev", settings: []string{
		"ecs=null", "eks.pull=node", "eks.nodeRoleArns=[arn:aws:iam::111122223333:role/dev-fargate]",
	}, first: onFargate}
	pullKubelet = pullMode{name: "EKS, kubelet", stack: "aws-dev", settings: []string{"ecs=null", "eks.pull=kubelet"}}
	onECS       = pullMode{name: "ECS Fargate", stack: "aws-dev", settings: []string{"eks=null"}}
	trustAKS    = pullMode{name: "AKS, trust aks", stack: "azure-dev"}
	trustEntra  = pullMode{name: "AKS, trust entra, v2.0", stack: "azure-dev", settings: []string{
		"aks.trust=entra", "aks.entra.appIdUri=" + sandboxApplication, "aks.entra.tokenVersion=2",
	}}
	trustEntra1 = pullMode{name: "AKS, trust entra, v1.0", stack: "azure-dev", settings: []string{
		"aks.trust=entra", "aks.entra.appIdUri=" + sandboxApplication, "aks.entra.tokenVersion=1",
	}, first: with(world.ApplicationType, "", "requestedAccessTokenVersion=1")}
	ownFederation = pullMode{name: "AKS, trust aks, own federation", stack: "azure-dev", settings: federation}
	ownEntra      = pullMode{name: "AKS, trust entra, own federation", stack: "azure-dev", settings: append([]string{
		"aks.trust=entra", "aks.entra.appIdUri=" + sandboxApplication, "aks.entra.tokenVersion=2",
	}, federation...)}
)

var federation = []string{
	"gcp.credentialConfig=null", "gcp.federation.projectId=acme-mirror", "gcp.federation.poolId=bifrost-azure",
	"gcp.federation.providerId=bifrost-aks", "gcp.federation.serviceAccountId=bifrost-pull",
}

var pullModes = []pullMode{
	refreshIRSA, refreshPodIdentity, pullNode, pullFargate, pullKubelet, onECS, trustAKS, trustEntra, trustEntra1, ownFederation, ownEntra,
}

// onFargate moves the gateway's pods to Fargate.
func onFargate(t testing.TB, w *cloud.World) {
	const name = "dev-fargate"
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"eks-fargate-pods.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	account := w.AWS["111122223333"]
	arn := account.EKS[0].NodeRoleARN(account.ID, name)
	account.EKS[0].Fargate = []world.FargateProfile{{Namespace: "bifrost", PodExecutionRole: name}}
	w.Put(&world.Resource{Type: world.RoleType, Scope: account.ID, ID: name, Seeded: true, State: map[string]any{
		"name": name, "path": "/", "arn": arn, "assumeRolePolicy": trust, "uniqueId": "AROAFARGATE0000000001",
	}})
	alsoAllowlisted(arn)(t, w)
}

// start is the mode's stack, with nothing made yet.
func (m pullMode) start(t testing.TB) *stackUnderTest {
	s := newStack(t, m.stack)
	if m.first != nil {
		m.first(t, s.world)
	}
	return s.set(m.settings...)
}

// TestPullModes: each way goes up, stays up, and hands off who pulls.
func TestPullModes(t *testing.T) {
	for _, m := range pullModes {
		t.Run(m.name, func(t *testing.T) {
			s := m.start(t)
			s.set(append([]string{"rollout=identity"}, m.settings...)...)
			identity := s.engine.MustUp()
			s.set(m.settings...)
			full := s.engine.MustUp()
			require.Equal(t, identity.Outputs["vendorHandoff"], full.Outputs["vendorHandoff"])
			onlySame(t, s.engine.MustUp(), "nothing changed since")
			gone := s.engine.Destroy()
			require.NoError(t, gone.Err, gone.Diagnostics)
		})
	}
}

// pullCase is one link of a mode's chain that is changed, and the hop that then refuses.
type pullCase struct {
	mode pullMode
	// changed says what is different, for the table.
	changed string
	// The stack goes up with rollout identity, or, with afterUp, whole. Then the clouds are edited, and settings overlaid. The next
	// up fails.
	afterUp  bool
	edit     edit
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
	{mode: refreshIRSA, changed: "the role is not on the vendor's allowlist", edit: notAllowlisted(pullRole), hop: hop.Ecr, reason: hop.NotAllowlisted},
	{mode: refreshIRSA, changed: "the vendor's repository has no policy", edit: edits.Removed(world.ECRRepositoryPolicyType, ""), hop: hop.Ecr, reason: hop.NotAllowlisted},
	{mode: refreshIRSA, changed: "the vendor's policy lacks BatchGetImage", edit: withoutAction(world.ECRRepositoryPolicyType, "", "policy", getImage), hop: hop.Ecr, reason: hop.NotAllowlisted},
	{mode: refreshIRSA, changed: "the vendor's policy lacks GetDownloadUrlForLayer", edit: withoutAction(world.ECRRepositoryPolicyType, "", "policy", download), hop: hop.Ecr, reason: hop.NotAllowlisted},
	{mode: refreshIRSA, changed: "the vendor's policy lacks BatchCheckLayerAvailability", edit: withoutAction(world.ECRRepositoryPolicyType, "", "policy", layers), hop: hop.Ecr, reason: hop.NotAllowlisted},
	{mode: refreshIRSA, changed: "the role was made again under its name", afterUp: true, edit: with(world.RoleType, pullRole, "uniqueId=AROAANOTHER0000000001"), settings: []string{newECRTag, newRun}, hop: hop.Ecr, reason: hop.NotAllowlisted},
	{mode: refreshIRSA, changed: "the policy lacks GetAuthorizationToken", edit: withoutAction(policyType, "", "policy", getToken), hop: hop.EcrToken, reason: hop.NoTokenPermission},
	{mode: refreshIRSA, changed: "the policy lacks BatchGetImage", edit: withoutAction(policyType, "", "policy", getImage), hop: hop.Ecr, reason: hop.NoPullPermission},
	{mode: refreshIRSA, changed: "the policy lacks GetDownloadUrlForLayer", edit: withoutAction(policyType, "", "policy", download), hop: hop.Ecr, reason: hop.NoPullPermission},
	{mode: refreshIRSA, changed: "the policy lacks BatchCheckLayerAvailability", edit: withoutAction(policyType, "", "policy", layers), hop: hop.Ecr, reason: hop.NoPullPermission},
	{mode: refreshIRSA, changed: "the policy names another repository", edit: edits.Replacing(policyType, "", "policy", "repository/acme-hub", "repository/other"), hop: hop.Ecr, reason: hop.NoPullPermission},
	{mode: refreshIRSA, changed: "the policy is detached from the role", edit: edits.Removed(attachmentType, ""), hop: hop.EcrToken, reason: hop.NoTokenPermission},
	{mode: refreshIRSA, changed: "the trust names another ServiceAccount", edit: edits.Replacing(world.RoleType, pullRole, trustOf, subjectOld, subjectNew), hop: hop.WebIdentity, reason: hop.SubjectMismatch},
	{mode: refreshIRSA, changed: "the trust names another audience", edit: edits.Replacing(world.RoleType, pullRole, trustOf, `:aud":"sts.amazonaws.com"`, `:aud":"sts.example.com"`), hop: hop.WebIdentity, reason: hop.AudienceMismatch},
	{mode: refreshIRSA, changed: "the trust names the OIDC provider of another cluster", edit: edits.Replacing(world.RoleType, pullRole, trustOf, "oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/", "oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/0"), hop: hop.WebIdentity, reason: hop.IssuerMismatch},
	{mode: refreshIRSA, changed: "the trust allows sts:AssumeRole instead of sts:AssumeRoleWithWebIdentity", edit: edits.Replacing(world.RoleType, pullRole, trustOf, "sts:AssumeRoleWithWebIdentity", "sts:AssumeRole"), hop: hop.WebIdentity, reason: hop.NoTrust},
	{mode: refreshIRSA, changed: "the IAM OIDC provider does not know the audience", edit: with(world.OIDCProviderType, "", "clientIdLists=[other]"), hop: hop.WebIdentity, reason: hop.AudienceMismatch},
	{mode: refreshIRSA, changed: "the vendor has no such repository", edit: edits.Removed(world.ECRRepositoryType, ""), hop: hop.Ecr, reason: hop.ImageNotFound},
	{mode: refreshIRSA, changed: "the vendor has no such tag", edit: with(world.ECRRepositoryType, "", "tags=[2.0.9]"), hop: hop.Ecr, reason: hop.ImageNotFound},
	{mode: refreshIRSA, changed: "the pull Secret is deleted", afterUp: true, edit: edits.Removed(secretKind, "ecr-pull-secret"), settings: []string{newECRTag}, hop: hop.PullSecret, reason: hop.SecretMissing},
	{mode: refreshIRSA, changed: "no refresh for 13 hours", afterUp: true, edit: later(13 * time.Hour), settings: []string{newECRTag}, hop: hop.Ecr, reason: hop.Expired},
	{mode: refreshIRSA, changed: "the refresher's Role lacks patch", afterUp: true, edit: with(roleKind, "secret-manager", "rules[0].verbs=[create]"), settings: []string{newRun}, hop: hop.APIServer, reason: hop.Forbidden},
	{mode: refreshIRSA, changed: "the refresher's Role lacks create, and the Secret is deleted", afterUp: true, edit: all(with(roleKind, "secret-manager", "rules[0].verbs=[patch]"), edits.Removed(secretKind, "ecr-pull-secret")), settings: []string{newRun}, hop: hop.APIServer, reason: hop.Forbidden},
	{mode: refreshIRSA, changed: "the refresher's RoleBinding is deleted", afterUp: true, edit: edits.Removed(bindingKind, "secret-manager-binding"), settings: []string{newRun}, hop: hop.APIServer, reason: hop.Forbidden},

	{mode: refreshPodIdentity, changed: "the association is deleted", edit: edits.Removed(associationType, ""), hop: hop.Container, reason: hop.Failed},
	{mode: refreshPodIdentity, changed: "the association names another ServiceAccount", edit: with(associationType, "", "serviceAccount=somebody-else"), hop: hop.Container, reason: hop.Failed},
	{mode: refreshPodIdentity, changed: "the trust lacks sts:TagSession", edit: withoutAction(world.RoleType, pullRole, trustOf, "sts:TagSession"), hop: hop.PodIdentity, reason: hop.NoTrust},
	{mode: refreshPodIdentity, changed: "the trust lacks sts:AssumeRole", edit: withoutAction(world.RoleType, pullRole, trustOf, "sts:AssumeRole"), hop: hop.PodIdentity, reason: hop.NoTrust},
	{mode: refreshPodIdentity, changed: "the trust names another namespace", edit: edits.Replacing(world.RoleType, pullRole, trustOf, `kubernetes-namespace":"bifrost"`, `kubernetes-namespace":"other"`), hop: hop.PodIdentity, reason: hop.ConditionFailed},
	{mode: refreshPodIdentity, changed: "the trust names another cluster", edit: edits.Replacing(world.RoleType, pullRole, trustOf, "cluster/dev", "cluster/prod"), hop: hop.PodIdentity, reason: hop.ConditionFailed},
	{mode: refreshPodIdentity, changed: "the role is not on the vendor's allowlist", edit: notAllowlisted(pullRole), hop: hop.Ecr, reason: hop.NotAllowlisted},

	{mode: pullNode, changed: "the node role is not on the vendor's allowlist", edit: notAllowlisted(nodeRole), hop: hop.Ecr, reason: hop.NotAllowlisted},
	{mode: pullNode, changed: "the policy is detached from the node role", edit: edits.Removed(attachmentType, ""), hop: hop.EcrToken, reason: hop.NoTokenPermission},
	{mode: pullNode, changed: "the pods run on Fargate, and the node role was given", edit: onFargate, hop: hop.EcrToken, reason: hop.NoTokenPermission},
	{mode: pullNode, changed: "the cluster has nodes of another role", edit: nodes(func(c *world.EKSCluster) { c.NodeRoles = append(c.NodeRoles, "other-node") }), hop: hop.Kubelet, reason: hop.Missing},
	{mode: pullFargate, changed: "the pod execution role is not on the vendor's allowlist", edit: notAllowlisted("dev-fargate"), hop: hop.Ecr, reason: hop.NotAllowlisted},

	{mode: pullKubelet, changed: "the nodes' kubelets are not configured for it", edit: nodes(func(c *world.EKSCluster) { c.CredentialProvider = false }), hop: hop.Kubelet, reason: hop.Missing},
	{mode: pullKubelet, changed: "the trust names another ServiceAccount", edit: edits.Replacing(world.RoleType, pullRole, trustOf, "serviceaccount:bifrost:bifrost-sa", "serviceaccount:bifrost:other"), hop: hop.WebIdentity, reason: hop.SubjectMismatch},
	{mode: pullKubelet, changed: "kubelets may not ask for tokens of that audience", afterUp: true, edit: edits.Removed(bindingKind, "token-audience"), settings: []string{newECRTag}, hop: hop.Kubelet, reason: hop.Forbidden},
	{mode: pullKubelet, changed: "the role is not on the vendor's allowlist", edit: notAllowlisted(pullRole), hop: hop.Ecr, reason: hop.NotAllowlisted},

	{mode: onECS, changed: "the execution role is not on the vendor's allowlist", edit: notAllowlisted(executionRole), hop: hop.Ecr, reason: hop.NotAllowlisted},
	{mode: onECS, changed: "the trust names another account", edit: edits.Replacing(world.RoleType, executionRole, trustOf, "111122223333", "999988887777"), hop: hop.Task, reason: hop.ConditionFailed},
	{mode: onECS, changed: "the policy lacks GetAuthorizationToken", edit: withoutAction(policyType, "", "policy", getToken), hop: hop.EcrToken, reason: hop.NoTokenPermission},
	{mode: onECS, changed: "the policy lacks BatchGetImage", edit: withoutAction(policyType, "", "policy", getImage), hop: hop.Ecr, reason: hop.NoPullPermission},
	{mode: onECS, changed: "the execution role may not read the secrets", afterUp: true, edit: withoutAction(rolePolicyType, "", "policy", "secretsmanager:GetSecretValue"), settings: []string{newECRTag}, hop: hop.Task, reason: hop.Forbidden},
	{mode: onECS, changed: "the execution role may not write the log", afterUp: true, edit: withoutAction(rolePolicyType, "", "policy", "logs:CreateLogStream"), settings: []string{newECRTag}, hop: hop.Task, reason: hop.Forbidden},

	{mode: trustAKS, changed: "the provider trusts another issuer", edit: with(world.PoolProviderType, aProvider, "oidc.issuerUri=https://westeurope.oic.prod-aks.azure.com/other/"), hop: hop.GoogleSTS, reason: hop.IssuerMismatch},
	{mode: trustAKS, changed: "the token has another audience", settings: []string{"aks.tokenAudience=api://other"}, hop: hop.GoogleSTS, reason: hop.AudienceMismatch},
	{mode: trustAKS, changed: "the refresher has another ServiceAccount", settings: []string{"refresher.serviceAccount=somebody-else"}, hop: hop.GoogleSTS, reason: hop.ConditionFailed},
	{mode: trustAKS, changed: "the gateway has another namespace", settings: []string{"gateway.namespace=other"}, hop: hop.GoogleSTS, reason: hop.ConditionFailed},
	{mode: trustAKS, changed: "the provider maps no subject", edit: with(world.PoolProviderType, aProvider, "attributeMapping={attribute.x: assertion.sub}"), hop: hop.GoogleSTS, reason: hop.Invalid},
	{mode: trustAKS, changed: "the pool is deleted", edit: with(world.PoolType, aPool, "state=DELETED"), hop: hop.GoogleSTS, reason: hop.Missing},
	{mode: trustAKS, changed: "the provider is disabled", edit: with(world.PoolProviderType, aProvider, "disabled=true"), hop: hop.GoogleSTS, reason: hop.Missing},
	{mode: trustAKS, changed: "the credential configuration names another provider", settings: []string{"gcp.credentialConfig.audience=//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/acme-hub-azure-pool/providers/other-provider"}, hop: hop.GoogleSTS, reason: hop.Missing},
	{mode: trustAKS, changed: "the subject may not act as the service account", edit: edits.Removed(world.ImpersonationType, ""), hop: hop.Impersonation, reason: hop.NoImpersonation},
	{mode: trustAKS, changed: "another subject may act as the service account", edit: with(world.ImpersonationType, "", "member=principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/acme-hub-azure-pool/subject/"+subjectNew), hop: hop.Impersonation, reason: hop.NoImpersonation},
	{mode: trustAKS, changed: "the service account does not exist", settings: []string{"gcp.credentialConfig.service_account_impersonation_url=https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/other-pull@bifrost-dist.iam.gserviceaccount.com:generateAccessToken"}, hop: hop.Impersonation, reason: hop.NoImpersonation},
	{mode: trustAKS, changed: "the service account may not read the repository", edit: edits.Removed(world.ARReaderType, ""), hop: hop.ArtifactRegistry, reason: hop.NoPullPermission},
	{mode: trustAKS, changed: "the registry has no such tag", edit: with(world.ARRepositoryType, "", "tags=[2.0.9]"), hop: hop.ArtifactRegistry, reason: hop.ImageNotFound},
	{mode: trustAKS, changed: "no refresh for 2 hours", afterUp: true, edit: later(2 * time.Hour), settings: []string{newARTag}, hop: hop.ArtifactRegistry, reason: hop.Expired},
	{mode: trustAKS, changed: "the pull Secret is deleted", afterUp: true, edit: edits.Removed(secretKind, "ar-pull-secret"), settings: []string{newARTag}, hop: hop.PullSecret, reason: hop.SecretMissing},

	{mode: trustEntra, changed: "the federated credential is deleted", edit: edits.Removed(credentialType, ""), hop: hop.Entra, reason: hop.Missing},
	{mode: trustEntra, changed: "the federated credential has another subject", edit: with(credentialType, "", "subject="+subjectNew), hop: hop.Entra, reason: hop.SubjectMismatch},
	{mode: trustEntra, changed: "the federated credential has another audience", edit: with(credentialType, "", "audiences=[api://other]"), hop: hop.Entra, reason: hop.AudienceMismatch},
	{mode: trustEntra, changed: "the federated credential's issuer lacks its trailing slash", edit: issuerWithoutSlash, hop: hop.Entra, reason: hop.IssuerMismatch},
	{mode: trustEntra, changed: "the app registration does not exist", edit: edits.Removed(world.ApplicationType, ""), hop: hop.Entra, reason: hop.Missing},
	{mode: trustEntra, changed: "the app registration gives tokens of version 1", edit: with(world.ApplicationType, "", "requestedAccessTokenVersion=1"), hop: hop.GoogleSTS, reason: hop.IssuerMismatch},
	{mode: trustEntra, changed: "the provider trusts another tenant", edit: edits.Replacing(world.PoolProviderType, aProvider, "attributeCondition", "00000000-0000-4000-8000-000000000002", "00000000-0000-4000-8000-00000000000f"), hop: hop.GoogleSTS, reason: hop.ConditionFailed},
	{mode: trustEntra, changed: "the managed identity was made again, unknown to the stack", edit: identityMadeAgain, hop: hop.Entra, reason: hop.Missing},
	{mode: trustEntra, changed: "the provider trusts another client id", edit: edits.Replacing(world.PoolProviderType, aProvider, "attributeCondition", "assertion.azp == '", "assertion.azp == '0"), hop: hop.GoogleSTS, reason: hop.ConditionFailed},
	{mode: trustEntra, changed: "the provider expects another audience", edit: with(world.PoolProviderType, aProvider, "oidc.allowedAudiences=[api://other]"), hop: hop.GoogleSTS, reason: hop.AudienceMismatch},

	{mode: ownFederation, changed: "the condition names another subject", edit: edits.Replacing(world.PoolProviderType, "bifrost-aks", "attributeCondition", subjectOld, subjectNew), hop: hop.GoogleSTS, reason: hop.ConditionFailed},
	{mode: ownFederation, changed: "the reader's binding is deleted", edit: edits.Removed(world.ARReaderType, "bifrost-pull@acme-mirror"), hop: hop.ArtifactRegistry, reason: hop.NoPullPermission},
	{mode: ownFederation, changed: "the workload identity user is deleted", edit: edits.Removed(world.ImpersonationType, "bifrost-pull@acme-mirror"), hop: hop.Impersonation, reason: hop.NoImpersonation},
}

func issuerWithoutSlash(t testing.TB, w *cloud.World) {
	for _, r := range edits.The(t, w, credentialType, "") {
		r.State["issuer"] = strings.TrimSuffix(r.State["issuer"].(string), "/")
	}
}

func identityMadeAgain(t testing.TB, w *cloud.World) {
	for _, r := range edits.The(t, w, world.ManagedIdentityType, "") {
		r.State["clientId"], r.State["principalId"] = world.GUID("another client"), world.GUID("another principal")
	}
}

func (c pullCase) name() string { return c.mode.name + "/" + c.changed }

// TestPullCases: whatever link is changed, the up fails, and what it prints names the hop and the reason.
func TestPullCases(t *testing.T) {
	for _, c := range pullCases {
		t.Run(c.name(), func(t *testing.T) {
			s := c.mode.start(t)
			if !c.afterUp {
				s.set(append([]string{"rollout=identity"}, c.mode.settings...)...)
			}
			s.engine.MustUp()
			if c.edit != nil {
				c.edit(t, s.world)
			}
			s.set(append(append([]string{}, c.mode.settings...), c.settings...)...)
			up := s.engine.Up()
			require.Error(t, up.Err)
			require.Contains(t, up.Messages(), fmt.Sprintf("%s: %s: ", c.hop, c.reason))
			for _, secret := range []string{"eyJhbGciOi", canary} {
				require.NotContains(t, up.Messages(), secret, "a token or secret is printed")
			}
		})
	}
}

// TestSlowFederation: the first-run Job tries again while a credential is fresh, and gives up after its seventh try.
func TestSlowFederation(t *testing.T) {
	for _, c := range []struct {
		mode pullMode
		typ  string
		hop  hop.Hop
	}{{trustAKS, world.PoolProviderType, hop.GoogleSTS}, {trustEntra, credentialType, hop.Entra}} {
		t.Run(c.mode.name, func(t *testing.T) {
			s := c.mode.start(t)
			s.set(append([]string{"rollout=identity"}, c.mode.settings...)...)
			s.engine.MustUp()
			id := edits.The(t, s.world, c.typ, "")[0].ID
			s.set(c.mode.settings...)
			s.world.Unready[id] = 7
			require.Contains(t, s.engine.Up().Messages(), fmt.Sprintf("%s: %s: ", c.hop, hop.NotReady))
			s.world.Unready[id] = 6
			s.engine.MustUp()
		})
	}
}

const identityDoc = "../../docs/identity.md"

// TestIdentityDoc: the table of docs/identity.md is that of the cases.
func TestIdentityDoc(t *testing.T) {
	const begin, end = "<!-- begin cases: written by go test ./sandbox -run TestIdentityDoc -update -->\n", "<!-- end cases -->\n"
	text, err := os.ReadFile(identityDoc)
	require.NoError(t, err)
	before, rest, ok := bytes.Cut(text, []byte(begin))
	require.True(t, ok)
	_, after, ok := bytes.Cut(rest, []byte(end))
	require.True(t, ok)
	var table strings.Builder
	table.WriteString("| Mode | What is changed | Hop that refuses | Reason |\n|---|---|---|---|\n")
	for _, c := range pullCases {
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", c.mode.name, c.changed, c.hop, c.reason)
	}
	want := string(before) + begin + table.String() + end + string(after)
	if *update {
		require.NoError(t, os.WriteFile(identityDoc, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(text), "run: go test ./sandbox -run TestIdentityDoc -update")
	require.GreaterOrEqual(t, len(pullCases), 40)
}
