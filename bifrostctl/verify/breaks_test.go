package verify_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/verify"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/report"
	"bifrost/bifrostctl/world"
)

const (
	ingressRuleType = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"

	subject  = "system:serviceaccount:bifrost:bifrost-pull"
	stranger = "system:serviceaccount:bifrost:somebody-else"

	// ownIdentity lets the stack make an identity of the gateway's own.
	ownIdentity = "aks.gatewayIdentity.name=bifrost-gateway-identity"
)

// pullSecret changes what is in the pull Secret.
func pullSecret(name string, change func(auths map[string]any)) edits.Edit {
	return func(t testing.TB, w *cloud.World) {
		for _, r := range edits.The(t, w, edits.SecretKind, name) {
			data := r.State["data"].(map[string]any)
			text, err := base64.StdEncoding.DecodeString(data[".dockerconfigjson"].(string))
			require.NoError(t, err)
			var document map[string]any
			require.NoError(t, json.Unmarshal(text, &document))
			change(document["auths"].(map[string]any))
			text, err = json.Marshal(document)
			require.NoError(t, err)
			data[".dockerconfigjson"] = base64.StdEncoding.EncodeToString(text)
		}
	}
}

func forHost(host string) func(auths map[string]any) {
	return func(auths map[string]any) {
		for key, login := range auths {
			delete(auths, key)
			auths[host] = login
			return
		}
	}
}

// endsIn gives the login a token of the form of Amazon ECR's, which tells when it ends.
func endsIn(d time.Duration) func(auths map[string]any) {
	return func(auths map[string]any) {
		text, _ := json.Marshal(map[string]any{"type": "DATA_KEY", "expiration": time.Now().Add(d).Unix()}) // numbers and texts alone
		token := base64.StdEncoding.EncodeToString(text)
		for _, login := range auths {
			login.(map[string]any)["password"] = token
			login.(map[string]any)["auth"] = base64.StdEncoding.EncodeToString([]byte("AWS:" + token))
		}
	}
}

// writtenNow lets the refresher have written a pull Secret just now.
func writtenNow(name string) edits.Edit {
	return edits.With(edits.SecretKind, name, "metadata.managedFields=[{manager: bifrost-pull, operation: Apply, apiVersion: v1, time: "+
		strconv.Quote(time.Now().UTC().Format(time.RFC3339))+"}]")
}

// failedJob lets the last refresh end on these words.
func failedJob(words string) edits.Edit {
	text, _ := json.Marshal(map[string]any{"failed": 1, "conditions": []any{map[string]any{ // texts and numbers alone
		"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit: " + words,
	}}})
	return edits.With(edits.JobKind, "-first-", "status="+string(text))
}

// waitingJob lets the pod of the last refresh find no node, with the scheduler's words.
func waitingJob(words string) edits.Edit {
	return func(t testing.TB, w *cloud.World) {
		job := edits.The(t, w, edits.JobKind, "-first-")[0]
		edits.With(edits.JobKind, "-first-", "status={active: 1}")(t, w)
		namespace, name, _ := strings.Cut(job.ID, "/")
		w.Put(&world.Resource{Type: "kubernetes:core/v1:Pod", Scope: job.Scope, ID: namespace + "/waiting", State: map[string]any{
			"apiVersion": "v1", "kind": "Pod",
			"metadata": map[string]any{"namespace": namespace, "name": "waiting", "labels": map[string]any{"batch.kubernetes.io/job-name": name}},
			"status": map[string]any{"phase": "Pending", "conditions": []any{map[string]any{
				"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words,
			}}},
		}})
	}
}

// breakage is one broken link: the one check that fails, what it says, and the hint.
type breakage struct {
	way   way
	what  string
	edit  edits.Edit
	code  string
	error string
	hint  string
	// settings are of the stack from the beginning; later ones come into the stack file after the up.
	settings, later []string
	// again brings the later settings up, which fails.
	again bool
	// status is failed unless it says warning.
	status check.Status
}

// isOnly asserts that what is broken is the one finding.
func (b breakage) isOnly(t *testing.T, found []report.Check) {
	t.Helper()
	require.Len(t, found, 1, "%+v", found)
	require.Equal(t, b.code, found[0].Code, "%+v", found[0])
	require.Equal(t, cmp.Or(b.status, check.Failed), found[0].Result)
	require.Contains(t, found[0].Error, b.error)
	require.Contains(t, found[0].Hint, b.hint)
}

const (
	handOff   = "bifrostctl handoff "
	upAWS     = "pulumi up --refresh --stack aws-dev"
	upAzure   = "pulumi up --refresh --stack azure-dev"
	runECR    = "kubectl create job refresh-now --from=cronjob/refresh-ecr-secret -n bifrost"
	runAR     = "kubectl create job refresh-now --from=cronjob/refresh-ar-secret -n bifrost"
	newECRTag = "registry.image=444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:2.1.1"
	enable    = "az aks update --resource-group bifrost-dev --name dev --enable-oidc-issuer --enable-workload-identity"
)

var breakages = []breakage{
	// EKS: the recipe's "ImagePullBackOff Errors" and "Authentication Errors".
	{way: refreshIRSA, what: "the trust names another cluster's OIDC provider", edit: edits.Replacing(pulumitype.AwsRole, edits.PullRole, "assumeRolePolicy", "oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/", "oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/0"), code: "eks-trust-provider", error: "does not name the OIDC provider of the cluster", hint: upAWS},
	{way: refreshIRSA, what: "the trust allows another action", edit: edits.Replacing(pulumitype.AwsRole, edits.PullRole, "assumeRolePolicy", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRole"), code: "eks-trust-provider", error: "does not allow sts:AssumeRoleWithWebIdentity", hint: upAWS},
	{way: refreshIRSA, what: "the trust names another ServiceAccount", edit: edits.Replacing(pulumitype.AwsRole, edits.PullRole, "assumeRolePolicy", subject, stranger), code: "eks-trust-subject", error: stranger, hint: upAWS + `; it writes "` + subject + `"`},
	{way: refreshIRSA, what: "the trust names another audience", edit: edits.Replacing(pulumitype.AwsRole, edits.PullRole, "assumeRolePolicy", `:aud":"sts.amazonaws.com"`, `:aud":"sts.example.com"`), code: "eks-trust-audience", error: "sts.example.com", hint: upAWS},
	{way: refreshIRSA, what: "the policy lacks BatchGetImage", edit: edits.Replacing(edits.PolicyType, "BifrostECRPullPolicy", "policy", `"ecr:BatchGetImage",`, ""), code: "eks-policy-pull", error: "allows ecr:BatchGetImage on", hint: upAWS},
	{way: refreshIRSA, what: "the policy names another repository", edit: edits.Replacing(edits.PolicyType, "BifrostECRPullPolicy", "policy", "repository/acme-hub", "repository/other"), code: "eks-policy-pull", error: "ecr:BatchGetImage, ecr:GetDownloadUrlForLayer, ecr:BatchCheckLayerAvailability", hint: upAWS},
	{way: refreshIRSA, what: "the policy lacks GetAuthorizationToken", edit: edits.Replacing(edits.PolicyType, "BifrostECRPullPolicy", "policy", "ecr:GetAuthorizationToken", "ecr:ListImages"), code: "eks-policy-token", error: "ecr:GetAuthorizationToken", hint: upAWS},
	{way: refreshIRSA, what: "the policy is detached", edit: edits.Removed(edits.AttachmentType, edits.PullRole), code: "made-aws-identities", error: "the attachment of BifrostECRPullPolicy to role BifrostECRPullRole is gone", hint: upAWS},
	{way: refreshIRSA, what: "the role is not allowlisted", edit: edits.NotAllowlisted(edits.PullRole), code: "pull-manifest", error: "the vendor has not allowlisted the principal", hint: handOff + "aws-dev"},
	{way: refreshIRSA, what: "the vendor has no such tag", settings: []string{"ecs=null"}, edit: edits.With(pulumitype.AwsEcrRepository, "", "tags=[2.0.9]"), code: "pull-manifest", error: "the registry has no such image", hint: "registry.image"},
	{way: refreshIRSA, what: "the image is removed by hand", settings: []string{"ecs=null"}, edit: edits.Removed(world.ImageType, "acme-hub"), code: "pull-manifest", error: "the registry has no such image", hint: "registry.image"},
	{way: trustAKS, what: "the image is removed by hand", edit: edits.Removed(world.ImageType, "acme-hub"), code: "pull-manifest", error: "the registry has no such image", hint: "registry.image"},
	{way: refreshIRSA, what: "the first run's Job is tidied away", edit: edits.Removed(edits.JobKind, "-first-"), code: "made-workloads", error: "is gone", hint: upAWS, status: check.Warning},
	{way: refreshIRSA, what: "the vendor has no such repository", settings: []string{"ecs=null"}, edit: edits.Removed(pulumitype.AwsEcrRepository, ""), code: "pull-manifest", error: "the registry has no such image", hint: "registry.image"},
	{way: refreshIRSA, what: "the account has no OIDC provider", edit: edits.Removed(pulumitype.AwsOidcProvider, ""), code: "eks-oidc-provider", error: "has no IAM OIDC provider", hint: "eksctl utils associate-iam-oidc-provider --region us-east-1 --cluster dev --approve"},
	{way: refreshIRSA, what: "the OIDC provider does not know the audience", edit: edits.With(pulumitype.AwsOidcProvider, "", "clientIdLists=[other]"), code: "eks-oidc-provider", error: "audiences other", hint: "aws iam add-client-id-to-open-id-connect-provider"},
	{way: refreshIRSA, what: "the role is deleted", edit: edits.Removed(pulumitype.AwsRole, edits.PullRole), code: "eks-role", error: "does not exist", hint: handOff + "aws-dev"},
	{way: refreshIRSA, what: "the role was made again", edit: edits.With(pulumitype.AwsRole, edits.PullRole, "uniqueId=AROAANOTHER0000000001"), code: "eks-role", error: "was made again: its unique id is AROAANOTHER0000000001", hint: handOff + "aws-dev"},
	{way: refreshIRSA, what: "the refresher mounts a token for another audience", edit: edits.With(edits.CronJobKind, "refresh-ecr-secret", "spec.jobTemplate.spec.template.spec.volumes[3].projected.sources[0].serviceAccountToken.audience=other"), code: "pull-refresher", error: "audience mismatch", hint: upAWS},
	{way: refreshIRSA, what: "the pull Secret is deleted", edit: edits.Removed(edits.SecretKind, "ecr-pull-secret"), code: "pull-secret", error: "there is no Secret ecr-pull-secret", hint: runECR},
	{way: refreshIRSA, what: "no refresh for 13 hours", edit: edits.Later(13 * time.Hour), code: "pull-token", error: "it has expired", hint: runECR},
	{way: refreshIRSA, what: "no refresh for 11 hours", edit: edits.Later(11 * time.Hour), code: "pull-token", error: "scheduled runs did not refresh it", hint: runECR, status: check.Warning},
	{way: refreshIRSA, what: "the token itself says that it has ended", edit: edits.All(pullSecret("ecr-pull-secret", endsIn(-time.Hour)), writtenNow("ecr-pull-secret")), code: "pull-token", error: "it has expired", hint: runECR},
	{way: refreshIRSA, what: "no node takes the refresher's pod", edit: waitingJob("0/3 nodes are available: 3 node(s) had untolerated taint(s)"), code: "pull-job", error: "waits for a node: 0/3 nodes are available", hint: "refresher.scheduling", status: check.Warning},
	{way: refreshIRSA, what: "the pull Secret is for another registry", edit: pullSecret("ecr-pull-secret", forHost("444455556666.dkr.ecr.eu-west-1.amazonaws.com")), code: "pull-login", error: "holds logins for 444455556666.dkr.ecr.eu-west-1.amazonaws.com", hint: runECR},
	{way: refreshIRSA, what: "the pull Secret is empty", edit: pullSecret("ecr-pull-secret", func(auths map[string]any) { clear(auths) }), code: "pull-login", error: "holds no login", hint: runECR},
	{way: refreshIRSA, what: "the refresher's Role lacks patch", edit: edits.With(edits.RoleKind, "secret-manager", "rules[0].verbs=[create]"), code: "pull-rights", error: "lets it patch the Secret", hint: upAWS},
	{way: refreshIRSA, what: "the refresher's RoleBinding is deleted", edit: edits.Removed(edits.BindingKind, "secret-manager-binding"), code: "made-accounts", error: "RoleBinding secret-manager-binding in namespace bifrost is gone", hint: upAWS},
	{way: refreshIRSA, what: "the refresher's ServiceAccount is deleted", edit: edits.Removed(edits.AccountKind, "bifrost-pull"), code: "made-accounts", error: "ServiceAccount bifrost-pull in namespace bifrost is gone", hint: upAWS},
	{way: refreshIRSA, what: "the CronJob is suspended", edit: edits.With(edits.CronJobKind, "refresh-ecr-secret", "spec.suspend=true"), code: "pull-schedule", error: "is suspended", hint: "kubectl patch cronjob refresh-ecr-secret -n bifrost"},
	{way: refreshIRSA, what: "the CronJob is deleted", edit: edits.Removed(edits.CronJobKind, "refresh-ecr-secret"), code: "pull-schedule", error: "there is no CronJob", hint: upAWS},
	{way: refreshIRSA, what: "the last refresh failed at STS", edit: failedJob("An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to perform sts:AssumeRoleWithWebIdentity"), code: "pull-job", error: "the role does not trust the refresher's ServiceAccount", hint: upAWS},
	{way: refreshIRSA, what: "the last refresh could not write", edit: failedJob(`Error from server (Forbidden): secrets "ecr-pull-secret" is forbidden`), code: "pull-job", error: "may not write the pull Secret", hint: upAWS},

	// What runs is not what the configuration says.
	{way: refreshIRSA, what: "somebody set another image", edit: edits.With(edits.DeploymentKind, "bifrost/bifrost", "spec.template.spec.containers[0].image=444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:2.0.0"), code: "config-image", error: "acme-hub:2.0.0, and registry.image is", hint: upAWS},
	{way: refreshIRSA, what: "the Deployment is deleted", edit: edits.Removed(edits.DeploymentKind, "bifrost/bifrost"), code: "workload-exists", error: "there is no Deployment bifrost", hint: upAWS},
	{way: refreshIRSA, what: "somebody scaled the Deployment", edit: edits.With(edits.DeploymentKind, "bifrost/bifrost", "spec.replicas=1"), code: "config-replicas", error: "has 1 replicas, and the configuration says 2", hint: upAWS},
	{way: refreshIRSA, what: "the configuration was changed and not brought up", later: []string{"gateway.config.client.enforce_auth_on_inference=false"}, code: "config-json", error: "at client.enforce_auth_on_inference", hint: upAWS},
	{way: refreshIRSA, what: "the configuration names another repository", later: []string{"ecs=null", "registry.image=444455556666.dkr.ecr.us-east-1.amazonaws.com/other-hub:2.1.0"}, settings: []string{"ecs=null"}, edit: alsoOther, code: "config-repository", error: "repository/other-hub", hint: handOff},
	{way: refreshIRSA, what: "a variable is gone", edit: func(t testing.TB, w *cloud.World) {
		for _, r := range edits.The(t, w, edits.SecretKind, "bifrost-env") {
			delete(r.State["data"].(map[string]any), "PG_PASSWORD")
		}
	}, code: "config-env", error: "refers to PG_PASSWORD", hint: "--secret --path 'bifrost:secrets.env.PG_PASSWORD'"},
	{way: refreshIRSA, what: "the annotation that rolls pods is gone", edit: edits.With(edits.DeploymentKind, "bifrost/bifrost", "spec.template.metadata.annotations={}"), code: "config-checksum", error: "lacks the annotation checksum/config", hint: upAWS},
	{way: refreshIRSA, what: "the readiness probe asks another path", edit: edits.With(edits.DeploymentKind, "bifrost/bifrost", "spec.template.spec.containers[0].readinessProbe.httpGet.path=/"), code: "workload-probes", error: "does not ask for /health", hint: upAWS},
	{way: refreshIRSA, what: "liveness asks for the stores' health, as the recipe has it", edit: edits.With(edits.DeploymentKind, "bifrost/bifrost", "spec.template.spec.containers[0].livenessProbe={httpGet: {path: /health, port: 8080}, failureThreshold: 3}"), code: "workload-probes", error: "an outage of the database would restart every pod", hint: upAWS},
	{way: refreshIRSA, what: "the Service selects other pods", edit: edits.With(edits.ServiceKind, "bifrost/bifrost", "spec.selector={app: other}"), code: "workload-endpoints", error: "selects no ready pod", hint: upAWS},
	{way: refreshIRSA, what: "the rollout stands still", edit: edits.With(edits.DeploymentKind, "bifrost/bifrost", "status.availableReplicas=1"), code: "workload-rollout", error: "1 are available", hint: "--wait 10m"},
	{way: refreshIRSA, what: "the gateway's own role is not the configured one", settings: []string{"eks.gatewayRoleArn=arn:aws:iam::111122223333:role/bedrock"}, edit: edits.With(edits.AccountKind, "bifrost-sa", "metadata.annotations={}"), code: "workload-identity", error: "eks.amazonaws.com/role-arn", hint: upAWS},

	{way: podIdentity, what: "the add-on is gone", edit: edits.EKS(func(c *world.EKSCluster) { c.PodIdentityAgent = false }), code: "eks-pod-identity-agent", error: "eks-pod-identity-agent", hint: "aws eks create-addon --region us-east-1 --cluster-name dev --addon-name eks-pod-identity-agent"},
	{way: podIdentity, what: "the association is deleted", edit: edits.Removed(pulumitype.AwsPodIdentityAssociation, ""), code: "eks-pod-identity-association", error: "is associated with nothing", hint: upAWS},
	{way: podIdentity, what: "the trust names another namespace", edit: edits.Replacing(pulumitype.AwsRole, edits.PullRole, "assumeRolePolicy", `kubernetes-namespace":"bifrost"`, `kubernetes-namespace":"other"`), code: "eks-trust-pod-identity", error: "kubernetes-namespace", hint: upAWS},
	{way: podIdentity, what: "the trust lacks sts:TagSession", edit: edits.Replacing(pulumitype.AwsRole, edits.PullRole, "assumeRolePolicy", `,"sts:TagSession"`, ""), code: "eks-trust-pod-identity", error: "sts:TagSession", hint: upAWS},

	{way: byNode, what: "the policy is detached from the node role", edit: edits.Removed(edits.AttachmentType, "dev-node"), code: "made-aws-identities", error: "to role dev-node is gone", hint: upAWS},
	{way: byNode, what: "the cluster has nodes of another role", edit: edits.EKS(func(c *world.EKSCluster) { c.NodeRoles = append(c.NodeRoles, "other-node") }), code: "eks-node-roles", error: "role/other-node, which eks.nodeRoleArns lacks", hint: "eks.nodeRoleArns in Pulumi.aws-dev.yaml"},
	{way: byNode, what: "the node role is not allowlisted, and pods wait for their image", edit: edits.NotAllowlisted("dev-node"), later: []string{newECRTag}, again: true, code: "pull-events", error: "the vendor has not allowlisted the principal", hint: handOff + "aws-dev"},
	{way: byKubelet, what: "the ServiceAccount names no role for kubelets", edit: edits.With(edits.AccountKind, "bifrost-sa", "metadata.annotations={}"), code: "eks-kubelet-annotation", error: "eks.amazonaws.com/ecr-role-arn", hint: upAWS},
	{way: byKubelet, what: "the trust names another ServiceAccount", edit: edits.Replacing(pulumitype.AwsRole, edits.PullRole, "assumeRolePolicy", "serviceaccount:bifrost:bifrost-sa", "serviceaccount:bifrost:other"), code: "eks-trust-subject", error: "serviceaccount:bifrost:other", hint: upAWS},
	{way: byKubelet, what: "the nodes' kubelets are not configured, and pods wait for their image", edit: edits.EKS(func(c *world.EKSCluster) { c.CredentialProvider = false }), later: []string{newECRTag}, again: true, code: "pull-events", error: "do not configure ecr-credential-provider", hint: ""},

	// ECS.
	{way: onECS, what: "the execution role is not allowlisted", edit: edits.NotAllowlisted(edits.ExecutionRole), code: "ecs-tasks", error: "the vendor has not allowlisted the principal", hint: handOff + "aws-dev"},
	{way: onECS, what: "the trust names another account", edit: edits.Replacing(pulumitype.AwsRole, edits.ExecutionRole, "assumeRolePolicy", "111122223333", "999988887777"), code: "ecs-trust", error: "aws:SourceArn", hint: upAWS},
	{way: onECS, what: "the execution role is deleted", edit: edits.Removed(pulumitype.AwsRole, edits.ExecutionRole), code: "ecs-role", error: "does not exist", hint: handOff},
	{way: onECS, what: "the policy lacks BatchGetImage", edit: edits.Replacing(edits.PolicyType, "BifrostECSPullPolicy", "policy", `"ecr:BatchGetImage",`, ""), code: "ecs-policy-pull", error: "ecr:BatchGetImage", hint: upAWS},
	{way: onECS, what: "the execution role may not read the secrets", edit: edits.Replacing(edits.RolePolicyType, "", "policy", "secretsmanager:GetSecretValue", "secretsmanager:ListSecrets"), code: "ecs-policy-run", error: "secretsmanager:GetSecretValue", hint: upAWS},
	{way: onECS, what: "the execution role may not write the log", edit: edits.Replacing(edits.RolePolicyType, "", "policy", "logs:CreateLogStream", "logs:DescribeLogStreams"), code: "ecs-policy-run", error: "logs:CreateLogStream", hint: upAWS},
	{way: onECS, what: "the health check is the recipe's, with curl", edit: edits.Replacing(edits.TaskType, "", "containerDefinitions", "wget -q -O /dev/null http://127.0.0.1:8080/health", "curl -f http://localhost:8080/health"), code: "ecs-tasks", error: "the container is not healthy", hint: "aws logs tail /ecs/bifrost"},
	{way: onECS, what: "a secret is deleted", edit: edits.Removed("aws:secretsmanager/secretVersion:SecretVersion", ""), code: "made-aws-secrets", error: "the value of arn:aws:secretsmanager:us-east-1:111122223333:secret:bifrost/BIFROST_ADMIN_PASSWORD", hint: upAWS},
	{way: onECS, what: "the log group is deleted", edit: edits.Removed("aws:cloudwatch/logGroup:LogGroup", ""), code: "made-aws-tasks", error: "LogGroup /ecs/bifrost is gone", hint: upAWS},
	{way: onECS, what: "somebody changed the number of tasks", edit: edits.With(edits.ServiceType, "", "desiredCount=1"), code: "ecs-config-count", error: "wants 1 tasks, and the configuration says 2", hint: upAWS},
	{way: onECS, what: "the service is deleted", edit: edits.Removed(edits.ServiceType, ""), code: "ecs-service-exists", error: "there is no ECS service bifrost", hint: upAWS},

	// AKS: the recipe's "ImagePullBackOff Errors", "Token Exchange Failures", "Azure Workload Identity Issues".
	{way: trustAKS, what: "the pull Secret is deleted", edit: edits.Removed(edits.SecretKind, "ar-pull-secret"), code: "pull-secret", error: "there is no Secret ar-pull-secret", hint: runAR},
	{way: trustAKS, what: "no refresh for 2 hours", edit: edits.Later(2 * time.Hour), code: "pull-token", error: "it has expired", hint: runAR},
	{way: trustAKS, what: "the pull Secret is for another location", edit: pullSecret("ar-pull-secret", forHost("us-docker.pkg.dev")), code: "pull-login", error: "holds logins for us-docker.pkg.dev", hint: runAR},
	{way: trustAKS, what: "the last refresh failed: audience mismatch", edit: failedJob("('Error code invalid_grant: The audience in ID Token [api://other] does not match the expected audience', ...)"), code: "pull-job", error: "audience mismatch", hint: upAzure},
	{way: trustAKS, what: "the last refresh failed: subject mismatch", edit: failedJob("AADSTS700213: No matching federated identity record found for presented assertion subject"), code: "pull-job", error: "subject mismatch", hint: upAzure},
	{way: trustAKS, what: "the last refresh failed: permission denied", edit: failedJob("Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."), code: "pull-job", error: "may not act as Google's service account", hint: handOff + "azure-dev"},
	{way: trustAKS, what: "the credential configuration names another audience", edit: func(t testing.TB, w *cloud.World) {
		for _, r := range edits.The(t, w, edits.ConfigMapKind, "gcp-credential-config") {
			data := r.State["data"].(map[string]any)
			data["credential-config.json"] = strings.ReplaceAll(data["credential-config.json"].(string), "acme-hub-azure-provider", "other-provider")
		}
	}, code: "pull-credential-config", error: "at audience", hint: upAzure},
	{way: trustAKS, what: "the vendor's service account may not read the repository", edit: edits.Removed(pulumitype.GcpRepositoryMember, ""), code: "pull-manifest", error: "may not read the repository", hint: handOff + "azure-dev"},
	{way: trustAKS, what: "the refresher mounts a token for another audience", edit: edits.With(edits.CronJobKind, "refresh-ar-secret", "spec.jobTemplate.spec.template.spec.volumes[4].projected.sources[0].serviceAccountToken.audience=other"), code: "pull-refresher", error: "audience mismatch", hint: upAzure},
	{way: trustAKS, what: "the managed identity is deleted", edit: edits.Removed(pulumitype.AzureManagedIdentity, ""), code: "aks-identity", error: "there is no managed identity bifrost-pull-identity", hint: handOff + "azure-dev"},
	{way: trustAKS, what: "the managed identity was made again", edit: edits.With(pulumitype.AzureManagedIdentity, "", "clientId=00000000-0000-4000-8000-0000000000ff"), code: "aks-identity", error: "was made again", hint: handOff + "azure-dev"},
	{way: trustEntra, what: "the managed identity was made again", edit: edits.With(pulumitype.AzureManagedIdentity, "", "clientId=00000000-0000-4000-8000-0000000000ff"), code: "aks-identity", error: "was made again", hint: "send the vendor client id 00000000-0000-4000-8000-0000000000ff and principal id "},
	{way: ownEntra, what: "the managed identity was made again", edit: edits.With(pulumitype.AzureManagedIdentity, "", "clientId=00000000-0000-4000-8000-0000000000ff"), code: "aks-identity", error: "was made again", hint: handOff + "azure-dev"},
	{way: trustAKS, what: "the federated credential is deleted", edit: edits.Removed(edits.CredentialType, ""), code: "aks-credential", error: "has no federated credential", hint: upAzure},
	{way: trustAKS, what: "the federated credential has another subject", edit: edits.With(edits.CredentialType, "", "subject="+stranger), code: "aks-credential-subject", error: "subject mismatch", hint: "--subject '" + subject + "'"},
	{way: trustAKS, what: "the federated credential has another audience", edit: edits.With(edits.CredentialType, "", "audiences=[api://other]"), code: "aks-credential-audience", error: "audience mismatch", hint: "--audiences 'api://AzureADTokenExchange'"},
	{way: trustAKS, what: "the federated credential's issuer lacks its slash", edit: func(t testing.TB, w *cloud.World) {
		for _, r := range edits.The(t, w, edits.CredentialType, "") {
			r.State["issuer"] = strings.TrimSuffix(r.State["issuer"].(string), "/")
		}
	}, code: "aks-credential-issuer", error: "issuer mismatch", hint: "az identity federated-credential update"},
	{way: trustAKS, what: "the issuer is off", edit: edits.AKS(func(c *world.AKSCluster) { c.OIDCIssuer = false }), code: "aks-issuer", error: "is off", hint: enable},
	{way: trustAKS, what: "workload identity is off", edit: edits.AKS(func(c *world.AKSCluster) { c.WorkloadIdentity = false }), code: "aks-workload-identity", error: "is off", hint: enable},
	{way: trustAKS, what: "the gateway's own credential is deleted", settings: []string{ownIdentity}, edit: edits.Removed(edits.CredentialType, "bifrost-gateway-credential"), code: "aks-gateway-credential", error: "has no federated credential for system:serviceaccount:bifrost:bifrost-sa", hint: "pulumi refresh"},
	{way: trustAKS, what: "the gateway's own credential has another issuer", settings: []string{ownIdentity}, edit: edits.With(edits.CredentialType, "bifrost-gateway-credential", "issuer=https://other.example.com/"), code: "aks-gateway-credential", error: "issuer mismatch", hint: "pulumi refresh"},
	{way: trustAKS, what: "the gateway's own credential has another audience", settings: []string{ownIdentity}, edit: edits.With(edits.CredentialType, "bifrost-gateway-credential", "audiences=[api://other]"), code: "aks-gateway-credential", error: "audience mismatch", hint: "pulumi refresh"},
	{way: trustAKS, what: "the given client id is of no identity here", settings: []string{"aks.gatewayClientId=00000000-0000-4000-8000-000000000abc"}, edit: edits.All(), code: "aks-gateway-credential", status: check.Warning, error: "has no managed identity with client id 00000000-0000-4000-8000-000000000abc", hint: "az identity list"},
	{way: trustAKS, what: "the gateway's pods lack the label", settings: []string{ownIdentity}, edit: edits.With(edits.DeploymentKind, "bifrost/bifrost", "spec.template.metadata.labels={app: bifrost}"), code: "workload-identity", error: "azure.workload.identity/use", hint: upAzure},
	{way: trustAKS, what: "the gateway's ServiceAccount lacks the annotation", settings: []string{ownIdentity}, edit: edits.With(edits.AccountKind, "bifrost-sa", "metadata.annotations={}"), code: "workload-identity", error: "azure.workload.identity/client-id", hint: upAzure},

	// Google's side, where the stack makes it.
	{way: ownFederation, what: "the pool is deleted", edit: edits.With(pulumitype.GcpPool, "bifrost-azure", "state=DELETED"), code: "gcp-pool", error: "is deleted or disabled", hint: "gcloud iam workload-identity-pools undelete bifrost-azure --project acme-mirror --location global"},
	{way: ownFederation, what: "the provider is disabled", edit: edits.With(pulumitype.GcpPoolProvider, "bifrost-aks", "disabled=true"), code: "gcp-provider", error: "is deleted or disabled", hint: upAzure},
	{way: ownFederation, what: "the provider trusts another issuer", edit: edits.With(pulumitype.GcpPoolProvider, "bifrost-aks", "oidc.issuerUri=https://example.com/"), code: "gcp-issuer", error: "issuer mismatch", hint: upAzure},
	{way: ownFederation, what: "the provider expects another audience", edit: edits.With(pulumitype.GcpPoolProvider, "bifrost-aks", "oidc.allowedAudiences=[api://other]"), code: "gcp-audience", error: "audience mismatch", hint: upAzure},
	{way: ownFederation, what: "the condition names another subject", edit: edits.Replacing(pulumitype.GcpPoolProvider, "bifrost-aks", "attributeCondition", subject, stranger), code: "gcp-condition", error: "does not meet the condition", hint: upAzure},
	{way: ownFederation, what: "the provider maps every cluster's ServiceAccount alike", edit: edits.With(pulumitype.GcpPoolProvider, "bifrost-aks", "attributeMapping={google.subject: assertion.sub}"), code: "gcp-member", error: "subject/" + subject + " does not have roles/iam.workloadIdentityUser", hint: upAzure},
	{way: ownFederation, what: "the workload identity user is deleted", edit: edits.Removed(pulumitype.GcpServiceAccountMember, "bifrost-pull@acme-mirror"), code: "gcp-member", error: "roles/iam.workloadIdentityUser", hint: upAzure},
	{way: ownFederation, what: "the reader's binding is deleted", edit: edits.Removed(pulumitype.GcpRepositoryMember, "bifrost-pull@acme-mirror"), code: "gcp-repository", error: "roles/artifactregistry.reader", hint: upAzure},
	// What enforces network policies.
	{way: byKubelet, what: "the VPC CNI's switch is off", edit: eksPolicies(world.NoEngine), code: policiesCode, error: "no container of DaemonSet aws-node has --enable-network-policy=true", hint: "aws eks update-addon --region us-east-1 --cluster-name dev --addon-name vpc-cni"},
	{way: byKubelet, what: "the switch of one's own VPC CNI is off", edit: eksPolicies(world.SelfManagedOff), code: policiesCode, error: "aws-node", hint: "helm upgrade --set enableNetworkPolicy=true"},
	{way: byKubelet, what: "EKS Auto Mode without its ConfigMap", edit: eksPolicies(world.AutoModeOff), code: policiesCode, error: "does not switch it on in EKS Auto Mode", hint: "kubectl create configmap amazon-vpc-cni -n kube-system"},
	{way: byKubelet, what: "a network plugin that nobody knows", edit: eksPolicies(world.Unknown), code: policiesCode, error: "the EKS cluster has no add-on vpc-cni", hint: "kubectl get daemonsets -A", status: check.Warning},
	{way: byKubelet, what: "pods on Fargate", edit: edits.With(edits.DeploymentKind, "bifrost/bifrost", "spec.template.metadata.labels={app: bifrost, eks.amazonaws.com/fargate-profile: gateways}"), code: policiesCode, error: "its pods run on Fargate", hint: "gateway.networkPolicy.disabled"},
	{way: trustAKS, what: "no policy engine", edit: aksPolicies(world.NoEngine), code: policiesCode, error: "its network policy engine is none", hint: "az aks update --resource-group bifrost-dev --name dev --network-policy calico"},
	{way: trustAKS, what: "a network plugin of one's own", edit: aksPolicies(world.Unknown), code: policiesCode, error: "a network plugin that Azure does not know", hint: "kubectl get daemonsets -A", status: check.Warning},

	// The examples' own links.
	{way: minimal, what: "the StatefulSet is deleted", edit: edits.Removed(edits.StatefulKind, "bifrost/bifrost"), code: "workload-exists", error: "there is no StatefulSet bifrost", hint: "pulumi up --refresh --stack minimal"},
	{way: minimal, what: "the claim is deleted", edit: edits.Removed(edits.ClaimKind, ""), code: "workload-claims", error: "there is no PersistentVolumeClaim data-bifrost-0", hint: "kubectl delete pod bifrost-0"},
	{way: minimal, what: "the claim is not bound", edit: edits.With(edits.ClaimKind, "", "status={phase: Pending}"), code: "workload-claims", error: "data-bifrost-0 is Pending", hint: "kubectl describe persistentvolumeclaim data-bifrost-0 -n bifrost"},
	{way: minimal, what: "the claim did not grow", later: []string{"gateway.storage.grownTo=20Gi"}, code: "workload-claims", error: "data-bifrost-0 asks for 10Gi, and gateway.storage.grownTo is 20Gi", hint: `kubectl patch persistentvolumeclaim data-bifrost-0 -n bifrost --type merge -p '{"spec":{"resources":{"requests":{"storage":"20Gi"}}}}'`},
	{way: minimal, what: "the claim grows yet", later: []string{"gateway.storage.grownTo=20Gi"}, edit: edits.With(edits.ClaimKind, "", "spec.resources.requests.storage=20Gi"), code: "workload-claims", error: "has 10Gi of the 20Gi that it asks for", hint: "kubectl describe persistentvolumeclaim data-bifrost-0 -n bifrost"},
	{way: minimal, what: "the claim has grown by hand", edit: edits.With(edits.ClaimKind, "", "spec.resources.requests.storage=20Gi", "status.capacity.storage=20Gi"), code: "workload-claims", error: "has grown to 20Gi, and gateway.storage.size is 10Gi", hint: "gateway.storage.grownTo: 20Gi", status: check.Warning},
	{way: minimal, what: "the claim has another class", later: []string{"gateway.storage.className=gp3"}, code: "workload-claims", error: `has the class "gp2", and gateway.storage.className is gp3`, hint: "gateway.storage.existingClaim"},
	{way: minimal, what: "a revision that does not roll out", edit: edits.With(edits.StatefulKind, "bifrost/bifrost", "status.updateRevision=bifrost-next"), code: "workload-rollout", error: "StatefulSet bifrost wants 1 pods", hint: "kubectl describe statefulset bifrost -n bifrost"},
	{way: clustered, what: "the discovery's RoleBinding is deleted", edit: edits.Removed(edits.BindingKind, "discovery"), code: "made-accounts", error: "RoleBinding bifrost-discovery in namespace bifrost is gone", hint: "pulumi up --refresh --stack clustered"},
	{way: brokerOnAKS, what: "the broker is deleted", edit: edits.Removed(edits.DeploymentKind, "bifrost/bifrost-broker"), code: "workload-broker", error: "there is no Deployment bifrost-broker in namespace bifrost", hint: upAzure},
	{way: brokerOnEKS, what: "a second broker", edit: edits.With(edits.DeploymentKind, "bifrost/bifrost-broker", "spec.replicas=2"), code: "workload-broker", error: "wants 2 pods", hint: "pulumi up --refresh --stack aws-dev"},
	{way: brokerOnEKS, what: "the broker does not run", edit: edits.With(edits.DeploymentKind, "bifrost/bifrost-broker", "status.availableReplicas=0"), code: "workload-broker", error: "the broker does not run", hint: "kubectl describe deployment bifrost-broker -n bifrost"},
	{way: referencesOnECS, what: "a secret is deleted for good", edit: edits.Removed(pulumitype.AwsSecret, openaiKey), code: "ecs-references", error: "ecs.secretRefs.OPENAI_API_KEY: there is no secret " + openaiKey, hint: "aws secretsmanager --region us-east-1 list-secrets"},
	{way: referencesOnECS, what: "a secret is scheduled for deletion", edit: scheduled(openaiKey), code: "ecs-references", error: "ecs.secretRefs.OPENAI_API_KEY: the secret " + openaiKey + " is scheduled for deletion", hint: "restore-secret --secret-id " + openaiKey},
	{way: referencesOnECS, what: "a secret has no current version", edit: edits.With(pulumitype.AwsSecretVersion, openaiKey, "versionStages=[AWSPREVIOUS]"), code: "ecs-references", error: "no version of the secret " + openaiKey + " has the stage AWSCURRENT", hint: "put-secret-value"},
	{way: referencesOnECS, what: "a secret has another JSON key", edit: edits.Replacing(pulumitype.AwsSecretVersion, masterPassword, "secretString", `"username"`, `"user"`), code: "ecs-references", error: "has no JSON key username: it has user", hint: "ecs.secretRefs.PG_USER"},
	{way: referencesOnECS, what: "a secret is no JSON", edit: edits.With(pulumitype.AwsSecretVersion, masterPassword, "secretString=sandbox-fake-plain"), code: "ecs-references", error: "it is no JSON object", hint: "ecs.secretRefs.PG_USER"},
	{way: referencesOnECS, what: "a parameter is deleted", edit: edits.Removed(pulumitype.AwsParameter, parameter), code: "ecs-references", error: "ecs.secretRefs.ANTHROPIC_API_KEY: there is no parameter " + parameter, hint: "aws ssm --region us-east-1 describe-parameters"},
	{way: referencesOnECS, what: "a key is disabled", edit: edits.With(pulumitype.AwsKey, referencesKey, "isEnabled=false"), code: "ecs-references", error: "is Disabled", hint: "aws kms --region us-east-1 enable-key --key-id " + referencesKey},
	{way: referencesOnECS, what: "a key is gone", edit: edits.Removed(pulumitype.AwsKey, referencesKey), code: "ecs-references", error: "which does not exist", hint: "under a key that there is"},
	{way: referencesOnECS, what: "a secret is under another key", edit: edits.With(pulumitype.AwsSecret, openaiKey, "kmsKeyId="+anotherKey), code: "ecs-references", error: "allows kms:Decrypt on it", hint: "write " + anotherKey + " into ecs.secretRefKmsKeyArns, then " + upAWS},
	{way: referencesOnECS, what: "the key's policy denies it", edit: edits.Replacing(pulumitype.AwsKey, referencesKey, "policy", "111122223333:root", "999988887777:root"), code: "ecs-references", error: "does not let", hint: "get-key-policy --key-id " + referencesKey},
	{way: referencesOnECS, what: "the right to the key is gone", edit: edits.Replacing(edits.RolePolicyType, "", "policy", referencesKey, anotherKey), code: "ecs-references", error: "allows kms:Decrypt on it", hint: upAWS},
	{way: brokerOnECS, what: "the broker's service is deleted", edit: edits.Removed(edits.ServiceType, "bifrost-broker"), code: "ecs-broker", error: "there is no ECS service bifrost-broker", hint: "pulumi up --refresh --stack aws-dev"},
	{way: brokerOnECS, what: "a second broker's task", edit: edits.With(edits.ServiceType, "bifrost-broker", "desiredCount=2"), code: "ecs-broker", error: "wants 2 tasks", hint: "pulumi up --refresh --stack aws-dev"},
	{way: airGapped, what: "the mirror's Secret is deleted", edit: edits.Removed(edits.SecretKind, "registry-internal"), code: "pull-secret", error: "there is no Secret registry-internal in namespace llm", hint: "kubectl create secret docker-registry registry-internal -n llm --docker-server=registry.internal.example.com"},
	{way: airGapped, what: "an existing Secret is deleted", edit: edits.Removed(edits.SecretKind, "llm/bifrost-secrets"), code: "named-objects", error: "there is no Secret bifrost-secrets", hint: "kubectl create secret generic bifrost-secrets -n llm"},
	{way: ecsProduction, what: "scaled within its bounds and beyond", edit: edits.With(edits.ServiceType, "", "desiredCount=13"), code: "ecs-config-count", error: "wants 13 tasks, and the configuration says 3 to 12", hint: "pulumi up --refresh --stack ecs-production"},
	{way: ecsProduction, what: "nothing is let in to the tasks", edit: edits.Removed(ingressRuleType, ""), code: "made-aws-network", error: "is gone; and 2 more", hint: "pulumi up --refresh"},
	{way: gatewayPodIdentity, what: "the gateway's association is deleted", edit: edits.Removed(pulumitype.AwsPodIdentityAssociation, ""), code: "workload-identity", error: "ServiceAccount bifrost/bifrost-sa is associated with nothing, not with arn:aws:iam::111122223333:role/BifrostGatewayRole", hint: upAWS},
	{way: refreshIRSA, what: "the gateway's made role is not named", settings: []string{"ecs=null", "eks.gatewayPolicyArns=[" + bedrock + "]"}, edit: edits.With(edits.AccountKind, "bifrost-sa", "metadata.annotations={}"), code: "workload-identity", error: "role/BifrostGatewayRole", hint: upAWS},
	{way: ownEntra, what: "the condition names another client", edit: edits.Replacing(pulumitype.GcpPoolProvider, "bifrost-aks", "attributeCondition", "assertion.azp == '", "assertion.azp == '0"), code: "gcp-condition", error: "does not meet the condition", hint: upAzure},
}

const policiesCode = "workload-network-policies"

func eksPolicies(engine world.PolicyEngine) edits.Edit {
	return edits.EKS(func(c *world.EKSCluster) { c.NetworkPolicies = engine })
}

func aksPolicies(engine world.PolicyEngine) edits.Edit {
	return edits.AKS(func(c *world.AKSCluster) { c.NetworkPolicies = engine })
}

// alsoOther lets the vendor have the other repository, too, and the stack run its image: only the identities are of the old one.
func alsoOther(t testing.TB, w *cloud.World) {
	const image = "444455556666.dkr.ecr.us-east-1.amazonaws.com/other-hub:2.1.0"
	edits.With(edits.DeploymentKind, "bifrost/bifrost", "spec.template.spec.containers[0].image="+image)(t, w)
	edits.Replacing(edits.PolicyType, "BifrostECRPullPolicy", "policy", "repository/acme-hub", "repository/other-hub")(t, w)
	for _, typ := range []string{pulumitype.AwsEcrRepository, pulumitype.AwsEcrRepositoryPolicy} {
		for _, r := range edits.The(t, w, typ, "acme-hub") {
			w.Put(&world.Resource{Type: typ, Scope: r.Scope, ID: "other-hub", State: r.State})
		}
	}
}

// scheduled lets somebody have deleted a secret, with a recovery window.
func scheduled(arn string) edits.Edit {
	return func(t testing.TB, w *cloud.World) {
		edits.With(pulumitype.AwsSecret, arn, "deletedDate="+time.Now().AddDate(0, 0, 30).UTC().Format(time.RFC3339))(t, w)
		edits.The(t, w, pulumitype.AwsSecret, arn)[0].Deleted = true
	}
}

// TestBreakages: whatever link is broken, the one check of that link fails, says why and how to mend it, and no other one fails or warns.
func TestBreakages(t *testing.T) {
	t.Parallel()
	for _, b := range breakages {
		t.Run(b.way.Name+"/"+b.what, func(t *testing.T) {
			t.Parallel()
			w := b.way
			w.Settings = append(slices.Clone(w.Settings), b.settings...)
			start := stand
			if b.again {
				start = func(t *testing.T, w way) *rehearsed { return rehearse(t, w).up() }
			}
			r := start(t, w)
			if b.edit != nil {
				b.edit(t, r.World)
			}
			switch {
			case b.again:
				require.Error(t, r.set(b.later...).Engine.Up().Err)
			case len(b.later) > 0:
				r.configure(b.later...)
			}
			found := bad(r.document(verify.Options{}))
			b.isOnly(t, found)
			require.NotContains(t, found[0].Error, "eyJhbGciOi", "a token is printed")
		})
	}
}
