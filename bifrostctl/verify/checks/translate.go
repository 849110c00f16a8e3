package checks

import (
	"fmt"
	"regexp"
)

// meaning is what the words of a service mean, and what mends it.
type meaning struct {
	words *regexp.Regexp
	says  string
	mend  func(Stack) string
}

// always is a hint that needs nothing of the stack.
func always(hint string) func(Stack) string { return func(Stack) string { return hint } }

// noAnswer are the words of a network that does not reach a service.
var noAnswer = regexp.MustCompile(`(?i)no such host|i/o timeout|context deadline exceeded|connection refused`)

// meanings are tried in this order. The words are those of the services' errors, of the kubelet's and ECS's events, and of the sandbox's
// hops, which stand in its events beside them.
var meanings = []meaning{
	{regexp.MustCompile(`no resource-based policy allows|: not allowlisted:`), "the vendor has not allowlisted the principal",
		Stack.handOff},
	{regexp.MustCompile(`secrets "[^"]*" is forbidden|Kubernetes API server: forbidden:`),
		"the refresher's ServiceAccount may not write the pull Secret", Stack.up},
	{regexp.MustCompile(`(?i)no identity-based policy allows.*GetAuthorizationToken|: no token permission:`),
		"the role may not ask Amazon ECR for a token", Stack.up},
	{regexp.MustCompile(`no identity-based policy allows`), "the role may not pull from the repository", Stack.up},
	{regexp.MustCompile(`(?i)authorization token has expired|access token is older|token.{0,20}expired|: expired:`),
		"the registry token has expired", Stack.refresh},
	{regexp.MustCompile(`(?i)AADSTS700212|audience in ID Token|Incorrect token audience|audience mismatch`),
		"audience mismatch: the token is for another audience than the other side allows; compare the audience of the credential " +
			"configuration", Stack.up},
	{regexp.MustCompile(`(?i)AADSTS700213|AADSTS70021|subject mismatch`), "subject mismatch: the other side trusts another ServiceAccount",
		Stack.up},
	{regexp.MustCompile(`(?i)AADSTS700211|issuer in ID Token|issuer mismatch|No OpenIDConnect provider found`),
		"issuer mismatch: the other side trusts another cluster", Stack.up},
	{regexp.MustCompile(`AADSTS700016|AADSTS500011`), "the managed identity or the app registration does not exist", Stack.up},
	{regexp.MustCompile(`attribute condition`), "the token does not meet the condition of Google's side", Stack.handOff},
	{regexp.MustCompile(`iam\.serviceAccounts\.getAccessToken`), "the subject may not act as Google's service account", Stack.handOff},
	{regexp.MustCompile(`(?i)authorization token is invalid|unauthenticated request`),
		"the registry does not know the pod's login", Stack.refresh},
	{regexp.MustCompile(`artifactregistry\.repositories\.downloadArtifacts`),
		"Google's service account may not read the repository, or the repository does not exist", Stack.handOff},
	{regexp.MustCompile(`invalid_target`), "Google's pool or provider does not exist, or is disabled", Stack.handOff},
	{regexp.MustCompile(`Not authorized to perform sts:AssumeRoleWithWebIdentity`),
		"the role does not trust the refresher's ServiceAccount", Stack.up},
	{regexp.MustCompile(`unable to assume the role`), "the execution role does not exist, or does not trust ECS", Stack.up},
	{regexp.MustCompile(`(?i)Unable to retrieve some image pull secrets|: secret missing:`), "the pull Secret is missing", Stack.refresh},
	{regexp.MustCompile(`: no credentials:|no basic auth credentials`), "the pod has no login for the registry", Stack.refresh},
	// containerd's words, where the registry's own do not come with them.
	{regexp.MustCompile(`unexpected status from (HEAD|GET) request to \S+ 401 Unauthorized`), "the registry does not know the pod's login",
		Stack.refresh},
	{regexp.MustCompile(`did not contain json key`), "a secret is no JSON with the key that ecs.secretRefs names",
		always("aws secretsmanager get-secret-value --secret-id ARN --query SecretString | jq -r 'fromjson|keys'; write one of them into " +
			"ecs.secretRefs")},
	{regexp.MustCompile(`retrieve secrets from ssm`), "a parameter that ecs.secretRefs names does not exist",
		always("aws ssm describe-parameters; write the ARN of one into ecs.secretRefs")},
	{regexp.MustCompile(`Secrets Manager can't find|unable to retrieve secret`), "a secret of the task does not exist in Secrets Manager",
		Stack.up},
	{regexp.MustCompile(`(?i)log group.* does not exist`), "the log group of the task does not exist", Stack.up},
	{regexp.MustCompile(`unable to pull secrets or registry auth`),
		"the execution role may not read a secret of the task, or its subnets do not reach Secrets Manager and ECR", Stack.up},
	{regexp.MustCompile(`failed to validate logger args`), "the execution role may not write the log of the task", Stack.up},
	{regexp.MustCompile(`(?i)failed container health checks`),
		"the container is not healthy: a store may be down, or the check's program is not in the image", Stack.logs},
	{regexp.MustCompile(`OOMKilled|OutOfMemory`), "the container needed more memory than its limit", Stack.memory},
	{regexp.MustCompile(`(?i)MANIFEST_UNKNOWN|NAME_UNKNOWN|manifest unknown|requested image not found|: image not found:|repository ` +
		`with name .* does not exist|failed to resolve (image|reference).*: not found`), "the registry has no such image",
		always("write a tag or digest that the vendor named into registry.image, then pulumi up")},
	{noAnswer, "the registry or service cannot be reached: private subnets need NAT or endpoints, clusters with restricted egress a mirror",
		always("let the nodes or subnets reach the registry: NAT, or endpoints for ecr.api, ecr.dkr, S3, logs and secretsmanager")},
	{regexp.MustCompile(`toomanyrequests|429 Too Many Requests`), "the registry limits the requests",
		always("wait, and look again with --wait 10m")},
	{regexp.MustCompile(`: no pull permission:`), "the role may not pull from the repository", Stack.up},
	{regexp.MustCompile(`unexpected status from (HEAD|GET) request to \S+ 403 Forbidden`),
		"the registry refuses the login: its token has expired, or its principal may not pull", Stack.refresh},
}

// unknownWords is what words mean that no table has.
const unknownWords = "see its own words"

// translate says what a service's words mean, and what mends it. Words that nobody knows mean themselves.
func (s Stack) translate(words string) (says, hint string) {
	for _, m := range meanings {
		if m.words.MatchString(words) {
			return m.says, m.mend(s)
		}
	}
	return unknownWords, s.logs()
}

// refresh is the command that runs the refresher now.
func (s Stack) refresh() string {
	c := s.Outputs.Cluster()
	if s.Config.Registry.PullSecret != "" {
		return s.pullSecretByHand()
	}
	if c == nil || c.RefreshCronJob == "" {
		return s.up()
	}
	return "kubectl create job refresh-now --from=cronjob/" + c.RefreshCronJob + " -n " + c.Namespace
}

// pullSecretByHand is the command that makes the pull Secret of a mirror, which is nobody's here.
func (s Stack) pullSecretByHand() string {
	name, namespace := s.Config.Registry.PullSecret, s.Config.Gateway.Namespace
	return fmt.Sprintf("kubectl delete secret %s -n %s --ignore-not-found && kubectl create secret docker-registry %[1]s -n %[2]s "+
		"--docker-server=%s --docker-username=USER --docker-password=PASSWORD",
		name, namespace, s.Config.Image().Host)
}

// logs is where the gateway's own words are.
func (s Stack) logs() string {
	if c := s.Outputs.Cluster(); c != nil && c.Deployment != "" {
		return "kubectl logs " + s.workload(c) + " -n " + c.Namespace + " --previous"
	}
	if s.Outputs.ECS != nil {
		return s.ecsLogs()
	}
	return s.up()
}

func (s Stack) ecsLogs() string {
	return "aws logs tail " + s.Outputs.ECS.LogGroup + " --since 1h --region " + s.Config.Aws.Region
}

func (s Stack) memory() string {
	if s.Outputs.ECS != nil && s.Outputs.Cluster() == nil {
		return "pulumi config set --stack " + s.Name + " --path 'bifrost:ecs.memory' MIB, then pulumi up"
	}
	return "pulumi config set --stack " + s.Name + " --path 'bifrost:gateway.memoryLimit' 4Gi, then pulumi up"
}
