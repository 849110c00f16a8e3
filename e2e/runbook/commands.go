// Package runbook knows the commands of docs/operations.md, as they stand there, and how each of them is tried.
//
// A new command of that page is a new constant here, with its row in Commands. One that is Run needs a step in the end-to-end tests
// (runbook_kubernetes_test.go, runbook_ecs_test.go), which runs it as it stands on the page and looks at what came of it: TestRunbook fails
// for each that no step ran.
package runbook

// Way is how a command of the page is tried.
type Way int

const (
	// Run is run by the end-to-end tests, with the real program.
	Run Way = iota
	// Companion is one of bifrostctl, whose flags and arguments are tried by bifrostctl/docs_test.go, and what it does by its own tests.
	Companion
	// Words are no command: a part of one, what a log says.
	Words
	// Untried is run by nobody here, for the reason that stands beside it.
	Untried
)

// The commands that are run.
const (
	Preview          = `pulumi preview`
	Up               = `pulumi up`
	UpRefresh        = `pulumi up --refresh`
	UpSkipPreview    = `pulumi up --skip-preview`
	UpForced         = `PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up`
	UpForcedRefresh  = `PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh`
	Destroy          = `pulumi destroy`
	DestroyBut       = `pulumi destroy --exclude-protected`
	StackRemove      = `pulumi stack rm STACK`
	DestroyGone      = `PULUMI_K8S_DELETE_UNREACHABLE=true pulumi destroy`
	StateDelete      = `pulumi state delete URN`
	SetAdminPassword = `pulumi config set --secret --path 'bifrost:secrets.adminPassword'`
	SetRestart       = `pulumi config set --path 'bifrost:ecs.restart' "$(date +%F)"`
	SetGrownTo       = `pulumi config set --path bifrost:gateway.storage.grownTo 20Gi`
	Restart          = `kubectl rollout restart deployment/bifrost -n bifrost`
	ScaleToZero      = `kubectl scale deployment/bifrost -n bifrost --replicas=0`
	RefresherPods    = `kubectl get pods -n bifrost --selector app=refresh-ecr-secret`
	GrowClaim        = `kubectl patch persistentvolumeclaim data-bifrost-0 -n bifrost --type merge ` +
		`-p '{"spec":{"resources":{"requests":{"storage":"20Gi"}}}}'`
	ListRevisions     = `aws ecs list-task-definitions --region REGION --family-prefix bifrost --sort DESC --query 'taskDefinitionArns[:5]'`
	GoBack            = `aws ecs update-service --region REGION --cluster CLUSTER --service bifrost --task-definition bifrost:41`
	AwaitStable       = `aws ecs wait services-stable --region REGION --cluster CLUSTER --services bifrost`
	DeployAnew        = `aws ecs update-service --region REGION --cluster CLUSTER --service bifrost --force-new-deployment`
	StopOnECS         = `aws ecs update-service --region REGION --cluster CLUSTER --service bifrost --desired-count 0`
	DeregisterOldOnes = `for arn in $(aws ecs list-task-definitions --region REGION --family-prefix bifrost --sort DESC ` +
		`--query 'taskDefinitionArns[10:]' --output text); do
  aws ecs deregister-task-definition --region REGION --task-definition "$arn" > /dev/null
done`
)

// Commands is how each command of the page is tried; those of bifrostctl, and words, are there for the same reason: that nothing is passed
// over.
var Commands = map[string]Way{
	Preview: Run, Up: Run, UpRefresh: Run, UpSkipPreview: Run, UpForced: Run,
	UpForcedRefresh: Run, Destroy: Run, DestroyGone: Run, StateDelete: Run,
	SetAdminPassword: Run, SetRestart: Run, SetGrownTo: Run, Restart: Run, ScaleToZero: Run, RefresherPods: Run, GrowClaim: Run,
	ListRevisions: Run, GoBack: Run, AwaitStable: Run, DeployAnew: Run, StopOnECS: Run, DestroyBut: Run, StackRemove: Run,
	DeregisterOldOnes: Run,

	"bifrostctl verify STACK":                                                     Companion,
	"bifrostctl verify STACK --wait 10m":                                          Companion,
	"bifrostctl verify STACK --database":                                          Companion,
	"bifrostctl images aws-dev":                                                   Companion,
	"bifrostctl images aws-dev --write":                                           Companion,
	"bifrostctl images aws-dev --kubectl registry.k8s.io/kubectl:v1.35.2 --write": Companion,

	"bifrostctl handoff STACK": Companion,

	"--inference MODEL":            Words,
	"verify STACK --database":      Words,
	"kubectl scale":                Words,
	"kubectl edit":                 Words,
	"Apply failed with 1 conflict": Words,
	"already exists":               Words,
	"batch insert failed":          Words,

	// What stays is looked at by bifrostctl/rehearsals, and is no longer the stack's.
	"aws logs delete-log-group --log-group-name /ecs/bifrost --region REGION": Untried,
	"kubectl delete persistentvolumeclaim data-bifrost-0 -n bifrost":          Untried,

	"pg_dump --format=custom": Untried, // PostgreSQL's own, with two servers; the page says that the move was not rehearsed
	"pg_restore":              Untried, // likewise
	"make gateway":            Untried, // a target of this repository, which CI runs
}
